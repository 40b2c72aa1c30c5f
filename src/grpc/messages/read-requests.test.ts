// Proves RPC-03.
import { create, type DescMessage, fromJson, type JsonValue, type Message } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { PlinthError } from '../../kernel/index.ts'
import {
  type Actor,
  boolean,
  choice,
  date,
  decimal,
  domain,
  integer,
  json,
  list,
  NOBODY,
  permit,
  resource,
  secret,
  text,
  timestamp,
} from '../../model/index.ts'
import { describeGrpc } from '../describe/describe-grpc.ts'
import { EMPTY_LOCK } from '../lock.ts'
import { fieldPathOf } from './field-path.ts'
import { type MethodMessages, methodMessages } from './method-messages.ts'

const ID = 'note_01h455vb4pex5vsknk084sn02q'

const Note = resource('note', {
  fields: {
    title: text({ min: 1, max: 20 }),
    remark: text({ max: 20 }).optional(),
    rank: integer({ min: 0, max: 10 }).default(0),
    size: integer().optional(),
    price: decimal({ digits: 6 }).optional(),
    state: choice(['open', 'in-review']).default('open'),
    dueOn: date().optional(),
    at: timestamp().optional(),
    extra: json({ type: 'object', maxProperties: 2 }).optional(),
    tags: list(text({ max: 5 }), { max: 2 }).default([]),
    code: text({ max: 20 }).optional().immutable(),
    secretKey: secret({ max: 20 }).optional(),
    budget: integer({ min: 0 }).optional().readableBy('manager').writableBy('manager'),
    isSent: boolean().default(false).readOnly(),
  },
  list: {
    sort: ['-createdAt', 'title', 'budget'],
    filter: ['title', 'state', 'size', 'at', 'budget', 'isSent'],
    search: ['title'],
  },
  policies: () => [permit('read', 'read-deleted', 'create', 'update', 'delete', 'restore', 'close')],
  actions: (action) => ({
    close: action({
      input: { reason: text({ min: 3, max: 20 }), at: timestamp().optional() },
      run: async ({ record }) => record,
    }),
  }),
})
const notes = domain({ name: 'notes', roles: { manager: ['notes:read'] }, resources: [Note] })
const { methods } = describeGrpc(notes, EMPTY_LOCK)
const MANAGER: Actor = { ...NOBODY, kind: 'user', roles: ['manager'] } as Actor

function methodOf(operation: string) {
  const method = methods.find((one) => one.operation === `notes.${operation}`)
  if (method === undefined) throw new Error(`no method ${operation}`)
  return method
}

/** What the engine is asked for, with values by the names of their fields. */
function read(operation: string, request: JsonValue | Message, actor: Actor = MANAGER): Record<string, unknown> {
  const method = methodOf(operation)
  const isMessage = typeof request === 'object' && request !== null && '$typeName' in request
  const message = isMessage ? (request as Message) : fromJson(method.descMethod.input, request as JsonValue)
  const messages = methodMessages(method) as Extract<MethodMessages, { kind: 'update' }>
  const input = messages.read(message, actor) as unknown as Record<string, unknown>
  const values = input['values'] as ReadonlyMap<{ readonly name: string }, unknown> | undefined
  return values === undefined
    ? input
    : { ...input, values: Object.fromEntries([...values].map(([field, value]) => [field.name, value])) }
}

/** The violations, as they stand in the request. */
function violations(operation: string, request: JsonValue | Message, actor?: Actor): readonly string[] {
  try {
    read(operation, request, actor)
    return []
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    return error.details.map(({ field, code }) => `${fieldPathOf(methodOf(operation))(field)} ${code}`)
  }
}

const valuesOf = (operation: string, request: JsonValue): unknown => read(operation, request)['values']

