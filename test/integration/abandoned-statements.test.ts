// Proves RES-04: a statement that nobody waits for is ended, and never another in its place.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { Lane, type LaneOptions } from '../../src/pg/lane.ts'
import { budgetMs } from '../../src/testing/index.ts'
import { openStorage, type Storage } from './storage-kit.ts'

let storage: Storage
beforeAll(async () => {
  storage = await openStorage(blog)
})
afterAll(() => storage.stop())

const GONE = { isGone: true }
const LISTENING = { isGone: false }

/** A lane that notes which processes it wants ended, and has the rest of `end` decide what becomes of that. */
function openLane(end: (process: number) => Promise<void>, options: Partial<LaneOptions> = {}) {
  const asked: number[] = []
  const lane = new Lane({
    url: storage.url,
    applicationName: 'abandoned-test',
    silenceMsMax: 10_000,
    endStatement: async (process) => {
      asked.push(process)
      await end(process)
    },
    ...options,
  })
  return { lane, asked }
}

const cancel = async (process: number): Promise<void> => {
  await storage.sql.query('SELECT pg_cancel_backend($1)', [process])
}
const sleep = (seconds: number, value: number) => ({ name: '', text: `SELECT ${value} FROM pg_sleep(${seconds})` })
const outcomeOf = (answer: Promise<readonly (readonly (string | null)[])[]>): Promise<string> =>
  answer.then(
    ([row]) => String(row?.[0]),
    (error: { readonly code?: string }) => String(error.code),
  )

test('is ended within half a second, and those behind it are answered', async () => {
  const { lane, asked } = openLane(cancel)
  await lane.connect()
  const beganAtMs = performance.now()
  const outcomes = await Promise.all([
    outcomeOf(lane.run(sleep(5, 1), [], GONE)),
    outcomeOf(lane.run(sleep(0, 2), [], LISTENING)),
    outcomeOf(lane.run(sleep(0, 3), [])),
  ])

  expect(outcomes).toEqual(['VALIDATION_REQUEST_TIMEOUT', '2', '3'])
  expect(asked).toHaveLength(1)
  expect(performance.now() - beganAtMs).toBeLessThan(budgetMs(2_000))
  await lane.close()
})

test('a whole line of them is ended one after the other', async () => {
  const { lane, asked } = openLane(cancel)
  const beganAtMs = performance.now()
  const outcomes = await Promise.all([
    ...Array.from({ length: 5 }, () => outcomeOf(lane.run(sleep(5, 1), [], GONE))),
    outcomeOf(lane.run(sleep(0, 2), [])),
  ])

  expect(outcomes).toEqual([...Array<string>(5).fill('VALIDATION_REQUEST_TIMEOUT'), '2'])
  expect(asked).toHaveLength(5)
  expect(performance.now() - beganAtMs).toBeLessThan(budgetMs(4_000))
  await lane.close()
})

test.each([
  ['somebody waits for', LISTENING],
  ['nobody said who waits for', undefined],
])('what %s goes on', async (_, caller) => {
  const { lane, asked } = openLane(cancel)

  expect(await outcomeOf(lane.run(sleep(0.6, 1), [], caller))).toBe('1')
  expect(asked).toEqual([])
  await lane.close()
})

test('what is over soon is let be, however many there are', async () => {
  const { lane, asked } = openLane(cancel)
  const outcomes = await Promise.all(Array.from({ length: 2_000 }, (_, at) => outcomeOf(lane.run(sleep(0, at), [], GONE))))

  // A machine that stands still for a tenth of a second may make it look long.
  const ended = outcomes.filter((outcome, at) => outcome !== String(at))
  expect(new Set(ended).size).toBeLessThanOrEqual(1)
  expect(ended.length).toBeLessThanOrEqual(asked.length)
  expect(asked.length).toBeLessThanOrEqual(20)
  await lane.close()
})

describe('a request to end it that comes late', () => {
  test('meets the next statement, which is sent again', async () => {
    // The first is over when the server hears of it.
    const { lane, asked } = openLane(async (process) => {
      await delay(400)
      await cancel(process)
    })
    await lane.connect()
    const outcomes = await Promise.all([
      outcomeOf(lane.run(sleep(0.4, 1), [], GONE)),
      outcomeOf(lane.run(sleep(0.6, 2), [], LISTENING)),
      outcomeOf(lane.run(sleep(0, 3), [])),
    ])

    expect(outcomes).toEqual(['1', '2', '3'])
    expect(asked).toHaveLength(1)
    await lane.close()
  })

  test('does not make a statement out of time run again', async () => {
    const { lane } = openLane(cancel, { statementTimeoutMs: 300 })
    const beganAtMs = performance.now()

    expect(await outcomeOf(lane.run(sleep(5, 1), [], LISTENING))).toBe('57014')
    expect(performance.now() - beganAtMs).toBeLessThan(budgetMs(900))
    await lane.close()
  })

  test('is not made again and again by a server that does not do it', async () => {
    const { lane, asked } = openLane(() => new Promise(() => undefined))

    expect(await outcomeOf(lane.run(sleep(1, 1), [], GONE))).toBe('1')
    expect(asked).toHaveLength(1)
    await lane.close()
  })
})

test('wanted statements among three hundred that are given up are all answered, each with its own', {
  timeout: 60_000,
}, async () => {
  const { lane, asked } = openLane(async (process) => {
    await delay(Math.random() * 60)
    await cancel(process)
  })
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, async (_, at) => {
      await delay(at * 10)
      const isWanted = at % 3 !== 0
      const seconds = isWanted ? 0.005 : at % 30 === 0 ? 1 : 0.005
      return [isWanted, await outcomeOf(lane.run(sleep(seconds, at), [], isWanted ? LISTENING : GONE)), String(at)] as const
    }),
  )

  for (const [isWanted, outcome, own] of outcomes) if (isWanted) expect(outcome).toBe(own)
  expect(asked.length).toBeGreaterThan(5)
  await lane.close()
})
