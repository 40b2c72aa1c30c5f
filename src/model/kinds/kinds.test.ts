/** The laws of Kind, for each kind alike; what is special to one kind stands in the test beside it. */
// Proves INP-01.
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeTypeId } from '../../kernel/index.ts'
import { type AnyKind, type Json, Misfit } from '../kind.ts'
import { booleanKind } from './boolean.ts'
import { choiceKind } from './choice.ts'
import { dateKind } from './date.ts'
import { decimalKind } from './decimal.ts'
import { emailKind } from './email.ts'
import { idKind } from './id.ts'
import { integerKind } from './integer.ts'
import { jsonKind } from './json.ts'
import { listKind } from './list.ts'
import { secretKind } from './secret.ts'
import { textKind } from './text.ts'
import { timestampKind } from './timestamp.ts'
import { urlKind } from './url.ts'

const ajv = new Ajv2020({ strict: true, allErrors: false, formats: { decimal: true } })
addFormats.default(ajv)

/** Time of this thread alone: the machine may be busy with other tests. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

const MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const MS_MIN = new Date('0001-01-01T00:00:00.000Z').getTime()

const texts = fc.string({
  unit: fc.oneof(
    fc.constantFrom('a', 'B', ' ', '\n', '\\', "'", '"', '%'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 20,
})
const days = fc
  .date({ min: new Date(MS_MIN), max: new Date(MS_MAX), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const words = fc.stringMatching(/^[a-z0-9]{1,10}$/)
const digits = (count: number) => fc.stringMatching(new RegExp(`^(0|[1-9][0-9]{0,${count - 1}})$`))

/** For each kind: itself, inputs that mostly fit, and whether what fits is told by the schema alone. */
const KINDS: Readonly<
  Record<string, { readonly kind: AnyKind; readonly inputs: fc.Arbitrary<Json>; readonly isExact: boolean }>
> = {
  boolean: { kind: booleanKind(), inputs: fc.boolean(), isExact: true },
  choice: {
    kind: choiceKind(['draft', 'in-review', 'OUT']),
    inputs: fc.constantFrom('draft', 'in-review', 'OUT'),
    isExact: true,
  },
  date: { kind: dateKind(), inputs: days, isExact: false },
  decimal: {
    kind: decimalKind({ digits: 12, scale: 2 }),
    inputs: fc
      .tuple(fc.constantFrom('', '-'), digits(10), fc.constantFrom('', '.0', '.5', '.05', '.99'))
      .map((parts) => parts.join('')),
    isExact: true,
  },
  'decimal below one': {
    kind: decimalKind({ digits: 4, scale: 4 }),
    inputs: fc.stringMatching(/^-?0(\.[0-9]{1,4})?$/),
    isExact: true,
  },
  'decimal of whole numbers': { kind: decimalKind({ digits: 38, scale: 0 }), inputs: digits(38), isExact: true },
  email: {
    kind: emailKind(),
    inputs: fc.oneof(
      fc.emailAddress(),
      fc.tuple(words, words).map(([name, host]) => `${name.toUpperCase()}@${host}.example`),
    ),
    isExact: false,
  },
  id: { kind: idKind('usr'), inputs: fc.uuid().map((uuid) => encodeTypeId('usr', uuid)), isExact: true },
  'belongs-to': { kind: idKind('usr', 'Id'), inputs: fc.uuid().map((uuid) => encodeTypeId('usr', uuid)), isExact: true },
  integer: { kind: integerKind(), inputs: fc.maxSafeInteger(), isExact: true },
  'small integer': { kind: integerKind({ min: -5, max: 5 }), inputs: fc.integer({ min: -5, max: 5 }), isExact: true },
  json: {
    kind: jsonKind({ type: 'object', properties: { colour: { type: 'string', maxLength: 10 } }, maxProperties: 3 }),
    inputs: fc.dictionary(
      fc.constantFrom('a', 'b', 'constructor'),
      fc.oneof(fc.constant(null), fc.integer(), words),
    ) as fc.Arbitrary<Json>,
    isExact: false,
  },
  'list of text': {
    kind: listKind(textKind({ max: 5 }), { max: 3 }),
    inputs: fc.array(
      words.map((word) => word.slice(0, 5)),
      { maxLength: 3 },
    ),
    isExact: false,
  },
  'list of timestamps': {
    kind: listKind(timestampKind(), { min: 1, max: 3 }),
    inputs: fc.array(
      days.map((day) => `${day}T09:30:00Z`),
      { minLength: 1, maxLength: 3 },
    ),
    isExact: false,
  },
  text: { kind: textKind({ max: 20 }), inputs: texts.map((text) => [...text].slice(0, 20).join('')), isExact: false },
  'text with a pattern': {
    kind: textKind({ min: 2, max: 20, pattern: /[a-z]+(?:-[a-z]+)*/ }),
    inputs: fc.stringMatching(/^[a-z]{2,5}(-[a-z]{1,5})?$/),
    isExact: true,
  },
  timestamp: {
    kind: timestampKind(),
    inputs: fc
      .tuple(days, fc.constantFrom('T00:00:00Z', 't23:59:59.999z', 'T12:30:15.123456789+05:30', 'T09:30:00.5-00:00'))
      .map((parts) => parts.join('')),
    isExact: false,
  },
  url: {
    kind: urlKind(),
    inputs: fc.oneof(
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      words.map((word) => `HTTP://${word}.example:8080/%C3%A9?a=b`),
    ),
    isExact: false,
  },
}

