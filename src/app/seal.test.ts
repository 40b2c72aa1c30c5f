import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSeal } from './seal.ts'

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

describe('createSeal()', () => {
  // RFC 4231, the cases whose data is text: a key of 20 bytes, a short one, and two that are longer than a block.
  test.each([
    ['0b'.repeat(20), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    ['4a656665', 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
    [
      'aa'.repeat(131),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    [
      'aa'.repeat(131),
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
  ])('gives the first 96 bits of HMAC-SHA-256 for the key %s', (key, text, mac) => {
    expect(Buffer.from(createSeal(bytes(key))(text), 'base64url').toString('hex')).toBe(mac.slice(0, 24))
  })

  test('gives what createHmac() gives, for keys and texts of every size', () => {
    const keys = fc.uint8Array({ minLength: 1, maxLength: 200 })
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.integer({ min: 5_000, max: 6_000 }).map((length) => 'é'.repeat(length)),
      fc.integer({ min: 16_000, max: 17_000 }).map((length) => 'a'.repeat(length)),
    )

    fc.assert(
      fc.property(keys, fc.array(texts, { minLength: 1, maxLength: 4 }), (key, some) => {
        const seal = createSeal(key)
        const macs = some.map((text) => createHmac('sha256', key).update(text).digest('base64url').slice(0, 16))
        expect(some.map((text) => seal(text))).toEqual(macs)
      }),
      { numRuns: 500 },
    )
  })
})
