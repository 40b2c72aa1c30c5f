import { describe, expect, test } from 'vitest'
import { decimalKind } from './decimal.ts'
import { idKind } from './id.ts'
import { jsonKind } from './json.ts'
import { listKind } from './list.ts'
import { secretKind } from './secret.ts'
import { textKind } from './text.ts'

describe('list', () => {
  const kind = listKind(textKind({ max: 3 }), { min: 1, max: 2 })

  test.each<[unknown, string, string]>([
    ['a', 'type', 'must be a list'],
    [{ 0: 'a', length: 1 }, 'type', 'must be a list'],
    [[], 'too_few', 'must have at least 1 item'],
    [['a', 'b', 'c'], 'too_many', 'must have at most 2 items'],
    [['a', 7], 'type', 'must be text, at position 1'],
    [['long!'], 'too_long', 'must have at most 3 characters, at position 0'],
  ])('refuses %j', (input, code, message) => {
    expect(kind.read(input)).toMatchObject({ code, message })
  })

  test('names its types after its item', () => {
    expect(kind).toMatchObject({ sqlType: 'text[]', graphqlType: '[String!]', protobufType: 'repeated string' })
    expect(kind.schema).toEqual({ type: 'array', items: { type: 'string', maxLength: 3 }, maxItems: 2, minItems: 1 })
  })

  test('prints decimals as text, so that no digit is lost', () => {
    expect(listKind(decimalKind({ digits: 5 }), { max: 2 }).sqlJson?.('"prices"')).toBe('"prices"::text[]')
  })

  test.each([
    [secretKind({ max: 5 }), 'a list cannot hold items of kind secret'],
    [jsonKind({}), 'a list cannot hold items of kind json'],
    [idKind('usr', 'Id'), 'a list cannot hold items of kind belongs-to'],
    [listKind(textKind({ max: 5 }), { max: 5 }), 'a list cannot hold items of kind list'],
    [textKind({ max: 0 }), 'its max is 0'],
  ])('finds an item that it cannot hold', (item, what) => {
    expect(
      listKind<unknown>(item as never, { max: 5 })
        .findFlaws?.()
        .map((flaw) => flaw.what),
    ).toEqual([what])
  })

  test('finds what is wrong with its bounds', () => {
    expect(listKind(textKind({ max: 5 }), { max: 0 }).findFlaws?.()).toEqual([
      { what: 'its max is 0', mend: 'max: a whole number from 1' },
    ])
    expect(listKind(textKind({ max: 5 }), { min: 3, max: 2 }).findFlaws?.()).toEqual([
      { what: 'its min is 3', mend: 'min: a whole number from 0 to 2' },
    ])
  })
})
