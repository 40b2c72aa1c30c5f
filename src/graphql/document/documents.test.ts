// Proves GQL-05.
import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import blog from '../../../examples/blog/domain.ts'
import { deriveSchema } from '../schema/derive-schema.ts'
import { Documents, type DocumentsOptions } from './documents.ts'
import { LIMITS_DEFAULT } from './limits.ts'

const schema = deriveSchema(blog)
const TEXT = '{ users { totalCount } }'
const make = (options: Partial<DocumentsOptions> = {}) =>
  new Documents({ schema, rules: { limits: LIMITS_DEFAULT, weights: {}, isOpen: false }, ...options })

test('a document that came before is ready at once', () => {
  const documents = make()

  const first = documents.read({ text: TEXT, id: undefined })

  expect(documents.read({ text: TEXT, id: undefined })).toEqual(first)
})

describe('declared documents', () => {
  test('are known by their id and by the digest of their text', () => {
    const documents = make({ trusted: { 'count-users': TEXT } })

    expect(documents.read({ text: undefined, id: 'count-users' }).kind).toBe('ready')
    expect(documents.read({ text: undefined, id: hash('sha256', TEXT) }).kind).toBe('ready')
    expect(documents.read({ text: undefined, id: `sha256:${hash('sha256', TEXT)}` }).kind).toBe('ready')
  })

  test('are the only ones where the service says so, whatever id a text comes with', () => {
    const documents = make({ trusted: { 'count-users': TEXT }, isTrustedOnly: true })

    expect(() => documents.read({ text: '{ posts { totalCount } }', id: undefined })).toThrow('declared documents only')
    expect(() => documents.read({ text: '{ posts { totalCount } }', id: 'unknown' })).toThrow('declared documents only')
    expect(documents.read({ text: TEXT, id: undefined }).kind).toBe('ready')
  })

  test('that the schema does not allow are refused at start', () => {
    expect(() => make({ trusted: { bad: '{ nothing }' } })).toThrow(
      'Cannot declare the GraphQL document "bad": Cannot query field',
    )
  })
})

test('an id that nobody declared is not found', () => {
  expect(() => make().read({ text: undefined, id: 'constructor' })).toThrow('There is no such document')
})
