import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryRateLimitStore, RateLimiter, ratePolicy } from './index.ts'

const policy = ratePolicy('read', { perMinute: 60, burst: 10 })

describe('MemoryRateLimitStore', () => {
  test('counts keys and policies apart', () => {
    const store = new MemoryRateLimitStore()
    const other = ratePolicy('write', { perMinute: 60, burst: 10 })

    const left = [
      store.take('a', policy, 0, 1),
      store.take('a', policy, 0, 1),
      store.take('b', policy, 0, 1),
      store.take('a', other, 0, 1),
    ].map(({ remaining }) => remaining)

    expect(left).toEqual([9, 8, 9, 9])
  })

  test('keeps no more keys than it was told, and forgets those that are full again', () => {
    const store = new MemoryRateLimitStore({ keysMax: 1_000 })

    for (let at = 0; at < 10_000; at++) store.take(`flood ${at}`, policy, 0, 1)
    const flooded = store.size
    for (let at = 0; at < 1_000; at++) store.take(`later ${at}`, policy, 10_000 + at * 1_000, 1)

    expect(flooded).toBe(1_000)
    expect(store.size).toBeLessThan(10)
  })

  test('gives a flooder with many keys no fresh budget for the one that it used up', () => {
    const store = new MemoryRateLimitStore({ keysMax: 1_000 })
    store.take('account', policy, 0, 10)
    const seen: boolean[] = []

    for (let at = 0; at < 50_000; at++) {
      store.take(`flood ${at}`, policy, 0, 1)
      if (at % 1_000 === 0) seen.push(store.take('account', policy, 0, 1).isAllowed)
    }

    expect(seen).toEqual(seen.map(() => false))
    expect(seen).toHaveLength(50)
  })

  test('counts long keys that begin alike together', () => {
    const store = new MemoryRateLimitStore()

    store.take(`${'x'.repeat(300)}1`, policy, 0, 1)

    expect(store.take(`${'x'.repeat(300)}2`, policy, 0, 1).remaining).toBe(8)
  })

  test('does not keep alive the text that a key was cut from', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const store = new MemoryRateLimitStore()
    const before = process.memoryUsage().heapUsed

    for (let at = 0; at < 200; at++) store.take(`${at}${'b'.repeat(1_048_576)}`.toUpperCase().slice(0, 40), policy, 0, 1)
    collect()

    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 * 1_048_576)
  })

  test('refuses a table for no keys', () => {
    expect(() => new MemoryRateLimitStore({ keysMax: 0 })).toThrow(
      new TypeError('Cannot keep 0 keys: expected a whole number of at least 1'),
    )
  })

  test('with room for all, lets pass what one budget for each key would', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), afterMs: fc.integer({ min: 0, max: 3_000 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const shared = new MemoryRateLimitStore({ keysMax: 3 })
        const own = { a: new MemoryRateLimitStore(), b: new MemoryRateLimitStore(), c: new MemoryRateLimitStore() }
        let nowMs = 0
        for (const { key, afterMs } of steps) {
          nowMs += afterMs
          expect(shared.take(key, policy, nowMs, 1)).toEqual(own[key].take(key, policy, nowMs, 1))
        }
      }),
    )
  })
})

describe('RateLimiter', () => {
  test('takes one unit unless told otherwise, and refuses a cost that is none', () => {
    const limiter = new RateLimiter({ name: 'sign-in', perMinute: 60, burst: 10, store: new MemoryRateLimitStore() })

    expect(limiter.take('a', 0)).toMatchObject({ isAllowed: true, limit: 10, remaining: 9 })
    for (const cost of [-1, Number.NaN])
      expect(() => limiter.take('a', 0, cost)).toThrow(
        new TypeError(`Cannot take ${cost} from limit "sign-in": expected a number of at least 0`),
      )
  })
})
