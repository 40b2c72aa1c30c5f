import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Stops } from './stops.ts'

const never = (): Promise<void> => new Promise(() => undefined)

function recorder() {
  const order: string[] = []
  const warnings: unknown[] = []
  const stops = new Stops()
  const note = (name: string): void => stops.add(name, () => void order.push(name))
  return { stops, order, note, warnings, logger: { warn: (_: string, fields?: object) => void warnings.push(fields) } }
}

test('stops in the opposite order, once, whoever asks', async () => {
  const { stops, order, note, logger } = recorder()
  for (const name of ['first', 'second', 'third']) note(name)

  const both = await Promise.all([stops.run(1_000, logger), stops.run(1_000, logger)])

  expect(order).toEqual(['third', 'second', 'first'])
  expect(both).toEqual([[], []])
})

test('goes on behind a part that fails, and behind one that does not end, and names them', async () => {
  const { stops, order, note, logger, warnings } = recorder()
  note('the log')
  stops.add('the database', never)
  stops.add('the mail', async () => {
    throw new Error('gone')
  })
  note('the door')

  const beganAtMs = performance.now()
  const left = await stops.run(100, logger)

  expect(order).toEqual(['the door', 'the log'])
  expect(left).toEqual(['the mail', 'the database'])
  expect(warnings).toMatchObject([{ part: 'the mail', error: { message: 'gone' } }, { part: 'the database' }])
  expect(performance.now() - beganAtMs).toBeLessThan(5_000)
})

test('gives a part what is left of the grace, and one that ends by itself as long as it takes', async () => {
  const { stops, order } = recorder()
  stops.add(
    'slow',
    async () => {
      await sleep(1_500)
      order.push('slow')
    },
    { endsByItself: true },
  )
  stops.add('letters', async () => {
    await sleep(1_200)
    order.push('letters')
  })

  expect(await stops.run(2_000)).toEqual([])
  expect(order).toEqual(['letters', 'slow'])
})
