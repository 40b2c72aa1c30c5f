// Proves RPC-03.
import { fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import type { Change, Page } from '../../engine/index.ts'
import type { Uuid } from '../../kernel/index.ts'
import { domain, permit, resource, text } from '../../model/index.ts'
import { describeGrpc } from '../describe/describe-grpc.ts'
import { EMPTY_LOCK } from '../lock.ts'
import { type MethodMessages, methodMessages } from './method-messages.ts'

const UUID = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
const ID = 'note_01h455vb4pex5vsknk084sn02q'

function notes(pages: 'cursor' | 'numbered') {
  const Note = resource('note', {
    fields: { body: text({ max: 100_000 }) },
    list: { pages },
    policies: () => [permit('read', 'create', 'delete')],
  })
  return describeGrpc(domain({ name: 'notes', resources: [Note] }), EMPTY_LOCK).methods
}
const cursored = notes('cursor')
const numbered = notes('numbered')

/** What a client reads of the answer. */
function answer<Kind extends MethodMessages['kind']>(
  methods: typeof cursored,
  kind: Kind,
  given: Parameters<Extract<MethodMessages, { kind: Kind }>['write']>[0],
): JsonValue {
  const method = methods.find((one) => one.kind === kind)
  if (method === undefined) throw new Error(`no method ${kind}`)
  const { write } = methodMessages(method) as { write(given: unknown): Uint8Array }
  return toJson(method.descMethod.output, fromBinary(method.descMethod.output, write(given)))
}

const record = (body: string) => ({ id: UUID, version: 3, json: JSON.stringify({ id: ID, body, version: 3 }) })
const shown = (body: string) => ({ id: ID, body, version: 3 })

describe('a response', () => {
  test('wraps the record', () => {
    expect(answer(cursored, 'get', record('a'))).toEqual({ note: shown('a') })
    expect(answer(cursored, 'create', record('a'))).toEqual({ note: shown('a') })
  })

  test.each([0, 1, 31, 32, 33, 127, 128, 16_383, 16_384, 100_000])('holds a text of %i letters, whatever they are', (length) => {
    for (const letter of length === 0 ? [''] : ['a', 'ü', '€', '😀']) {
      const body = letter.repeat(length)

      if (body !== '') expect(answer(cursored, 'get', record(body))).toEqual({ note: shown(body) })
      else expect(answer(cursored, 'get', record(body))).toEqual({ note: { id: ID, version: 3 } })
    }
  })

  test('of a deletion is empty', () => {
    expect(answer(cursored, 'delete', record('a'))).toEqual({})
  })

  test('of one call is not touched by the next', () => {
    const method = cursored.find((one) => one.kind === 'get')
    if (method === undefined) throw new Error('no method get')
    const messages = methodMessages(method) as Extract<MethodMessages, { kind: 'get' }>

    const first = messages.write(record('first'))
    const copy = Uint8Array.from(first)
    messages.write(record('other'.repeat(10)))

    expect(Uint8Array.from(first)).toEqual(copy)
  })

  test('after a record that could not be written is whole', () => {
    expect(() => answer(cursored, 'get', { ...record('a'), json: '{"id":"x","body":' })).toThrow(SyntaxError)

    expect(answer(cursored, 'get', record('b'))).toEqual({ note: shown('b') })
  })
})

describe('a page', () => {
  const page: Page = {
    records: [record('a'), record('b')],
    hasNext: true,
    hasPrevious: true,
    next: 'to the next',
    previous: 'to the one before',
    total: undefined,
  }

  test('holds its records and the tokens of its neighbours', () => {
    expect(answer(cursored, 'list', page)).toEqual({
      notes: [shown('a'), shown('b')],
      nextPageToken: 'to the next',
      previousPageToken: 'to the one before',
    })
  })

  test('that is the only one has no tokens', () => {
    expect(answer(cursored, 'list', { ...page, records: [], next: undefined, previous: undefined })).toEqual({})
  })

  test('of a numbered list tells how many records there are', () => {
    expect(answer(numbered, 'list', { ...page, records: [], next: undefined, previous: undefined, total: 12_345 })).toEqual({
      totalSize: '12345',
    })
  })
})

test('a change tells what happened, to which record, when, and where to go on', () => {
  const change: Change = {
    kind: 'deleted',
    id: UUID,
    version: 4,
    at: new Date('2026-01-31T09:30:00.123Z'),
    operation: 'delete',
    record: record('a'),
    cursor: 'abc',
  }

  expect(answer(cursored, 'watch', change)).toEqual({
    kind: 'NOTE_CHANGE_KIND_DELETED',
    id: ID,
    note: shown('a'),
    operation: 'delete',
    changedAt: '2026-01-31T09:30:00.123Z',
    cursor: 'abc',
    version: 4,
  })
})
