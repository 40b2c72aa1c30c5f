/** Bodies that are no JSON, or are JSON that two readers could understand differently: refused with the right code, never a 5xx. */
// Proves SEC-04, SEC-08.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { report, tally } from '../chaos/rounds.ts'
import { type HostileBlog, newPost, startHostileBlog, verdict } from './blog.ts'
import { ACCEPTED, REFUSED, REFUSED_BYTES } from './json-texts.ts'

let blog: HostileBlog

beforeAll(async () => {
  blog = await startHostileBlog()
})
afterAll(() => blog.stop())

const MALFORMED = '400 VALIDATION_BODY_MALFORMED'

async function create(body: string | Buffer): Promise<string> {
  return verdict(await blog.editor.call({ method: 'POST', path: '/api/v1/posts', body }))
}

function inObject(value: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from('{"odd":'), Buffer.from(value), Buffer.from('}')])
}

async function verdictsOf(
  texts: readonly (string | Buffer)[],
  wrap: (text: string | Buffer) => Buffer,
): Promise<[string, string][]> {
  return Promise.all(texts.map(async (text): Promise<[string, string]> => [text.toString(), await create(wrap(text))]))
}

describe('a body that breaks the grammar', () => {
  test('is refused as malformed, alone', async () => {
    const found = await verdictsOf([...REFUSED, ...REFUSED_BYTES], (text) => Buffer.from(text))

    report('malformed JSON alone', tally(found.map(([, answer]) => answer)))
    expect(found.length).toBeGreaterThanOrEqual(188)
    expect(found.filter(([, answer]) => answer !== MALFORMED)).toEqual([])
  })

  test('is refused as malformed, as the value of a key', async () => {
    const found = await verdictsOf([...REFUSED, ...REFUSED_BYTES], inObject)

    report('malformed JSON as a value', tally(found.map(([, answer]) => answer)))
    expect(found.filter(([, answer]) => answer !== MALFORMED)).toEqual([])
  })

  test('is told from one that keeps it: that one is read, and its unknown field is named', async () => {
    const found = await verdictsOf(ACCEPTED, inObject)

    report('well-formed JSON', { ...tally(found.map(([, answer]) => answer.split(' ').slice(0, 2).join(' '))) })
    expect(found.length).toBeGreaterThanOrEqual(95)
    expect(found.filter(([, answer]) => !/^400 VALIDATION_FAILED odd:unknown/.test(answer))).toEqual([])
  })

  test.each([
    ['nothing', ''],
    ['white space', ' \n\t '],
    ['a byte order mark', '\ufeff{}'],
    ['UTF-16', Buffer.from('{"title":"a"}', 'utf16le')],
    ['an array', '[{"title":"a"}]'],
    ['text', '"a"'],
    ['null', 'null'],
    ['two objects', '{} {}'],
    ['JSON lines', '{}\n{}'],
    ['a form', 'title=a&body=b'],
    ['XML with an external entity', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
    ['100,000 open arrays', '['.repeat(100_000)],
    ['100,000 open objects', '{"a":'.repeat(100_000)],
    ['33 levels', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`],
    ['a comment', '{"title":"a"/* b */}'],
  ])('is refused when it is %s', async (_, body) => {
    expect(await create(body)).toBe(MALFORMED)
  })
})

describe('a body that has two readings', () => {
  test.each([
    ['at the top', '{"title":"a","title":"b"}'],
    ['with one key escaped', '{"title":"a","\\u0074itle":"b"}'],
    ['nested in an object', '{"title":{"a":1,"a":2}}'],
    ['nested in an array', '{"title":[{"a":1,"a":2}]}'],
    ['with equal values', '{"title":"a","title":"a"}'],
    ['of an unknown field', '{"x":1,"x":1}'],
    ['that is empty', '{"":1,"":2}'],
  ])('is refused: a key twice %s', async (_, body) => {
    expect(await create(body)).toBe(MALFORMED)
  })

  test.each([
    ['past 2^53', '{"title":9007199254740993}', 'title:out_of_range'],
    ['past all doubles', '{"title":1e400}', 'title:out_of_range'],
    ['past all doubles, negative', '{"title":-1e400}', 'title:out_of_range'],
    ['past 2^53, nested', '{"title":{"a":[9007199254740993]}}', 'title.a.0:out_of_range'],
  ])('is refused: a number %s', async (_, body, field) => {
    expect(await create(body)).toContain(`400 VALIDATION_FAILED ${field}`)
  })
})

describe('a key that reaches a prototype', () => {
  const bodies = ['__proto__', 'constructor', 'prototype'].flatMap((key) => [
    [key, `{"${key}":{"polluted":true}}`],
    [`title.${key}`, `{"title":{"${key}":{"polluted":true}}}`],
    [`title.0.${key}`, `{"title":[{"${key}":{"polluted":true}}]}`],
    [key, `{"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}":{"polluted":true}}`],
  ])

  test.each(bodies)('is refused by its name: %s in %s', async (field, body) => {
    expect(await create(body ?? '')).toBe(`400 VALIDATION_FAILED ${field}:unknown`)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('is refused in a query, in every notation', async () => {
    const names = [
      '__proto__',
      'constructor',
      'prototype',
      '__proto__[polluted]',
      'constructor[prototype][polluted]',
      '__proto__.polluted',
      'author_id[__proto__]',
      'toString',
      'hasOwnProperty',
      'fields[__proto__]',
    ]
    for (const name of names) {
      const answer = await blog.editor.call({ path: `/api/v1/posts?${encodeURIComponent(name)}=true` })
      expect(verdict(answer)).toBe(`400 VALIDATION_FAILED ${name}:unknown`)
    }
    for (const value of ['__proto__', 'constructor', 'toString']) {
      expect(verdict(await blog.editor.call({ path: `/api/v1/posts?sort=${value}` }))).toBe('400 VALIDATION_FAILED sort:unknown')
      expect(verdict(await blog.editor.call({ path: `/api/v1/posts?fields=${value}` }))).toBe(
        '400 VALIDATION_FAILED fields:unknown',
      )
      expect(verdict(await blog.editor.call({ path: `/api/v1/${value}` }))).toBe('404 NOT_FOUND_ROUTE')
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

test('none of it has written anything, and the service still creates', async () => {
  const [before] = await blog.sql<{ posts: number }>('SELECT count(*)::int AS posts FROM posts')
  const created = await blog.editor.call({ method: 'POST', path: '/api/v1/posts', body: newPost() })

  expect(before).toEqual({ posts: 1 })
  expect(created.status).toBe(201)
})
