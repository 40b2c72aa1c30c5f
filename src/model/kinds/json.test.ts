import { describe, expect, test } from 'vitest'
import { jsonKind } from './json.ts'

const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)

describe('json', () => {
  const open = jsonKind({})

  test('says where a value does not fit its schema', () => {
    const kind = jsonKind({
      type: 'object',
      properties: { size: { type: 'object', properties: { width: { type: 'integer' } } } },
    })

    expect(kind.read({ size: { width: 'wide' } })).toMatchObject({
      code: 'schema',
      message: 'does not fit its schema at size.width: must be integer',
    })
    expect(kind.read([])).toMatchObject({ message: 'does not fit its schema: must be object' })
  })

  test.each<[string, unknown, string]>([
    ['a NUL within', { a: ['b\0'] }, 'encoding'],
    ['a NUL in a key', { 'a\0': 1 }, 'encoding'],
    ['a lone surrogate', ['\ud800'], 'encoding'],
    ['a number beyond all doubles', JSON.parse('[1e400]'), 'too_large'],
    ['a key __proto__', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), 'name'],
    ['nesting beyond 32 levels', nested(33), 'too_deep'],
    ['nesting that would overflow the stack', nested(5_000), 'too_deep'],
    ['nothing', undefined, 'type'],
    ['a function', [() => 1], 'type'],
    ['a bigint', { a: 1n }, 'type'],
    ['a Date', { a: new Date(0) }, 'type'],
  ])('refuses %s', (_, input, code) => {
    expect(open.read(input)).toMatchObject({ code })
  })

  test('refuses what refers to itself', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)

    expect(open.read(cycle)).toMatchObject({ code: 'too_deep' })
  })

  test('takes 32 levels, and keys that are only names', () => {
    expect(open.read(nested(32))).toEqual(nested(32))
    expect(open.read({ constructor: 1, toString: null })).toEqual({ constructor: 1, toString: null })
  })

  test('checks formats', () => {
    expect(jsonKind({ type: 'string', format: 'ipv4' }).read('1.2.3')).toMatchObject({
      message: 'does not fit its schema: must match format "ipv4"',
    })
  })

  test('may use one $id in two fields', () => {
    const schema = { $id: 'https://example.com/colour', type: 'string' }

    expect(jsonKind(schema).read('red')).toBe('red')
    expect(jsonKind({ ...schema, maxLength: 2 }).read('red')).toMatchObject({ code: 'schema' })
  })

  test.each([
    [
      { type: 'strng' },
      'its schema is no JSON Schema (2020-12): schema is invalid: data/type must be equal to one of the allowed values, data/type must be array, data/type must match a schema in anyOf',
    ],
    [{ type: 'object', maxPropertis: 1 }, 'its schema is no JSON Schema (2020-12): strict mode: unknown keyword: "maxPropertis"'],
    [
      { type: 'string', format: 'ipv5' },
      'its schema is no JSON Schema (2020-12): unknown format "ipv5" ignored in schema at path "#"',
    ],
    [{ $ref: '#/$defs/nope' }, "its schema is no JSON Schema (2020-12): can't resolve reference #/$defs/nope from id #"],
  ])('finds what is wrong with the schema %o', (schema, what) => {
    expect(jsonKind(schema).findFlaws?.()).toEqual([{ what, mend: "json({ type: 'object', maxProperties: 20 })" }])
  })
})