const HOSTILE: readonly unknown[] = [
  ...[
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    JSON.parse('1e400'),
    2 ** 53,
    2 ** 53 + 2,
    -(2 ** 53),
    1n,
    Symbol('a'),
  ],
  ...[
    '',
    ' ',
    '\0',
    'a\0',
    '\ud800',
    '\udc00\ud800',
    'null',
    'true',
    '[object Object]',
    '__proto__',
    '1e3',
    '0x10',
    '１２',
    '+1',
    '--1',
    '.',
    '%',
    '\u202e',
    '\u200b',
  ],
  ...[
    '0000-01-01',
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '275760-09-13',
    '+275760-09-13T00:00:00.000Z',
    '-000001-01-01T00:00:00Z',
    '2026-01-31T24:00:00Z',
  ],
  ...[
    [],
    [[]],
    {},
    [null],
    [undefined],
    new Array(3),
    JSON.parse('{"__proto__":{"admin":true}}'),
    Object.create(null),
    { toString: null },
    { length: 1 },
  ],
  ...[
    new Date(0),
    new Date(Number.NaN),
    new Map(),
    () => 'a',
    new Proxy({}, {}),
    new String('a'),
    new Number(1),
    { toJSON: () => 'a' },
  ],
]

describe.each(Object.entries(KINDS))('%s', (_, { kind, inputs, isExact }) => {
  const validate = ajv.compile(kind.schema)
  const anything = fc.oneof(
    inputs,
    fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
    fc.string({ unit: 'binary' }),
    fc.jsonValue(),
  )

  test('reads what it should, and what it has read it reads and prints the same for ever', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const value = kind.read(input)

        expect(value).not.toBeInstanceOf(Misfit)
        const json = kind.toJson(value)
        expect(kind.read(json)).toEqual(value)
        expect(kind.fromJson(json)).toEqual(value)
        expect(kind.toJson(kind.fromJson(json))).toEqual(json)
        expect(validate(json), JSON.stringify({ json, errors: validate.errors })).toBe(true)
      }),
    )
  })

  test('reads anything or says why not, and never throws', () => {
    fc.assert(
      fc.property(anything, (input) => {
        const value = kind.read(input)

        if (value instanceof Misfit) expect(value.message).toMatch(/^(must|does|cannot) /)
        else expect(validate(kind.toJson(value)), JSON.stringify({ input, errors: validate.errors })).toBe(true)
      }),
    )
  })

  test.each(HOSTILE.map((input) => [input]))('reads hostile input %o or says why not', (input) => {
    const value = kind.read(input)

    // What passes is nothing but JSON of the schema.
    if (!(value instanceof Misfit)) expect(validate(JSON.parse(JSON.stringify(kind.toJson(value))))).toBe(true)
  })

  test('reads text as it reads JSON, or says why not, and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          inputs.map((input) => (typeof input === 'string' ? input : JSON.stringify(input))),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          const value = kind.readText(text)

          if (value instanceof Misfit) return
          expect(kind.read(kind.toJson(value))).toEqual(value)
        },
      ),
    )
  })

  test('reads what its schema accepts', () => {
    if (!isExact) return expect(JSON.stringify(kind.schema)).toMatch(/format|maxLength|properties/)

    fc.assert(
      fc.property(anything, (input) => {
        if (validate(input)) expect(kind.read(input)).not.toBeInstanceOf(Misfit)
      }),
    )
  })

  test('orders as a total order', () => {
    fc.assert(
      fc.property(inputs, inputs, (a, b) => {
        const [left, right] = [kind.read(a), kind.read(b)]

        expect(Math.sign(kind.compare(left, right))).toBe(-Math.sign(kind.compare(right, left)) || 0)
        expect(kind.compare(left, left)).toBe(0)
      }),
    )
  })

  test('answers a megabyte at once', () => {
    const units = ['a', 'a.', 'a-', '1', '9', '-', '%', '@', '@a.', '\u{1f600}', 'http://', '2026-', '\ud800', '\n', '[', 'a@a']
    for (const unit of units) {
      const long = unit.repeat(1_000_000 / unit.length)
      const start = cpuMs()
      for (const input of [long, `https://${long}`, `a@${long}`, `usr_${long}`, [long], { a: long }]) kind.read(input)
      kind.readText(long)
      // Linear work takes some milliseconds; quadratic would take minutes.
      expect(cpuMs() - start, unit).toBeLessThan(500)
    }
  })

  test('has nothing wrong with its options', () => {
    expect(kind.findFlaws?.() ?? []).toEqual([])
  })
})

describe('secret', () => {
  const kind = secretKind({ min: 12, max: 200 })

  test('goes in and never comes out', () => {
    expect(kind.read('correct horse battery')).toBe('correct horse battery')
    expect(kind.toSql('correct horse battery')).toBe('correct horse battery')
    expect(kind.toJson('correct horse battery')).toBeNull()
    expect(kind.isSecret).toBe(true)
  })

  test('cannot be compared, sorted, searched or filtered', () => {
    expect(kind).toMatchObject({ operators: [], isSortable: false, isSearchable: false })
  })

  test.each([
    ['short', 'too_short'],
    ['', 'required'],
    [12, 'type'],
    ['a'.repeat(201), 'too_long'],
    ['a\0aaaaaaaaaaaaaaa', 'encoding'],
  ])('refuses %j', (input, code) => {
    expect(kind.read(input)).toMatchObject({ code })
  })
})
