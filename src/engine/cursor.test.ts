import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Uuid } from '../kernel/index.ts'
import { belongsTo, type Domain, domain, type FieldModel, NOBODY, permit, resource, text } from '../model/index.ts'
import { Access } from '../policy/index.ts'
import { ListCursors } from './cursor.ts'
import { FieldSets } from './field-set.ts'
import type { ListPlan } from './plan.ts'

const User = resource('user', { fields: { name: text({ max: 50 }) }, policies: () => [permit('read')] })
const Post = resource('post', {
  fields: { author: belongsTo(User), editor: belongsTo(User), title: text({ max: 50 }), status: text({ max: 10 }) },
  policies: () => [permit('read')],
})
const blog: Domain = domain({ name: 'blog', resources: [User, Post] })
const model = blog.resource('post')
const seal = (content: string): string => createHmac('sha256', 'secret').update(content).digest('base64url').slice(0, 16)

function field(name: string, of = model): FieldModel {
  const found = of.fieldsByName.get(name)
  if (found === undefined) throw new Error(`there is no field ${name}`)
  return found
}

const ID = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
const OTHER_ID = '01890a5d-ac96-774b-bcce-b302099a8058' as Uuid
const STATUS = { field: field('status'), operator: 'eq', value: 'draft' } as const
const TITLE = { field: field('title'), operator: 'ne', value: 'a' } as const

const plan: Omit<ListPlan, 'position'> = {
  resource: model,
  context: { actor: NOBODY, nowMs: 0, address: null, requestId: 'r' },
  read: { access: new Access(model, 'read'), rules: -1 },
  fields: new FieldSets(model).all,
  parent: { by: field('author'), id: ID },
  filters: [STATUS, TITLE],
  search: undefined,
  sort: [
    { field: field('createdAt'), isDescending: true },
    { field: field('id'), isDescending: true },
  ],
  limit: 20,
  offset: 0,
  wantsTotal: false,
  includesDeleted: false,
}

const VALUES = ['2026-01-31 09:30:00+00', ID]
const cursors = new ListCursors(plan, seal)
const cursor = cursors.render(VALUES, false)

/** The code of what was thrown; anything but an error of the catalogue passes on. */
function refusalOf(text: string, of = plan): string | undefined {
  try {
    new ListCursors(of, seal).read(text)
    return undefined
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('a cursor gives back what it was made from', () => {
  const values = fc.array(fc.option(fc.string({ unit: 'binary', maxLength: 40 }), { nil: null }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(values, fc.boolean(), (some, isBackward) => {
      expect(new ListCursors(plan, seal).read(cursors.render(some, isBackward))).toEqual({ values: some, isBackward })
    }),
    { numRuns: 500 },
  )
})

test('a cursor is made of characters that need no escape in a URL', () => {
  expect(cursor).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{16}$/)
})

test('a cursor is refused when any of its characters is another, is missing or is there twice', () => {
  const accepted: string[] = []
  for (let at = 0; at < cursor.length; at++) {
    const before = cursor.slice(0, at)
    const after = cursor.slice(at + 1)
    const others = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.='].filter((one) => one !== cursor[at])
    const altered = [...others.map((one) => before + one + after), before + after, `${before}${cursor[at]}${cursor.slice(at)}`]
    accepted.push(...altered.filter((one) => one !== cursor && refusalOf(one) !== 'VALIDATION_CURSOR'))
  }

  expect(accepted).toEqual([])
})

describe('a cursor is refused in', () => {
  test.each<[string, Partial<ListPlan>]>([
    ['a list of another resource', { resource: blog.resource('user') }],
    ['the list of another parent', { parent: { by: field('author'), id: OTHER_ID } }],
    ['the list of the same parent by another field', { parent: { by: field('editor'), id: ID } }],
    ['a list without a parent', { parent: undefined }],
    [
      'another order',
      {
        sort: [
          { field: field('updatedAt'), isDescending: true },
          { field: field('id'), isDescending: true },
        ],
      },
    ],
    [
      'the order turned round',
      {
        sort: [
          { field: field('createdAt'), isDescending: false },
          { field: field('id'), isDescending: false },
        ],
      },
    ],
    ['a list with another value to filter by', { filters: [{ ...STATUS, value: 'published' }, TITLE] }],
    ['a list with another operator', { filters: [{ ...STATUS, operator: 'ne' }, TITLE] }],
    ['a list with a filter less', { filters: [STATUS] }],
    ['a list with a search', { search: 'a' }],
    ['a list of deleted records', { includesDeleted: true }],
  ])('%s', (_, other) => {
    expect(refusalOf(cursor, { ...plan, ...other })).toBe('VALIDATION_CURSOR')
  })
})

test('a cursor outlives another limit, other fields and another order of the filters', () => {
  const other = { ...plan, limit: 50, fields: { key: '0', fields: [field('id')] }, filters: [TITLE, STATUS] }

  expect(new ListCursors(other, seal).read(cursor).values).toEqual(VALUES)
})

test('a cursor of another secret is refused', () => {
  const other = (content: string): string => createHmac('sha256', 'other').update(content).digest('base64url').slice(0, 16)
  const foreign = new ListCursors(plan, other).render(VALUES, false)

  expect(refusalOf(foreign)).toBe('VALIDATION_CURSOR')
})

test('a cursor that is longer than a URL is refused, though its seal be right', () => {
  expect(refusalOf(cursors.render(['x'.repeat(9_000)], false))).toBe('VALIDATION_CURSOR')
})

test('read() refuses garbage by VALIDATION_CURSOR and by nothing else', () => {
  const garbage = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(...'ABab01-_.='), maxLength: 60 }),
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), maxLength: 20 }),
    fc.json().map((json) => `${btoa(encodeURIComponent(json))}.${'A'.repeat(16)}`),
    fc.constantFrom('', '.', '..', cursor.replace('.', ''), `.${cursor}`, `${cursor}.`, cursor.split('.')[1] ?? ''),
  )
  fc.assert(
    fc.property(garbage, (text) => refusalOf(text) === 'VALIDATION_CURSOR'),
    { numRuns: 10_000 },
  )
})

test('read() quotes the beginning of what it refuses, and names the parameter', () => {
  expect(() => cursors.read('y'.repeat(100))).toThrow(
    expect.objectContaining({
      status: 400,
      message: `Cannot read cursor "${'y'.repeat(40)}…": its seal does not match, expected a cursor that this list returned`,
      details: [expect.objectContaining({ field: 'cursor', code: 'cursor' })],
    }),
  )
})
