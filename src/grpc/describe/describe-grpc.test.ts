// Proves RPC-01, RPC-02.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  choice,
  DeclarationError,
  domain,
  type FieldMap,
  integer,
  list,
  permit,
  resource,
  secret,
  text,
  timestamp,
} from '../../model/index.ts'
import { EMPTY_LOCK, type ProtoLock, readLock, renderLock } from '../lock.ts'
import { renderProto } from '../print.ts'
import { describeGrpc } from './describe-grpc.ts'

const EVERYTHING = permit('read', 'create', 'update', 'delete', 'restore', 'read-deleted')

function shop(fields: FieldMap, rule = EVERYTHING) {
  return domain({ name: 'shop', roles: { admin: [] }, resources: [resource('item', { fields, policies: () => [rule] })] })
}

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work()
    return []
  } catch (error) {
    if (!(error instanceof DeclarationError)) throw error
    return error.problems.map(({ where, what, mend }) => `${where}: ${what}. ${mend}`)
  }
}

/** The lines of one block of the printed file. */
function blockOf(text: string | undefined, head: string): readonly string[] {
  const lines = (text ?? '').split('\n')
  const start = lines.indexOf(`${head} {`)
  return lines
    .slice(start + 1, lines.indexOf('}', start))
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('//'))
}

const printed = (given: ReturnType<typeof shop>, lock: ProtoLock = EMPTY_LOCK) =>
  renderProto(describeGrpc(given, lock)).get('item/v1/item.proto')
const messageOf = (given: ReturnType<typeof shop>, name: string, lock?: ProtoLock) =>
  blockOf(printed(given, lock), `message ${name}`)

describe('describeGrpc()', () => {
  test('gives each resource a package with its version and a service with six methods', () => {
    const { methods } = describeGrpc(shop({ name: text({ max: 10 }) }), EMPTY_LOCK)

    expect(methods.map(({ operation, descMethod }) => `${operation} ${descMethod.parent.typeName}/${descMethod.name}`)).toEqual([
      'items.get item.v1.ItemService/GetItem',
      'items.list item.v1.ItemService/ListItems',
      'items.create item.v1.ItemService/CreateItem',
      'items.update item.v1.ItemService/UpdateItem',
      'items.delete item.v1.ItemService/DeleteItem',
      'items.restore item.v1.ItemService/RestoreItem',
      'items.watch item.v1.ItemService/WatchItems',
    ])
  })

  test('gives every method a request and a response of its own', () => {
    const { methods } = describeGrpc(shop({ name: text({ max: 10 }) }), EMPTY_LOCK)
    const messages = methods.flatMap(({ descMethod }) => [descMethod.input.typeName, descMethod.output.typeName])

    expect(new Set(messages).size).toBe(14)
    expect(methods.filter(({ descMethod }) => descMethod.methodKind === 'server_streaming').map(({ kind }) => kind)).toEqual([
      'watch',
    ])
  })

  test('offers what a rule permits to somebody, and nothing else', () => {
    const { methods } = describeGrpc(shop({ name: text({ max: 10 }) }, permit('read')), EMPTY_LOCK)

    expect(methods.map(({ kind }) => kind)).toEqual(['get', 'list', 'watch'])
    expect(printed(shop({ name: text({ max: 10 }) }, permit('read')))).not.toMatch(/ItemInput|deleted_at|include_deleted/)
  })

  test('shows no secret, and takes it', () => {
    const given = shop({ name: text({ max: 10 }), password: secret({ max: 10 }) })

    expect(messageOf(given, 'Item')).toEqual([
      'string id = 1;',
      'string name = 2;',
      'google.protobuf.Timestamp created_at = 3;',
      'google.protobuf.Timestamp updated_at = 4;',
      'int32 version = 5;',
      'google.protobuf.Timestamp deleted_at = 6;',
    ])
    expect(messageOf(given, 'ItemInput')).toEqual(['optional string name = 1;', 'optional string password = 2;'])
  })

  test('tells absence where a field may be null or hidden', () => {
    const given = shop({
      note: text({ max: 10 }).optional(),
      cost: integer().default(0).readableBy('admin'),
      at: timestamp().optional(),
      tags: list(choice(['a', 'b']), { max: 3 }).default([]),
    })

    expect(messageOf(given, 'Item').slice(1, 5)).toEqual([
      'optional string note = 2;',
      'optional int64 cost = 3;',
      'google.protobuf.Timestamp at = 4;',
      'repeated ItemTags tags = 5;',
    ])
  })

  test('updates by mask and version, and wraps its answer', () => {
    const given = shop({ name: text({ max: 10 }) })

    expect(messageOf(given, 'UpdateItemRequest')).toEqual([
      'string id = 1;',
      'ItemInput item = 2;',
      'google.protobuf.FieldMask update_mask = 3;',
      'optional int32 version = 4;',
    ])
    expect(messageOf(given, 'UpdateItemResponse')).toEqual(['Item item = 1;'])
  })

  test('refuses names that meet in protobuf, and says which', () => {
    const choices = shop({ state: choice(['unspecified', 'open']) })
    const enums = shop({ a: choice(['b-c']), aB: choice(['c']) })
    const types = shop({ input: choice(['x']) })

    expect(problemsOf(() => describeGrpc(choices, EMPTY_LOCK))).toEqual([
      'resource "item" (gRPC): two things would be called item.v1.ITEM_STATE_UNSPECIFIED. Rename the field, the choice or the input that it comes from.',
    ])
    expect(problemsOf(() => describeGrpc(enums, EMPTY_LOCK))[0]).toContain('item.v1.ITEM_A_B_C')
    expect(problemsOf(() => describeGrpc(types, EMPTY_LOCK))[0]).toContain('item.v1.ItemInput')
  })
})

