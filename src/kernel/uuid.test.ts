import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Clock, Randomness } from './clock.ts'
import { isUuid, uuidGenerator } from './uuid.ts'

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

function clockOf(...times: readonly number[]): Clock {
  let at = 0
  return { now: () => times[Math.min(at++, times.length - 1)] ?? 0, monotonicMs: () => 0 }
}

function bytesOf(byte: number): Randomness {
  return { fill: (target) => void target.fill(byte) }
}

const noise: Randomness = { fill: (target) => void crypto.getRandomValues(target) }

function take(count: number, generate: () => string): string[] {
  return Array.from({ length: count }, () => generate())
}

function millisecondsOf(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)
}

describe('uuidGenerator()', () => {
  test('prints the time, version 7, the counter, variant 10 and random bits', () => {
    // 0x017F22E279B0 is the time of the example in RFC 9562, appendix A.6.
    const ones = uuidGenerator(clockOf(0x017f22e279b0), bytesOf(0xff))
    const noughts = uuidGenerator(clockOf(0x017f22e279b0), bytesOf(0x00))

    expect(ones()).toBe('017f22e2-79b0-77f8-bfff-ffffffffffff')
    expect(noughts()).toBe('017f22e2-79b0-7000-8000-000000000000')
  })

  test('pads early times and carries late ones', () => {
    expect(uuidGenerator(clockOf(1), bytesOf(0))()).toBe('00000000-0001-7000-8000-000000000000')
    expect(uuidGenerator(clockOf(2 ** 48 - 1), bytesOf(0))()).toBe('ffffffff-ffff-7000-8000-000000000000')
  })

  test('cuts the fraction of a clock finer than milliseconds', () => {
    expect(uuidGenerator(clockOf(1.75), bytesOf(0))()).toBe('00000000-0001-7000-8000-000000000000')
  })

  test('counts up within one millisecond', () => {
    const ids = take(3, uuidGenerator(clockOf(5), bytesOf(0)))

    expect(ids.map((id) => id.slice(0, 18))).toEqual(['00000000-0005-7000', '00000000-0005-7001', '00000000-0005-7002'])
  })

  test('grows through a burst that overflows the counter, and borrows from the future', () => {
    const ids = take(20_000, uuidGenerator(clockOf(1_000), noise))

    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(20_000)
    expect(ids.every((id) => FORM.test(id))).toBe(true)
    // 4096 values of the counter, of which the first millisecond uses at least half.
    expect(millisecondsOf(ids.at(-1) ?? '')).toBeLessThanOrEqual(1_000 + 5)
  })

  test('grows when the clock steps back, and follows it again once it is past', () => {
    const ids = take(4, uuidGenerator(clockOf(9_000, 1_000, 0, 9_001), noise))

    expect(ids).toEqual(ids.toSorted())
    expect(ids.map(millisecondsOf)).toEqual([9_000, 9_000, 9_000, 9_001])
  })

  test('grows with any clock', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -10, max: 2 ** 41 }), { minLength: 2, maxLength: 200 }), (times) => {
        const ids = take(times.length, uuidGenerator(clockOf(...times), noise))

        expect(ids).toEqual(ids.toSorted())
        expect(new Set(ids).size).toBe(ids.length)
        expect(ids.every((id) => FORM.test(id) && isUuid(id))).toBe(true)
      }),
    )
  })

  test('uses no random byte twice', () => {
    let next = 0
    const counting: Randomness = {
      fill: (target) => {
        for (const at of target.keys()) target[at] = next++ % 251
      },
    }

    const ids = take(200, uuidGenerator(clockOf(5), counting))

    expect(new Set(ids.map((id) => id.slice(19))).size).toBe(200)
  })
})

describe('isUuid()', () => {
  test.each(['01890a5d-ac96-774b-bcce-b302099a8057', '00000000-0000-0000-0000-000000000000'])('accepts %s', (text) => {
    expect(isUuid(text)).toBe(true)
  })

  test.each([
    '',
    '01890A5D-AC96-774B-BCCE-B302099A8057',
    '01890a5dac96774bbcceb302099a8057',
    '{01890a5d-ac96-774b-bcce-b302099a8057}',
    '01890a5d-ac96-774b-bcce-b302099a8057\n',
    ' 01890a5d-ac96-774b-bcce-b302099a8057',
    '01890a5d-ac96-774b-bcce-b302099a805g',
    '01890a5d-ac96-774b-bcce-b302099a80571',
  ])('refuses %j', (text) => {
    expect(isUuid(text)).toBe(false)
  })
})