describe('a create request', () => {
  test('gives the engine what it holds, and defaults for the rest', () => {
    const given = {
      title: 'A',
      size: '9007199254740991',
      price: '12.5',
      state: 'NOTE_STATE_IN_REVIEW',
      dueOn: '2026-01-31',
      at: '2026-01-31T09:30:00.123456Z',
      extra: { a: [1, null] },
      tags: ['x'],
    }

    expect(valuesOf('create', { note: given })).toMatchObject({
      title: 'A',
      remark: null,
      rank: 0,
      size: 9_007_199_254_740_991,
      price: '12.50',
      state: 'in-review',
      dueOn: '2026-01-31',
      at: new Date('2026-01-31T09:30:00.123Z'),
      extra: { a: [1, null] },
      tags: ['x'],
    })
  })

  test('tells an empty text from none', () => {
    expect(violations('create', { note: {} })).toEqual(['note.title required'])
    expect(violations('create', { note: { title: '' } })).toEqual(['note.title required'])
    expect(valuesOf('create', { note: { title: 'A', remark: '' } })).toMatchObject({ remark: '' })
  })

  test('without its record misses what is required', () => {
    expect(violations('create', {})).toEqual(['note.title required'])
  })

  test('names all that does not fit, by its path', () => {
    const given = {
      title: 'x'.repeat(21),
      rank: 11,
      size: '9007199254740992',
      price: 'abc',
      state: 0,
      dueOn: '31.1.',
      tags: ['123456'],
    }

    expect(violations('create', { note: given })).toEqual([
      'note.title too_long',
      'note.rank too_large',
      'note.size type',
      'note.price type',
      'note.state choice',
      'note.due_on date',
      'note.tags too_long',
    ])
  })

  test.each([
    ['NUL', { title: 'a\0b' }, 'note.title encoding'],
    ['a NUL in JSON', { title: 'A', extra: { a: '\0' } }, 'note.extra encoding'],
    ['a number of an enum that has no name', { title: 'A', state: 99 }, 'note.state choice'],
    ['JSON that does not fit its schema', { title: 'A', extra: [1] }, 'note.extra schema'],
  ])('refuses %s', (_, given, violation) => {
    expect(violations('create', { note: given })).toEqual([violation])
  })

  test.each([
    ['before year 1', { seconds: -62_135_596_801n, nanos: 0 }],
    ['after year 9999', { seconds: 253_402_300_800n, nanos: 0 }],
    ['of negative nanos', { seconds: 0n, nanos: -1 }],
    ['of a whole second in nanos', { seconds: 0n, nanos: 1_000_000_000 }],
  ])('refuses a moment %s', (_, at) => {
    const schema = methodOf('create').descMethod.input
    const input = schema.field['note']?.message as DescMessage
    const timestampSchema = input.field['at']?.message as DescMessage
    const note = create(input, { title: 'A', at: create(timestampSchema, at) })

    expect(violations('create', create(schema, { note }))).toEqual(['note.at timestamp'])
  })

  test('refuses a Value that says nothing, and numbers that are none', () => {
    const schema = methodOf('create').descMethod.input
    const input = schema.field['note']?.message as DescMessage
    const value = input.field['extra']?.message as DescMessage
    const noteWith = (extra: Record<string, unknown>) =>
      create(schema, { note: create(input, { title: 'A', extra: create(value, extra) }) })

    expect(violations('create', noteWith({}))).toEqual(['note.extra type'])
    expect(violations('create', noteWith({ kind: { case: 'numberValue', value: Number.NaN } }))).toEqual(['note.extra too_large'])
  })

  test('refuses what others may set', () => {
    expect(violations('create', { note: { title: 'A', budget: 5 } }, { ...MANAGER, roles: [] })).toEqual([
      'note.budget forbidden',
    ])
  })
})

