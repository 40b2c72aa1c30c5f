// Proves RPC-03.
import { create, type DescMessage, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  belongsTo,
  boolean,
  choice,
  date,
  decimal,
  domain,
  integer,
  type Json,
  json,
  list,
  permit,
  resource,
  text,
  timestamp,
  url,
} from '../../model/index.ts'
import { describeGrpc } from '../describe/describe-grpc.ts'
import { EMPTY_LOCK } from '../lock.ts'
import { ByteWriter } from './byte-writer.ts'
import { recordWriter } from './write-record.ts'

/** A field of each kind, with and without presence. */
const Thing = resource('thing', {
  fields: {
    owner: belongsTo({ name: 'thing', idPrefix: 'thing' }).optional(),
    name: text({ max: 400 }),
    note: text({ max: 400 }).optional(),
    small: integer({ min: -2_147_483_648, max: 2_147_483_647 }),
    large: integer(),
    largeOrNone: integer().optional(),
    isOn: boolean(),
    isOff: boolean().optional(),
    state: choice(['draft', 'in-review']),
    mood: choice(['good', 'bad']).optional(),
    price: decimal({ digits: 10 }),
    day: date().optional(),
    site: url().optional(),
    at: timestamp(),
    after: timestamp().optional(),
    extra: json({}),
    tags: list(text({ max: 40 }), { max: 5 }),
    counts: list(integer({ min: -10, max: 1_000_000 }), { max: 5 }),
    states: list(choice(['one', 'two']), { max: 5 }),
    moments: list(timestamp(), { max: 5 }),
    flags: list(boolean(), { max: 5 }),
  },
  policies: () => [permit('read', 'create')],
})
const { registry } = describeGrpc(domain({ name: 'things', resources: [Thing] }), EMPTY_LOCK)
const model = domain({ name: 'things', resources: [Thing] }).resource('thing')
const schema = registry.getMessage('thing.v1.Thing') as DescMessage

const moment = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((at) => at.toISOString())
const word = fc.string({ unit: 'binary', maxLength: 400 }).filter((one) => one.isWellFormed())
const jsonValue = fc.jsonValue({ maxDepth: 4 }).filter((value) => JSON.stringify(value).isWellFormed()) as fc.Arbitrary<Json>

/** As the store prints a record: columns, choices as words, moments as text. */
const record = fc.record({
  id: fc.constant('thing_01h455vb4pex5vsknk084sn02q'),
  owner_id: fc.option(fc.constant('thing_01h455vb4pex5vsknk084sn02q')),
  name: word,
  note: fc.option(word),
  small: fc.integer(),
  large: fc.maxSafeInteger(),
  large_or_none: fc.option(fc.maxSafeInteger()),
  is_on: fc.boolean(),
  is_off: fc.option(fc.boolean()),
  state: fc.constantFrom('draft', 'in-review'),
  mood: fc.option(fc.constantFrom('good', 'bad')),
  price: fc.constantFrom('0.00', '-12.50'),
  day: fc.option(fc.constant('2026-01-31')),
  site: fc.option(fc.webUrl()),
  at: moment,
  after: fc.option(moment),
  extra: jsonValue,
  tags: fc.array(word, { maxLength: 5 }),
  counts: fc.array(fc.integer({ min: -10, max: 1_000_000 }), { maxLength: 5 }),
  states: fc.array(fc.constantFrom('one', 'two'), { maxLength: 5 }),
  moments: fc.array(moment, { maxLength: 5 }),
  flags: fc.array(fc.boolean(), { maxLength: 5 }),
  created_at: moment,
  updated_at: moment,
  version: fc.integer({ min: 1, max: 2_147_483_647 }),
})

/** The same record as protobuf's own JSON, which the library reads. */
function toProtoJson(printed: Readonly<Record<string, JsonValue>>): JsonValue {
  const capitals = (prefix: string, value: unknown): string => `${prefix}_${String(value).toUpperCase().replaceAll('-', '_')}`
  const { state, mood, states, extra, ...rest } = printed
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null))
  return {
    ...given,
    ...(extra !== null && { extra }),
    state: capitals('THING_STATE', state),
    ...(mood !== null && { mood: capitals('THING_MOOD', mood) }),
    states: (states as readonly unknown[]).map((value) => capitals('THING_STATES', value)),
  } as JsonValue
}

function write(printed: string): Uint8Array {
  const writer = new ByteWriter().begin()
  recordWriter(model, schema)(writer, printed)
  return Uint8Array.from(writer.finish())
}

describe('recordWriter()', () => {
  test('writes the bytes that the library writes', () => {
    fc.assert(
      fc.property(
        record.map((one) => JSON.stringify(one)),
        (printed) => {
          const expected = toBinary(schema, fromJson(schema, toProtoJson(JSON.parse(printed))))

          expect(Buffer.from(write(printed)).equals(expected)).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('reads a moment as PostgreSQL prints it', () => {
    const written = write('{"at":"2026-01-31T09:30:00.123+00:00"}')

    expect(written).toEqual(toBinary(schema, fromJson(schema, { at: '2026-01-31T09:30:00.123Z' })))
  })

  test('writes nothing of what is null or left out', () => {
    expect(write('{"note":null,"mood":null,"extra":null}')).toEqual(toBinary(schema, create(schema)))
  })

  test('tells an empty text from none where a field may be null', () => {
    expect(write('{"name":"","note":""}')).toEqual(toBinary(schema, create(schema, { note: '' })))
  })

  test('writes a choice that the declaration no longer has as unspecified', () => {
    expect(write('{"state":"gone"}')).toEqual(new Uint8Array(0))
  })
})
