import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeTypeId, encodeTypeId, encodeTypeIdSuffix } from './typeid.ts'

const uuids = fc.uuid()

describe('TypeID', () => {
  // From valid.json of the published specification.
  test.each([
    ['00000000000000000000000000', '00000000-0000-0000-0000-000000000000'],
    ['00000000000000000000000001', '00000000-0000-0000-0000-000000000001'],
    ['0000000000000000000000000a', '00000000-0000-0000-0000-00000000000a'],
    ['0000000000000000000000000g', '00000000-0000-0000-0000-000000000010'],
    ['00000000000000000000000010', '00000000-0000-0000-0000-000000000020'],
    ['7zzzzzzzzzzzzzzzzzzzzzzzzz', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
    ['0123456789abcdefghjkmnpqrs', '0110c853-1d09-52d8-d73e-1194e95b5f19'],
    ['01h455vb4pex5vsknk084sn02q', '01890a5d-ac96-774b-bcce-b302099a8057'],
  ])('%s is the suffix of %s, both ways', (suffix, uuid) => {
    expect(encodeTypeIdSuffix(uuid)).toBe(suffix)
    expect(decodeTypeId('prefix', `prefix_${suffix}`)).toBe(uuid)
  })

  // From invalid.json of the published specification, and what else a caller may try.
  test.each([
    ['another prefix', 'order_00000000000000000000000000'],
    ['an upper-case prefix', 'PREFIX_00000000000000000000000000'],
    ['no prefix', '00000000000000000000000000'],
    ['an empty prefix', '_00000000000000000000000000'],
    ['no underscore', 'prefix-00000000000000000000000000'],
    ['two underscores', 'prefix__00000000000000000000000000'],
    ['a prefix that only begins like it', 'prefixes_00000000000000000000000000'],
    ['an empty text', ''],
    ['only the prefix', 'prefix'],
    ['an empty suffix', 'prefix_'],
    ['a suffix that is too short', 'prefix_1234567890123456789012345'],
    ['a suffix that is too long', 'prefix_123456789012345678901234567'],
    ['spaces in the suffix', 'prefix_1234567890123456789012345 '],
    ['an upper-case suffix', 'prefix_0123456789ABCDEFGHJKMNPQRS'],
    ['hyphens in the suffix', 'prefix_123456789-123456789-123456'],
    ['the letters that the alphabet leaves out', 'prefix_ooooooiiiiiiuuuuuuulllllll'],
    ['the letters that Crockford reads as digits', 'prefix_i23456789ol23456789oi23456'],
    ['Crockford hyphens', 'prefix_123456789-0123456789-0123456'],
    ['more than 128 bits', 'prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz'],
    ['a first character beyond the digits', 'prefix_z0000000000000000000000000'],
    ['a NUL', `prefix_0000000000000000000000000\0`],
    ['letters beyond ASCII', 'prefix_0000000000000000000000000ａ'],
    ['a lone surrogate', 'prefix_0000000000000000000000000\ud800'],
  ])('decodeTypeId() refuses %s', (_, text) => {
    expect(decodeTypeId('prefix', text)).toBeUndefined()
  })

  test.each([...'ilou', ...'ILOUABZ', ...'-_/:@`{\u0000\u007f\u0080\uffff'])(
    'decodeTypeId() refuses %j at each place',
    (character) => {
      for (let at = 0; at < 26; at++) {
        const suffix = `${'0'.repeat(at)}${character}${'0'.repeat(25 - at)}`
        expect(decodeTypeId('usr', `usr_${suffix}`)).toBeUndefined()
      }
    },
  )

  test('decodeTypeId() gives back every UUID that encodeTypeId() printed', () => {
    fc.assert(
      fc.property(uuids, (uuid) => {
        expect(decodeTypeId('usr', encodeTypeId('usr', uuid))).toBe(uuid)
      }),
      { numRuns: 2_000 },
    )
  })

  test('sorts as the UUID does', () => {
    fc.assert(
      fc.property(uuids, uuids, (left, right) => {
        expect(encodeTypeId('usr', left) < encodeTypeId('usr', right)).toBe(left < right)
      }),
    )
  })

  test('decodeTypeId() never throws, and what it accepts is printed the same again', () => {
    const almost = fc.string({ unit: fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyz'), minLength: 26, maxLength: 26 })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 30 }),
          almost,
          almost.map((suffix) => `0${suffix.slice(1)}`),
        ),
        (suffix) => {
          const uuid = decodeTypeId('usr', `usr_${suffix}`)
          if (uuid !== undefined) expect(encodeTypeId('usr', uuid)).toBe(`usr_${suffix}`)
        },
      ),
      { numRuns: 500 },
    )
  })
})