describe('an update request', () => {
  test('without a mask sets what is given', () => {
    expect(read('update', { id: ID, note: { title: 'B', tags: [] } })).toMatchObject({
      mode: 'update',
      expectedVersion: null,
      values: { title: 'B' },
    })
    expect(valuesOf('update', { id: ID, note: { title: 'B', tags: [] } })).toEqual({ title: 'B' })
  })

  test('with a mask sets what the mask names, and nothing else', () => {
    const request = { id: ID, note: { title: 'B', rank: 3 }, updateMask: 'rank', version: 7 }

    expect(read('update', request)).toMatchObject({ mode: 'update', expectedVersion: 7, values: { rank: 3 } })
    expect(valuesOf('update', request)).toEqual({ rank: 3 })
  })

  test('clears what the mask names and the message leaves out', () => {
    expect(valuesOf('update', { id: ID, note: {}, updateMask: 'remark,extra,tags' })).toEqual({
      remark: null,
      extra: null,
      tags: [],
    })
    expect(valuesOf('update', { id: ID, updateMask: 'remark' })).toEqual({ remark: null })
  })

  test('cannot clear what must not be null', () => {
    expect(violations('update', { id: ID, note: {}, updateMask: 'title' })).toEqual(['note.title null'])
  })

  test('with the mask * replaces the record', () => {
    expect(violations('update', { id: ID, note: {}, updateMask: '*' })).toEqual(['note.title required'])
    expect(read('update', { id: ID, note: { title: 'B' }, updateMask: '*' })).toMatchObject({
      mode: 'replace',
      values: { title: 'B', remark: null, rank: 0, state: 'open', tags: [] },
    })
  })

  test.each([
    ['a field that is not there', ['nothing']],
    ['a path into a field', ['extra.a']],
    ['a field that the service sets', ['version']],
    ['a field that is read only', ['is_sent']],
    ['the prototype', ['__proto__']],
    ['* beside others', ['*', 'title']],
  ])('refuses a mask that names %s', (_, paths) => {
    const schema = methodOf('update').descMethod.input
    const mask = create(schema.field['updateMask']?.message as DescMessage, { paths })

    expect(violations('update', create(schema, { id: ID, updateMask: mask }))).toEqual(['update_mask unknown'])
  })

  test('refuses to change what cannot change', () => {
    expect(violations('update', { id: ID, note: { code: 'x' } })).toEqual(['note.code immutable'])
  })

  test.each(['', 'note_', 'usr_01h455vb4pex5vsknk084sn02q', `${ID}0`, '\0'])('refuses the id %j', (id) => {
    expect(violations('update', { id, note: {} })).toEqual([id === '' ? 'id required' : 'id id'])
  })
})

describe('a list request', () => {
  const namesOf = (input: Record<string, unknown>, key: string): unknown =>
    (input[key] as readonly { readonly field: { readonly column: string } }[] | undefined)?.map((one) => ({
      ...one,
      field: one.field.column,
    }))

  test('that says nothing asks for the first page', () => {
    expect(read('list', {})).toEqual({
      filters: [],
      sort: undefined,
      search: undefined,
      limit: 20,
      page: 1,
      cursor: undefined,
      includesDeleted: false,
      fields: undefined,
    })
  })

  test('filters by all comparisons that are given', () => {
    const filter = {
      title: { eq: 'A', anyOf: ['B', 'C'] },
      state: { ne: 'NOTE_STATE_OPEN' },
      size: { gte: '5', isNull: false },
      at: { lt: '2026-01-31T09:30:00Z' },
    }

    expect(namesOf(read('list', { filter }), 'filters')).toEqual([
      { field: 'title', operator: 'eq', value: 'A' },
      { field: 'title', operator: 'in', value: ['B', 'C'] },
      { field: 'state', operator: 'ne', value: 'open' },
      { field: 'size', operator: 'gte', value: 5 },
      { field: 'size', operator: 'null', value: false },
      { field: 'at', operator: 'lt', value: '2026-01-31T09:30:00.000Z' },
    ])
  })

  test('orders as AIP-132 spells it', () => {
    expect(namesOf(read('list', { orderBy: ' title  desc , created_at asc' }), 'sort')).toEqual([
      { field: 'title', isDescending: true },
      { field: 'created_at', isDescending: false },
    ])
  })

  test('takes a size, a token, a search, fields and the deleted', () => {
    const request = { pageSize: 5, pageToken: 'abc', search: 'abc', readMask: 'title,dueOn', includeDeleted: true }

    expect(read('list', request)).toMatchObject({
      limit: 5,
      cursor: 'abc',
      search: 'abc',
      includesDeleted: true,
      fields: { names: ['title', 'due_on'] },
    })
  })

  test.each([
    ['a size below 0', { pageSize: -1 }, 'page_size out_of_range'],
    ['a size above the most', { pageSize: 101 }, 'page_size out_of_range'],
    ['an order by what cannot be sorted', { orderBy: 'rank' }, 'order_by unknown'],
    ['an order spelt as REST has it', { orderBy: '-title' }, 'order_by unknown'],
    ['an order that names a key twice', { orderBy: 'title,title desc' }, 'order_by duplicate'],
    ['five keys', { orderBy: 'title,title,title,title,title' }, 'order_by too_many'],
    ['a short search', { search: 'ab' }, 'search too_short'],
    ['a long search', { search: 'x'.repeat(201) }, 'search too_long'],
    ['a search for NUL', { search: 'a\0bc' }, 'search encoding'],
    ['a filter that does not fit', { filter: { state: { eq: 99 } } }, 'filter.state.eq choice'],
    ['one wrong value of many', { filter: { title: { anyOf: ['ok', 'x'.repeat(21)] } } }, 'filter.title.any_of too_long'],
    ['101 values', { filter: { title: { anyOf: Array.from({ length: 101 }, () => 'x') } } }, 'filter.title.any_of too_many'],
  ])('refuses %s', (_, request, violation) => {
    expect(violations('list', request as JsonValue)).toContain(violation)
  })

  test('does not know what the caller may not read', () => {
    const viewer: Actor = { ...MANAGER, roles: [] }

    expect(violations('list', { filter: { budget: { gt: '1' } }, orderBy: 'budget' }, viewer)).toEqual([
      'filter.budget unknown',
      'order_by unknown',
    ])
    expect(violations('list', { filter: { budget: { gt: '1' } }, orderBy: 'budget' })).toEqual([])
  })
})

