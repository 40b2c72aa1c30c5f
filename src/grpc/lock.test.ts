// Proves RPC-02.
import { describe, expect, test } from 'vitest'
import { readLock, renderLock } from './lock.ts'

const TEXT = `{
  "messages": {
    "post.v1.Post": {
      "numbers": {
        "1": "string id",
        "3": "optional string note"
      },
      "reserved": {
        "2": "string title"
      }
    }
  },
  "enums": {
    "post.v1.PostStatus": {
      "numbers": {
        "0": "POST_STATUS_UNSPECIFIED"
      }
    }
  }
}
`

describe('a lock', () => {
  test('is printed as it is read', () => {
    expect(renderLock(readLock(TEXT))).toBe(TEXT)
  })

  test('is printed in the order of names and numbers, whatever the order it was made in', () => {
    const lock = { messages: { 'b.v1.B': { numbers: { 2: 'string b', 1: 'string a' } }, 'a.v1.A': { numbers: {} } }, enums: {} }

    expect(Object.keys(JSON.parse(renderLock(lock)).messages)).toEqual(['a.v1.A', 'b.v1.B'])
  })

  test('may have come through a checkout that ends lines with CR LF', () => {
    expect(renderLock(readLock(TEXT.replaceAll('\n', '\r\n')))).toBe(TEXT)
  })

  test.each([
    ['is no JSON', TEXT.slice(1), 'it is not JSON'],
    ['is no object', '[]', '[] is no object'],
    ['has no enums', '{"messages":{}}', 'undefined is no object'],
    ['gives a number twice', TEXT.replace('"3": "optional', '"1": "optional'), 'it was edited or merged'],
    ['is in another order', TEXT.replace('"1": "string id",', '"4": "string x",'), 'it was edited or merged'],
    ['has a key of its own', TEXT.replace('"reserved"', '"comment": "x", "reserved"'), 'it was edited or merged'],
    [
      'reserves a number that is in use',
      TEXT.replace('"2": "string title"', '"3": "string title"'),
      'number 3 of post.v1.Post is reserved',
    ],
    ['has a number that is none', TEXT.replace('"2": ', '"-2": '), 'post.v1.Post has "-2": "string title"'],
    ['has a number past the greatest', TEXT.replace('"2": ', '"536870912": '), 'post.v1.Post has "536870912"'],
    ['has an entry of three words', TEXT.replace('"string id"', '"very long id"'), 'post.v1.Post has "1": "very long id"'],
    ['has an entry that is no text', TEXT.replace('"string id"', '5'), 'post.v1.Post has "1": 5'],
  ])('that %s is refused', (_, text, reason) => {
    expect(() => readLock(text)).toThrow(`Cannot read proto.lock.json: ${reason}`)
  })
})
