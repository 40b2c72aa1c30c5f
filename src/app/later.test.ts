/** Work after answers: what anybody can start is bounded, what follows a change is not. */
import { expect, test } from 'vitest'
import { createLater } from './later.ts'

test('run() refuses when 200 pieces of work are under way, follow() never does, and drain() waits for both', async () => {
  const later = createLater({ error: () => undefined })
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const done: string[] = []
  for (let at = 0; at < 200; at++) later.run(() => gate)

  expect(() => later.run(async () => void done.push('refused'))).toThrow(
    expect.objectContaining({ code: 'RATE_LIMIT_OVERLOADED' }),
  )
  later.follow(async () => {
    await gate
    done.push('followed')
  })
  open()
  await later.drain()

  expect(done).toEqual(['followed'])
})
