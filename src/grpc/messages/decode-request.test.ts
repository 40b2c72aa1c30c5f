import { create, type DescMessage, fromJson, toBinary, toJson } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PlinthError } from '../../kernel/index.ts'
import { choice, domain, integer, json, list, permit, resource, text, timestamp } from '../../model/index.ts'
import { describeGrpc } from '../describe/describe-grpc.ts'
import { EMPTY_LOCK } from '../lock.ts'
import { decodeRequest } from './decode-request.ts'

const Note = resource('note', {
  fields: {
    title: text({ max: 100 }),
    rank: integer({ min: 0, max: 10 }),
    size: integer(),
    state: choice(['open', 'closed']),
    at: timestamp(),
    extra: json({}),
    scores: list(integer({ min: 0, max: 10 }), { max: 3 }),
  },
  list: { filter: ['title', 'state', 'at'] },
  policies: () => [permit('read', 'create', 'update')],
})
const { registry } = describeGrpc(domain({ name: 'notes', resources: [Note] }), EMPTY_LOCK)
const schemaOf = (name: string): DescMessage => registry.getMessage(`note.v1.${name}`) as DescMessage
const createNote = schemaOf('CreateNoteRequest')
const updateNote = schemaOf('UpdateNoteRequest')

function refusal(schema: DescMessage, bytes: Uint8Array): string {
  try {
    decodeRequest(schema, bytes)
    return 'decoded'
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    expect(error.grpc).toBe('INVALID_ARGUMENT')
    return error.details.length === 0 ? error.message : error.details.map(({ field, code }) => `${field} ${code}`).join(', ')
  }
}

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')

/** `count` lists within lists, as the value of `note.extra`. */
function nested(count: number): Uint8Array {
  const lengthOf = (inner: Buffer): Buffer => {
    const size: number[] = []
    for (let rest = inner.length; ; rest >>= 7) {
      size.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
      if (rest <= 0x7f) return Buffer.from(size)
    }
  }
  const wrap = (tag: number, inner: Buffer): Buffer => Buffer.concat([Buffer.from([tag]), lengthOf(inner), inner])
  let value: Buffer = Buffer.alloc(0)
  for (let at = 0; at < count; at++) value = wrap(0x32, wrap(0x0a, value))
  return wrap(0x0a, wrap(0x32, value))
}

describe('decodeRequest()', () => {
  test.each([
    ['ends within a tag', '8a', 'it ends within a tag'],
    ['ends within a length', '0a ff', 'it ends within a length'],
    ['ends within a number', '0a 02 10 80', 'it ends within a number'],
    ['ends before its text', '0a 03 0a 05 61', 'it ends within a field'],
    ['has a text that reaches into its neighbour', '0a 02 0a 04 61 61 61 61', 'it ends within a field'],
    ['claims 4 GiB', '0a ff ff ff ff 0f', 'it ends within a field'],
    ['has a length beyond 32 bits', '0a ff ff ff ff ff 01', 'a length is longer than 32 bits'],
    ['has a number of eleven bytes', '0a 0c 10 80 80 80 80 80 80 80 80 80 80 01', 'a number is longer than 10 bytes'],
    ['has a number of more than 64 bits', '0a 0b 10 ff ff ff ff ff ff ff ff ff 02', 'a number does not fit its type'],
    ['has an int32 of 33 bits', '0a 06 10 80 80 80 80 10', 'a number does not fit its type'],
    ['has an int32 of 64 bits', '0a 0b 10 80 80 80 80 80 80 80 80 80 01', 'a number does not fit its type'],
    ['has an enum of 33 bits', '0a 06 20 81 80 80 80 10', 'a number does not fit its type'],
    ['has a field with the number 0', '02 00', 'it has a field with the number 0'],
    ['has a number where a text belongs', '0a 02 08 05', 'note.title has wire type 0, expected 2'],
    ['has a text where a number belongs', '0a 03 12 01 05', 'note.rank has wire type 2, expected 0'],
    ['has a fixed number where a message belongs', '0d 00 00 00 00', 'note has wire type 5, expected 2'],
    ['opens a group', '0b 0c', 'note has wire type 3, expected 2'],
    ['ends a group that was not opened', '0c', 'note has wire type 4, expected 2'],
    ['has a wire type that does not exist', '0f', 'note has wire type 7, expected 2'],
    ['has half a number in a packed list', '0a 03 3a 01 80', 'it ends within a number'],
  ])('refuses a message that %s', (_, hex, reason) => {
    expect(refusal(createNote, bytes(hex))).toBe(`Cannot read the message: ${reason}, expected it as its .proto file says`)
  })

  test.each([
    ['a field that the request does not have', '10 05', '2 unknown'],
    ['a field that the record does not have', '0a 02 78 05', 'note.15 unknown'],
    ['the greatest field number there is', 'f8 ff ff ff 0f 00', '536870911 unknown'],
    ['a text that is not UTF-8', '0a 04 0a 02 c3 28', 'note.title encoding'],
    ['a lone surrogate', '0a 05 0a 03 ed a0 80', 'note.title encoding'],
    ['a key of JSON that is not UTF-8', '0a 0a 32 08 2a 06 0a 04 0a 02 c3 28', 'note.extra.struct_value.fields.key encoding'],
  ])('names %s', (_, hex, named) => {
    expect(refusal(createNote, bytes(hex))).toBe(named)
  })

  test('follows 100 messages within messages, and no more', () => {
    expect(refusal(createNote, nested(48))).toBe('decoded')
    expect(refusal(createNote, nested(49))).toContain('it nests deeper than 100 levels')
    expect(refusal(createNote, nested(5_000))).toContain('it nests deeper than 100 levels')
  })

  test('reads numbers at the edges of their types', () => {
    const message = fromJson(createNote, {
      note: { rank: -2_147_483_648, size: '-9223372036854775808', scores: [2_147_483_647, -1, 0] },
    })

    expect(toJson(createNote, decodeRequest(createNote, toBinary(createNote, message)))).toEqual(toJson(createNote, message))
  })

  test('reads the numbers of a list one by one as well as packed', () => {
    const decoded = decodeRequest(createNote, bytes('0a 06 38 01 38 02 38 03'))

    expect(toJson(createNote, decoded)).toEqual({ note: { scores: [1, 2, 3] } })
  })

  test('decodes or refuses whatever bytes come, and keeps all of what it decodes', () => {
    const valid = toBinary(
      updateNote,
      fromJson(updateNote, {
        id: 'note_01h455vb4pex5vsknk084sn02q',
        note: {
          title: 'a title of some length, ü',
          size: '-5',
          at: '2026-01-31T09:30:00.5Z',
          extra: { a: [1, null, { b: 'c' }] },
          scores: [1, 2],
        },
        updateMask: 'title,size',
        version: 7,
      }),
    )
    const damaged = fc
      .array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 })
      .map((edits) => {
        const copy = Uint8Array.from(valid)
        for (const [at, value] of edits) copy[at] = value
        return copy
      })

    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 64 })), (input) => {
        const outcome = refusal(updateNote, input)

        if (outcome !== 'decoded') return
        const decoded = decodeRequest(updateNote, input)
        expect(decoded.$unknown).toBeUndefined()
        expect(decodeRequest(updateNote, toBinary(updateNote, decoded))).toEqual(decoded)
      }),
      { numRuns: 5_000 },
    )
  })

  test('reads nothing as the empty message', () => {
    expect(decodeRequest(createNote, new Uint8Array(0))).toEqual(create(createNote))
  })
})
