import { describe, expect, test } from 'vitest'
import { WorkQueue } from './work-queue.ts'

/** Work that ends when it is told to. */
function piece(name: string, log: string[]) {
  const { promise, resolve } = Promise.withResolvers<string>()
  const work = () => {
    log.push(name)
    return promise
  }
  return { work, end: () => resolve(name) }
}

const clockAt = (times: readonly number[]) => {
  let at = 0
  return { monotonicMs: () => times[Math.min(at++, times.length - 1)] ?? 0 }
}
const STILL = { monotonicMs: () => 0 }
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('run()', () => {
  test('begins so many at once as it may, the others in the order in which they came', async () => {
    const log: string[] = []
    const queue = new WorkQueue({ concurrency: 2, queueMax: 10, clock: STILL })
    const pieces = ['a', 'b', 'c', 'd'].map((name) => piece(name, log))

    const results = pieces.map(({ work }) => queue.run(work))
    await turn()
    expect(log).toEqual(['a', 'b'])
    expect(queue.depth).toBe(2)

    pieces[1]?.end()
    await turn()
    expect(log).toEqual(['a', 'b', 'c'])

    for (const { end } of pieces) end()
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('goes on after work that failed', async () => {
    const queue = new WorkQueue({ concurrency: 1, queueMax: 1, clock: STILL })

    const failed = queue.run(() => Promise.reject(new Error('no memory')))
    const next = queue.run(async () => 'next')

    await expect(failed).rejects.toThrow('no memory')
    expect(await next).toBe('next')
    expect(await queue.run(async () => 'later')).toBe('later')
  })

  test('refuses what finds the queue full, and says when there should be room', async () => {
    const log: string[] = []
    // The first piece takes 20,000 ms, so the mean becomes 20 + 0.1 × 19,980 = 2,018 ms.
    const queue = new WorkQueue({ concurrency: 1, queueMax: 3, clock: clockAt([0, 20_000]) })
    await queue.run(async () => 'first')
    const pieces = ['a', 'b', 'c', 'd'].map((name) => piece(name, log))

    const results = pieces.map(({ work }) => queue.run(work))
    await expect(queue.run(async () => 'too many')).rejects.toMatchObject({ code: 'RATE_LIMIT_OVERLOADED', retryAfterS: 7 })

    for (const { end } of pieces) end()
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('an abort takes waiting work out, and its place in the queue is free', async () => {
    const log: string[] = []
    const queue = new WorkQueue({ concurrency: 1, queueMax: 2, clock: STILL })
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => piece(name, log))
    if (!a || !b || !c || !d) throw new Error('Cannot happen: four were made')
    const abort = new AbortController()

    const first = queue.run(a.work)
    const second = queue.run(b.work, abort.signal)
    const third = queue.run(c.work)
    abort.abort(new Error('the client went away'))
    await expect(second).rejects.toThrow('the client went away')
    const fourth = queue.run(d.work)
    for (const { end } of [a, c, d]) end()

    expect(await Promise.all([first, third, fourth])).toEqual(['a', 'c', 'd'])
    expect(log).toEqual(['a', 'c', 'd'])
  })

  test('an abort before the call begins nothing; an abort after the start changes nothing', async () => {
    const log: string[] = []
    const queue = new WorkQueue({ concurrency: 1, queueMax: 2, clock: STILL })
    const running = piece('running', log)
    const abort = new AbortController()

    const result = queue.run(running.work, abort.signal)
    abort.abort()
    await expect(queue.run(async () => log.push('never'), abort.signal)).rejects.toThrow('aborted')
    running.end()

    expect(await result).toBe('running')
    expect(log).toEqual(['running'])
  })
})
