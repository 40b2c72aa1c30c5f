import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import blog from '../../examples/blog/domain.ts'
import type { Uuid } from '../kernel/index.ts'
import { FieldSets } from './field-set.ts'
import { WatchedRecord } from './watch-record.ts'

const post = blog.resource('post')
const sets = new FieldSets(post)
const id = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
/** A record with these texts in the order in which the store prints it. */
const record = (texts: Readonly<Record<string, string>>): WatchedRecord => {
  const members = Object.entries(texts).map(([column, text]) => `"${column}":${text}`)
  return new WatchedRecord(post, { id, version: 1, json: `{${members.join(',')}}` })
}
const show = (texts: Readonly<Record<string, string>>, ...columns: readonly string[]): string => {
  const fields = post.fields.filter((field) => columns.includes(field.column))
  return record(texts).show({ key: columns.join(), fields }).json
}

describe('show()', () => {
  test('leaves out what is not in the set, and changes nothing of the rest', () => {
    const texts = { id: '"post_1"', title: '"a, \\"b\\": {c}\\\\"', body: '[1.0, {"title":"x"}]', status: 'null' }

    expect(show(texts, 'title', 'status')).toBe('{"title":"a, \\"b\\": {c}\\\\","status":null}')
    expect(show(texts, 'id', 'body')).toBe('{"id":"post_1","body":[1.0, {"title":"x"}]}')
    expect(show(texts)).toBe('{}')
  })

  test('gives the same object for the same set', () => {
    const one = record({ id: '"post_1"' })

    expect(one.show(sets.all)).toBe(one.show(sets.all))
  })

  test('cuts any values where they end', () => {
    const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.stringify(json))
    fc.assert(
      fc.property(value, value, value, (title, body, status) => {
        const texts = { title, body, status }

        expect(show(texts, 'title', 'status')).toBe(`{"title":${title},"status":${status}}`)
        expect(show(texts, 'body')).toBe(`{"body":${body}}`)
      }),
    )
  })
})
