import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPassword } from './password-text.ts'

describe('readPassword()', () => {
  test.each([
    ['é in two code points is é in one', 'cafe\u0301', 'caf\u00e9'],
    ['the wide space of a Japanese keyboard is a space', 'a\u3000b', 'a b'],
    ['the space that does not break is a space', 'a\u00a0b', 'a b'],
    ['what only looks alike stays apart', '\ufb01sh \u00b2', '\ufb01sh \u00b2'],
    ['capitals, NUL and emoji stay', 'A\0\u{1f469}\u200d\u{1f680}', 'A\0\u{1f469}\u200d\u{1f680}'],
  ])('%s', (_, plain, text) => {
    expect(readPassword(plain)).toEqual({ text, codePoints: [...text].length })
  })

  test('takes 256 code points of four bytes each, and not one more', () => {
    expect(readPassword('\u{1f680}'.repeat(256))).toMatchObject({ codePoints: 256 })
    expect(readPassword('\u{1f680}'.repeat(257))).toBe('too_long')
    expect(readPassword('a'.repeat(256))).toMatchObject({ codePoints: 256 })
    expect(readPassword('a'.repeat(257))).toBe('too_long')
    expect(readPassword('a'.repeat(10_000_000))).toBe('too_long')
  })

  test('refuses nothing at all, and half of a surrogate pair', () => {
    expect(readPassword('')).toBe('required')
    expect(readPassword('correct horse \ud83d')).toBe('text')
  })

  test('reads what it has read as the same, within 1 KiB', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (plain) => {
        const read = readPassword(plain)
        if (typeof read === 'string') return
        expect(readPassword(read.text)).toEqual(read)
        expect(Buffer.byteLength(read.text)).toBeLessThanOrEqual(1_024)
      }),
    )
  })
})
