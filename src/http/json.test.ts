// Proves SEC-08.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJson, readJsonBody } from './json.ts'

function refusalOf(text: string | Buffer): { code: string; fields: string[] } {
  try {
    readJsonBody(Buffer.from(text as string))
  } catch (error) {
    const { code, details } = error as { code: string; details: { field: string }[] }
    return { code, fields: details.map(({ field }) => field) }
  }
  return { code: 'accepted', fields: [] }
}

describe('readJsonBody()', () => {
  test.each([
    ['{}'],
    ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}'],
    [' \t\r\n{ "a" : "b" } '],
    ['{"a":":","b":"{\\"a\\":1}","c":"\\\\"}'],
    ['{"a":"\\u00e4\\ud83d\\ude00","b":"𝒳 e\u0301 \u202e"}'],
    ['{"a":1e3,"b":1E-3,"c":9007199254740991,"d":0.1234567890123456}'],
    ['{"a":9007199254740992,"b":1e300}'],
    ['{"truee":true,"nulle":null}'],
    ['{"":"empty key"}'],
  ])('reads %s as JSON.parse does', (text) => {
    expect(readJsonBody(Buffer.from(text))).toEqual(JSON.parse(text))
  })

  test.each([
    [''],
    ['[]'],
    ['null'],
    ['1'],
    ['"a"'],
    ['{'],
    ['{"a":1,}'],
    ['{"a":01}'],
    ["{'a':1}"],
    ['{a:1}'],
    ['{"a":NaN}'],
    ['{"a":1}{"a":1}'],
    ['\ufeff{}'],
    ['{"a":"\u0000"}'],
    ['{"a":1/*c*/}'],
    ['{"a":1,"a":1}'],
    ['{"a":{"b":1,"\\u0062":2}}'],
    ['{"a":[{"b":1,"b":2}],"c":1}'],
    [`{"a":${'['.repeat(32)}${']'.repeat(32)}}`],
    [`{"a":${'['.repeat(100_000)}`],
    [`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
  ])('refuses %j as malformed', (text) => {
    expect(refusalOf(text).code).toBe('VALIDATION_BODY_MALFORMED')
  })

  test.each([
    ['overlong slash', [0xc0, 0xaf]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['lone continuation', [0x80]],
    ['past U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['cut off', [0xe2, 0x82]],
  ])('refuses bytes that are not UTF-8: %s', (_, bytes) => {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])

    expect(() => readJsonBody(body)).toThrow('not UTF-8')
  })

  test.each([
    ['{"a":"x\\u0000y"}', ['a']],
    ['{"a":{"b":["ok","\\ud800"]}}', ['a.b.1']],
    ['{"a":"\\udc00\\ud800"}', ['a']],
    ['{"a":1e400}', ['a']],
    ['{"a":[-1e999]}', ['a.0']],
    ['{"a":9007199254740993}', ['a']],
    ['{"a":{"b":[1,-9007199254740993]},"c":123456789012345678901}', ['a.b.1', 'c']],
    ['{"__proto__":{"polluted":1}}', ['__proto__']],
    ['{"a":{"constructor":{"prototype":1}}}', ['a.constructor']],
    ['{"\\u005f_proto__":1}', ['__proto__']],
  ])('refuses %s and names the field', (text, fields) => {
    expect(refusalOf(text)).toEqual({ code: 'VALIDATION_FAILED', fields })
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('reads a negative nought as nought', () => {
    expect(Object.is(readJsonBody(Buffer.from('{"a":-0}'))['a'], 0)).toBe(true)
  })

  test('names the key that comes twice', () => {
    expect(() => readJsonBody(Buffer.from('{"a":{"x":":"},"title":"1","title":"2"}'))).toThrow('the key "title" comes twice')
  })
})

describe('readJson()', () => {
  test('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value)
        fc.pre(!/__proto__|constructor|prototype|\\u0000|\\ud[89a-f]|\\u0000|e\+3\d\d/i.test(text))
        expect(readJson(text)).toEqual(JSON.parse(text))
      }),
      { numRuns: 500 },
    )
  })

  test('reads keys with escapes as they are, whatever was read before', () => {
    for (let round = 0; round < 3; round++) readJson('{"note":1,"\\\\":2}')

    expect(readJson('{"note":1,"\\n":2}')).toEqual({ note: 1, '\n': 2 })
    expect(readJson('{"note":1,"\\n":2,"\\t":3,"ﬀ":[-0]}')).toEqual({ note: 1, '\n': 2, '\t': 3, ﬀ: [0] })
    expect(() => readJson('{"\\n":1,"\\u000a":2}')).toThrow('comes twice')
    expect(() => readJson('{"a\\n":{"b":[9007199254740993]}}')).toThrow('past 2^53')
  })

  test('refuses every object in which a key was repeated', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { minKeys: 1 }), (value) => {
        const text = JSON.stringify(value)
        const key = JSON.stringify(Object.keys(value)[0])
        expect(() => readJson(`${text.slice(0, -1)},${key}:1}`)).toThrow()
      }),
      { numRuns: 300 },
    )
  })
})
