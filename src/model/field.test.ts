// Proves API-11.
import { describe, expect, test } from 'vitest'
import { fieldSchema } from './field.ts'
import { belongsTo, choice, email, integer, json, list, secret, text, timestamp } from './fields.ts'

describe('a field', () => {
  test('is required, seen by all and set by all until it says otherwise', () => {
    expect(integer().rules).toEqual({
      isNullable: false,
      input: 'required',
      isOutput: true,
      isImmutable: false,
      isUnique: false,
      isSensitive: false,
    })
  })

  test('is a new one after each method', () => {
    const plain = text({ max: 5 })

    plain.optional().unique().readOnly()

    expect(plain.rules).toMatchObject({ isNullable: false, isUnique: false, input: 'required' })
  })

  test('stays read-only, in whatever order it was said', () => {
    expect(timestamp().optional().readOnly().rules).toMatchObject({ isNullable: true, input: 'none' })
    expect(timestamp().readOnly().optional().rules).toMatchObject({ isNullable: true, input: 'none' })
    expect(integer().readOnly().default(0).rules).toMatchObject({ isNullable: false, input: 'none', fallback: 0 })
  })

  test('that is a secret never leaves and is never logged', () => {
    expect(secret({ max: 200 }).rules).toMatchObject({ isOutput: false, isSensitive: true })
  })

  test('that is a list keeps what its item says of privacy and access', () => {
    const emails = list(email().sensitive().readableBy('admin').example('ada@example.com'), { max: 3 })

    expect(emails.rules).toMatchObject({ isSensitive: true, readableBy: ['admin'], example: ['ada@example.com'] })
  })

  test('that is a key knows where it points', () => {
    expect(belongsTo({ name: 'user', idPrefix: 'usr' })).toMatchObject({
      rules: { belongsTo: 'user' },
      kind: { idPrefix: 'usr', nameSuffix: 'Id' },
    })
  })
})

describe('fieldSchema()', () => {
  test('adds null, the description, the example and the deprecation', () => {
    const field = timestamp().optional().describe('When it ends.').example(new Date(0)).deprecated({ since: '2026-01-01' })

    expect(fieldSchema(field)).toEqual({
      type: ['string', 'null'],
      format: 'date-time',
      maxLength: 35,
      description: 'When it ends.',
      examples: ['1970-01-01T00:00:00.000Z'],
      deprecated: true,
    })
  })

  test('adds null to the words of a choice and beside a schema without one type', () => {
    expect(fieldSchema(choice(['a', 'b']).optional())).toEqual({ type: ['string', 'null'], enum: ['a', 'b', null] })
    expect(fieldSchema(json({ $ref: '#/$defs/a' }).optional())).toEqual({ anyOf: [{ $ref: '#/$defs/a' }, { type: 'null' }] })
  })

  test('shows the example of a secret, which is none', () => {
    expect(fieldSchema(secret({ max: 200 }).example('correct horse battery'))).toMatchObject({
      writeOnly: true,
      examples: ['correct horse battery'],
    })
  })
})