describe('requests about one record', () => {
  test('get reads the id, the fields and whether it may be deleted', () => {
    expect(read('get', { id: ID, readMask: '*' })).toMatchObject({ fields: undefined, includesDeleted: false })
    expect(read('get', { id: ID, readMask: 'title', includeDeleted: true })).toMatchObject({
      fields: { names: ['title'] },
      includesDeleted: true,
    })
  })

  test('get refuses a mask of more fields than there are', () => {
    const schema = methodOf('get').descMethod.input
    const paths = Array.from({ length: 100 }, (_, at) => `field_${at}`)
    const readMask = create(schema.field['readMask']?.message as DescMessage, { paths })

    expect(violations('get', create(schema, { id: ID, readMask }))).toEqual(['read_mask too_many'])
  })

  test('delete and restore read the version that may be overwritten', () => {
    expect(read('delete', { id: ID, version: 3 })).toMatchObject({ expectedVersion: 3 })
    expect(read('restore', { id: ID })).toMatchObject({ expectedVersion: null })
  })

  test('an action reads its input', () => {
    expect(read('close', { id: ID, reason: 'done', version: 2 })).toMatchObject({
      action: { name: 'close' },
      expectedVersion: 2,
      values: { reason: 'done', at: null },
    })
    expect(violations('close', { id: ID, reason: 'x' })).toEqual(['reason too_short'])
  })

  test('watch reads whom, what and from where', () => {
    expect(read('watch', {})).toEqual({ id: undefined, kinds: undefined, after: undefined, fields: undefined })
    expect(read('watch', { id: ID, kinds: ['NOTE_CHANGE_KIND_DELETED'], after: 'abc' })).toMatchObject({
      kinds: ['deleted'],
      after: 'abc',
    })
    expect(violations('watch', { kinds: [9] })).toEqual(['kinds choice'])
    expect(violations('watch', { kinds: [0] })).toEqual(['kinds choice'])
  })
})

test('fieldPathOf() finds what the engine names in the request', () => {
  const path = fieldPathOf(methodOf('create'))

  expect(['dueOn', 'title', 'update_mask', 'extra.a'].map(path)).toEqual([
    'note.due_on',
    'note.title',
    'update_mask',
    'note.extra.a',
  ])
  expect(fieldPathOf(methodOf('list'))('cursor')).toBe('page_token')
  expect(fieldPathOf(methodOf('watch'))('cursor')).toBe('after')
  expect(fieldPathOf(methodOf('get'))('fields')).toBe('read_mask')
  expect(fieldPathOf(methodOf('close'))('at')).toBe('at')
})
