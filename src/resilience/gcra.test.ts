import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideRate } from './gcra.ts'
import { ratePolicy } from './rate-policy.ts'

const policy = ratePolicy('test', { perMinute: 60, burst: 3 })

/** Takes one unit at each of the moments from one key. */
function takeAt(moments: readonly number[], of = policy, cost = 1) {
  let fullAtMs: number | undefined
  return moments.map((nowMs) => {
    const decision = decideRate(of, fullAtMs, nowMs, cost)
    fullAtMs = decision.fullAtMs
    return decision.outcome
  })
}

describe('decideRate()', () => {
  test('lets a burst pass, then one unit each time that one has come back', () => {
    const allowed = takeAt([0, 0, 0, 0, 999, 1_000, 1_000, 2_000]).map(({ isAllowed }) => isAllowed)

    expect(allowed).toEqual([true, true, true, false, false, true, false, true])
  })

  test('says what is left, when all is back, and when to come again', () => {
    expect(takeAt([0, 500, 500, 500])).toEqual([
      { isAllowed: true, limit: 3, remaining: 2, resetS: 1, retryAfterS: 0 },
      { isAllowed: true, limit: 3, remaining: 1, resetS: 1.5, retryAfterS: 0 },
      { isAllowed: true, limit: 3, remaining: 0, resetS: 2.5, retryAfterS: 0 },
      { isAllowed: false, limit: 3, remaining: 0, resetS: 2.5, retryAfterS: 0.5 },
    ])
  })

  test('takes nothing for a refusal', () => {
    const impatient = takeAt([0, 0, 0, ...Array.from({ length: 1_000 }, (_, at) => at / 2), 1_000])

    expect(impatient.at(-1)?.isAllowed).toBe(true)
  })

  test('takes the whole burst for what costs more, and nothing for a question', () => {
    expect(takeAt([0], policy, 99)[0]).toMatchObject({ isAllowed: true, remaining: 0 })
    expect(takeAt([0, 0], policy, 0)[1]).toMatchObject({ isAllowed: true, remaining: 3, resetS: 0 })
  })

  test('locks nobody out when the clock jumps back: the wait is one unit', () => {
    const fullAtMs = decideRate(policy, undefined, 1e12, 3).fullAtMs

    const { outcome } = decideRate(policy, fullAtMs, 5, 1)

    expect(outcome).toMatchObject({ isAllowed: false, retryAfterS: 1 })
    expect(decideRate(policy, fullAtMs, 1e13, 1).outcome.isAllowed).toBe(true)
  })

  const limits = fc.record({
    perMinute: fc.double({ min: 0.01, max: 1e6, noNaN: true }),
    burst: fc.integer({ min: 1, max: 2_000 }),
  })
  const steps = fc.array(
    fc.record({ afterUnits: fc.double({ min: 0, max: 3, noNaN: true }), cost: fc.integer({ min: 0, max: 5 }) }),
    { minLength: 1, maxLength: 200 },
  )

  test('lets no more than burst + rate × time pass, in any span', () => {
    fc.assert(
      fc.property(limits, steps, fc.double({ min: 0, max: 1e9, noNaN: true }), (limit, walk, startMs) => {
        const of = ratePolicy('any', limit)
        const passed: { readonly atMs: number; readonly cost: number }[] = []
        let nowMs = startMs
        let fullAtMs: number | undefined
        for (const { afterUnits, cost } of walk) {
          nowMs += afterUnits * of.unitMs
          const decision = decideRate(of, fullAtMs, nowMs, cost)
          fullAtMs = decision.fullAtMs
          if (decision.outcome.isAllowed) passed.push({ atMs: nowMs, cost: Math.min(cost, of.burst) })
        }
        for (let from = 0; from < passed.length; from++) {
          let sum = 0
          for (const { atMs, cost } of passed.slice(from)) {
            sum += cost
            const units = (atMs - (passed[from]?.atMs ?? 0)) / of.unitMs
            expect(sum).toBeLessThanOrEqual(of.burst + units + 0.001)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('keeps its word: `remaining` units pass now and no more, and a refused request passes after `retryAfterS`', () => {
    fc.assert(
      fc.property(limits, steps, (limit, walk) => {
        const of = ratePolicy('any', limit)
        let nowMs = 0
        let fullAtMs: number | undefined
        for (const { afterUnits, cost } of walk) {
          nowMs += afterUnits * of.unitMs
          const { outcome, fullAtMs: next } = decideRate(of, fullAtMs, nowMs, cost)
          fullAtMs = next
          const later = (afterMs: number, units: number) => decideRate(of, fullAtMs, nowMs + afterMs, units).outcome

          expect(outcome.remaining).toBeGreaterThanOrEqual(0)
          expect(outcome.remaining).toBeLessThanOrEqual(outcome.limit)
          expect(later(0, outcome.remaining).isAllowed).toBe(true)
          if (outcome.remaining < of.burst) expect(later(0, outcome.remaining + 1).isAllowed).toBe(false)
          expect(later(outcome.resetS * 1_000, of.burst).isAllowed).toBe(true)
          if (!outcome.isAllowed) expect(later(outcome.retryAfterS * 1_000, cost).isAllowed).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('ratePolicy()', () => {
  test.each([
    [{ perMinute: 0, burst: 1 }, 'Cannot make limit "x": 0 a minute, expected a number above 0'],
    [{ perMinute: Number.NaN, burst: 1 }, 'Cannot make limit "x": NaN a minute, expected a number above 0'],
    [{ perMinute: Number.POSITIVE_INFINITY, burst: 1 }, 'Cannot make limit "x": Infinity a minute, expected a number above 0'],
    [{ perMinute: 1, burst: 0.5 }, 'Cannot make limit "x": 0.5 at once, expected a whole number of at least 1'],
  ])('refuses %j', (limit, sentence) => {
    expect(() => ratePolicy('x', limit)).toThrow(new TypeError(sentence))
  })
})
