import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { LOOP_BEAT_MS, LOOP_DEBT_MS, LOOP_LATE_MS, LOOP_REQUESTS_MIN } from './limits.ts'
import { decideOverload, LoopClock } from './load.ts'

const CROWD = LOOP_REQUESTS_MIN + 1
const QUIET = { inFlight: 1, inFlightMax: 1_000, lateMs: 0, debtMs: 0 }

function block(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

describe('decideOverload()', () => {
  test.each([
    ['a quiet process lets pass', QUIET, false],
    ['the last request that may be under way passes', { ...QUIET, inFlight: 1_000 }, false],
    ['one more is refused, however punctual the loop', { ...QUIET, inFlight: 1_001 }, true],
    ['a crowd in a loop that was late for long is refused', { ...QUIET, inFlight: CROWD, lateMs: 31, debtMs: 301 }, true],
    ['a turn of that loop lets pass what comes early', { ...QUIET, inFlight: CROWD, lateMs: 30, debtMs: 301 }, false],
    ['one long turn refuses nobody', { ...QUIET, inFlight: CROWD, lateMs: 2_000, debtMs: 0 }, false],
    ['a burst of 300 ms refuses nobody', { ...QUIET, inFlight: CROWD, lateMs: 31, debtMs: 300 }, false],
    ['without a crowd nobody is refused', { ...QUIET, inFlight: CROWD - 1, lateMs: 2_000, debtMs: 600 }, false],
  ])('%s', (_, load, isRefused) => {
    expect(decideOverload(load)).toBe(isRefused)
  })
})

describe('LoopClock', () => {
  test('knows within a turn how long that turn has lasted past the next beat', () => {
    const clock = new LoopClock()
    const nowMs = performance.now()

    const atFirst = clock.readLateMs(nowMs)
    const later = clock.readLateMs(nowMs + LOOP_BEAT_MS + 70)

    expect(atFirst).toBe(0)
    expect(later).toBeCloseTo(70)
  })

  test('weighs what was late against what was punctual, and forgets', async () => {
    const clock = new LoopClock()
    const endMs = performance.now() + LOOP_DEBT_MS + 200
    while (performance.now() < endMs) {
      clock.readLateMs(performance.now())
      block(LOOP_BEAT_MS + 2 * LOOP_LATE_MS)
      await nextTurn()
    }
    const { debtMs, delayMs } = clock

    await vi.waitFor(() => expect(clock.debtMs).toBe(0), { timeout: 5_000 })

    expect(delayMs).toBeGreaterThan(LOOP_LATE_MS)
    expect(debtMs).toBeGreaterThan(LOOP_DEBT_MS)
  })

  test('begins anew after a rest: an idle hour is no delay', async () => {
    const clock = new LoopClock()
    clock.readLateMs(performance.now())
    await delay(20 * LOOP_BEAT_MS)

    expect(clock.readLateMs(performance.now())).toBe(0)
  })
})