describe('numbers', () => {
  const name = text({ max: 10 })
  const before = describeGrpc(shop({ name, note: name, state: choice(['open', 'closed']) }), EMPTY_LOCK).lock

  test('stay when fields change places, and new fields get the next ones', () => {
    const given = shop({ state: choice(['held', 'closed', 'open']), fresh: name, note: name, name })

    expect(messageOf(given, 'ItemInput', before)).toEqual([
      'optional ItemState state = 3;',
      'optional string fresh = 4;',
      'optional string note = 2;',
      'optional string name = 1;',
    ])
    expect(blockOf(printed(given, before), 'enum ItemState')).toEqual([
      'ITEM_STATE_UNSPECIFIED = 0;',
      'ITEM_STATE_HELD = 3;',
      'ITEM_STATE_CLOSED = 2;',
      'ITEM_STATE_OPEN = 1;',
    ])
  })

  test('of what is removed are reserved, with the name', () => {
    const given = shop({ name, state: choice(['open']) })

    expect(messageOf(given, 'ItemInput', before).slice(0, 2)).toEqual(['reserved 2;', 'reserved "note";'])
    expect(blockOf(printed(given, before), 'enum ItemState').slice(0, 2)).toEqual([
      'reserved 2;',
      'reserved "ITEM_STATE_CLOSED";',
    ])
    expect(describeGrpc(given, before).isLocked).toBe(false)
  })

  test('of what was removed are never given again, last or not', () => {
    const removed = describeGrpc(shop({ name }), before).lock
    const given = shop({ name, fresh: name })

    expect(messageOf(given, 'ItemInput', removed)).toEqual([
      'reserved 2, 3;',
      'reserved "note", "state";',
      'optional string name = 1;',
      'optional string fresh = 4;',
    ])
  })

  test('refuse a name that was given up', () => {
    const removed = describeGrpc(shop({ name }), before).lock

    expect(problemsOf(() => describeGrpc(shop({ name, note: name }), removed))).toContain(
      'item.v1.ItemInput.note (gRPC): the name was given up with number 2 and is reserved. ' +
        'Choose another name. To undo the removal, move the line from "reserved" back to "numbers" in proto.lock.json.',
    )
  })

  test('refuse a field that has changed its type', () => {
    expect(problemsOf(() => describeGrpc(shop({ name: integer(), note: name, state: name }), before))).toContain(
      'item.v1.ItemInput.name (gRPC): it was `optional string name` and is `optional int64 name` now, which clients that were built before cannot read. ' +
        'Declare it under another name; the old one is then reserved. If no client has it yet, delete its line from proto.lock.json.',
    )
  })

  test('pass over what belongs to implementations of protobuf', () => {
    const lock = readLock(
      renderLock({ messages: { 'item.v1.ItemInput': { numbers: { 18999: 'optional string name' } } }, enums: {} }),
    )

    expect(messageOf(shop({ name, fresh: name }), 'ItemInput', lock)).toEqual([
      'optional string name = 18999;',
      'optional string fresh = 20000;',
    ])
  })

  test('of a resource that is gone are kept for its return', () => {
    const other = domain({ name: 'shop', resources: [resource('other', { fields: { name }, policies: () => [permit('read')] })] })

    const kept = describeGrpc(other, before).lock

    expect(kept.messages['item.v1.Item']).toEqual(before.messages['item.v1.Item'])
  })

  test('are the same however often they are asked for, and never move, whatever comes and goes', () => {
    const names = ['one', 'two', 'three', 'four', 'five']
    const generations = fc.array(fc.subarray(names, { minLength: 1 }), { minLength: 1, maxLength: 6 })

    fc.assert(
      fc.property(generations, (history) => {
        let lock = EMPTY_LOCK
        const given = new Map<number, string>()
        const gone = new Set<string>()
        for (const wanted of history) {
          const fields = wanted.filter((one) => !gone.has(one))
          if (fields.length === 0) continue
          for (const one of names) if ([...given.values()].includes(one) && !fields.includes(one)) gone.add(one)
          const made = describeGrpc(shop(Object.fromEntries(fields.map((one) => [one, name]))), lock)
          const again = describeGrpc(shop(Object.fromEntries(fields.map((one) => [one, name]))), made.lock)
          expect(again.isLocked).toBe(true)
          for (const [number, entry] of Object.entries(made.lock.messages['item.v1.ItemInput']?.numbers ?? {})) {
            expect(given.get(Number(number)) ?? entry.split(' ').at(-1)).toBe(entry.split(' ').at(-1))
            given.set(Number(number), entry.split(' ').at(-1) ?? '')
          }
          lock = readLock(renderLock(made.lock))
        }
      }),
      { numRuns: 30 },
    )
  })
})
