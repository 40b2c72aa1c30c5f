// Proves SEC-08.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasEscapedKey, parseJson, readWellFormedJson } from './json.ts'

describe('parseJson()', () => {
  test.each([
    ['{"first":1,"\\\\":1}', '{"first":1,"\\n":2}', { first: 1, '\n': 2 }],
    ['{"second":1,"a\\\\":1}', '{"second":1,"a\\n":2}', { second: 1, 'a\n': 2 }],
    ['{"third":1,"\\\\u0":1}', '{"third":1,"\\u0041BC":2}', { third: 1, ABC: 2 }],
    ['{"fourth":1,"\\\\":1}', '{"fourth" : 1 , "\\ufb00" : {"ﬀ":[]}}', { fourth: 1, ﬀ: { ﬀ: [] } }],
  ])('having read %s reads %s as it is', (before, text, expected) => {
    for (let round = 0; round < 3; round++) parseJson(before)

    expect(parseJson(text)).toEqual(expected)
  })

  test('gives back every value that JSON can write, whatever was read before', () => {
    const key = fc.oneof(
      fc.constantFrom('\\', '\n', '"', 'a', 'a\\', '\\n', '__proto__', ''),
      fc.string({ unit: 'binary', maxLength: 3 }),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, false, '\\', 'ﬀ'),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 5 }),
      ),
    }))

    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (some, space) => {
        const text = JSON.stringify(some, undefined, space)
        expect(JSON.stringify(parseJson(text), undefined, space)).toBe(text)
        expect(JSON.stringify(readWellFormedJson(text), undefined, space)).toBe(text)
      }),
      { numRuns: 5_000 },
    )
  })

  test.each(['', '{"\\n":}', '{"\\n":1', '["\\q"]', '{"a\\":1}'])('refuses %j as JSON.parse does', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })
})

test.each([
  ['{"a":"\\n"}', false],
  ['{"a\\n":1}', true],
  ['{"a":"\\"b\\": "}', false],
  ['["\\\\"]', false],
  ['{"x":{"\\u0041" \n:1}}', true],
])('hasEscapedKey() says of %s: %s', (text, expected) => {
  expect(hasEscapedKey(text)).toBe(expected)
})
