// Proves DB-04, SEC-03.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openConnection, type PlainConnection } from '../../src/pg/index.ts'
import { identifier, literal } from '../../src/sql/index.ts'
import { privatePostgres } from '../../src/testing/index.ts'

const HOSTILE = [
  "'",
  "''",
  '\\',
  "\\'",
  "\\\\'; DROP TABLE posts; --",
  '"',
  '$1',
  '$$',
  '%s',
  '\n',
  '\u0001',
  '\ufeff',
  'é',
  '😀',
  "E'",
  '/*',
  '--',
  '',
]

let connection: PlainConnection
beforeAll(async () => {
  connection = await openConnection((await privatePostgres()).url)
})
afterAll(() => connection.close())

describe.each(['on', 'off'])('literal(), with standard_conforming_strings %s', (setting) => {
  // A server of PostgreSQL 19 knows no `off`; those that Plinth supports do.
  beforeAll(() => connection.query(`SET standard_conforming_strings = ${setting}; SET escape_string_warning = off`))

  test('gives the server back the very text', async () => {
    const random = fc
      .sample(fc.string({ unit: 'binary', maxLength: 12 }), { numRuns: 300, seed: 7 })
      .filter((text) => !text.includes('\0'))
    const texts = [...HOSTILE, ...random]

    const rows = await connection.query<Record<string, string>>(
      `SELECT ${texts.map((text, at) => `${literal(text)} AS t${at}`).join(', ')}`,
    )

    expect(texts.map((_, at) => rows[0]?.[`t${at}`])).toEqual(texts)
  })
})

test('literal() prints numbers that can be cast, the least ones too', async () => {
  const rows = await connection.query(
    `SELECT ${literal(-2_147_483_648)}::integer AS least, ${literal(Number.MIN_SAFE_INTEGER)}::bigint AS great, 5 -${literal(-1)} AS sum, ${literal(-0)}::integer AS nought`,
  )

  expect(rows).toEqual([{ least: -2_147_483_648, great: String(Number.MIN_SAFE_INTEGER), sum: 6, nought: 0 }])
})

test('literal() prints booleans as words', () => {
  expect([literal(true), literal(false)]).toEqual(['true', 'false'])
})

test.each([
  ['NUL', 'a\0b', 'Cannot print text as SQL: it holds NUL, which PostgreSQL does not store'],
  ['an infinite number', Number.POSITIVE_INFINITY, 'Cannot print Infinity as SQL: it is not finite, expected a number'],
  ['what is no number', Number.NaN, 'Cannot print NaN as SQL: it is not finite, expected a number'],
])('literal() refuses %s', (_, value, message) => {
  expect(() => literal(value)).toThrow(message)
})

test('identifier() names a column as it is, quotes and keywords included', async () => {
  const names = ['select', 'A b', 'a"b', '"', "it's", 'ünï', '$1', 'a--b']

  const rows = await connection.query(`SELECT ${names.map((name, at) => `${at} AS ${identifier(name)}`).join(', ')}`)

  expect(Object.keys(rows[0] ?? {})).toEqual(names)
})

test.each(['', 'a\0'])('identifier() refuses the name %j', (name) => {
  expect(() => identifier(name)).toThrow('it is empty or holds NUL, expected a name')
})
