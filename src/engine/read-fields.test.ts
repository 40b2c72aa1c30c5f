import { describe, expect, test } from 'vitest'
import type { Uuid } from '../kernel/index.ts'
import {
  type Actor,
  belongsTo,
  choice,
  domain,
  type FieldModel,
  integer,
  permit,
  resource,
  secret,
  text,
} from '../model/index.ts'
import { FieldReader, type FieldValues, type ReadMode } from './index.ts'

const User = resource('user', { fields: { name: text({ max: 50 }) }, policies: () => [permit('read')] })
const Post = resource('post', {
  fields: {
    author: belongsTo(User).immutable(),
    title: text({ max: 10 }),
    stars: integer({ min: 1, max: 5 }).optional(),
    status: choice(['draft', 'published']).default('draft'),
    views: integer().default(0).readOnly(),
    rank: integer().default(1).writableBy('admin'),
    password: secret({ min: 3, max: 20 }).optional(),
  },
  policies: () => [permit('read')],
})
const model = domain({ name: 'blog', roles: { admin: [], editor: [] }, resources: [User, Post] }).resource('post')
const reader = new FieldReader(model.fields, 'column')

const as = (...roles: readonly string[]): Actor => ({ kind: 'user', id: null, subject: 'a', roles, permissions: [] })
const editor = as('editor')
const admin = as('admin')
const AUTHOR = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
const AUTHOR_ID = 'user_01h455vb4pex5vsknk084sn02q'

function field(name: string): FieldModel {
  const found = model.fieldsByName.get(name)
  if (found === undefined) throw new Error(`there is no field ${name}`)
  return found
}

function named(values: FieldValues): Record<string, unknown> {
  return Object.fromEntries([...values].map(([{ name }, value]) => [name, value]))
}

interface Refused {
  readonly code: string
  readonly details: readonly { readonly field: string; readonly code: string; readonly message: string }[]
}

function refusalOf(body: unknown, mode: ReadMode, actor = editor, given?: FieldValues): Refused {
  try {
    reader.read(body, mode, actor, given)
  } catch (error) {
    return error as Refused
  }
  throw new Error('the body was accepted')
}

const whole = { author_id: AUTHOR_ID, title: 'A title' }

describe('the order of what was sent', () => {
  test('is that of the declaration, so that it makes no other statement and no other entry in the journal', () => {
    const orderOf = (body: object, mode: ReadMode) => Object.keys(named(reader.read(body, mode, admin)))

    expect(orderOf({ rank: 2, stars: 1, title: 'B' }, 'update')).toEqual(['title', 'stars', 'rank'])
    expect(orderOf({ title: 'B', author_id: AUTHOR_ID }, 'create')).toEqual(orderOf(whole, 'create'))
    expect(orderOf({ rank: 2, title: 'B' }, 'replace')).toEqual(orderOf({ title: 'B', rank: 2 }, 'replace'))
  })
})

describe('FieldReader accepts', () => {
  test('a creation, and fills in what was left out', () => {
    const values = named(reader.read(whole, 'create', editor))

    expect(values).toEqual({ author: AUTHOR, title: 'A title', stars: null, status: 'draft', views: 0, rank: 1, password: null })
  })

  test('an update with what is there and nothing else', () => {
    expect(named(reader.read({ title: 'B' }, 'update', editor))).toEqual({ title: 'B' })
    expect(named(reader.read({}, 'update', editor))).toEqual({})
    expect(named(reader.read({ stars: null }, 'update', editor))).toEqual({ stars: null })
  })

  test('a replacement: what is left out loses its value, but for what this caller cannot give again', () => {
    expect(named(reader.read({ title: 'B' }, 'replace', editor))).toEqual({ title: 'B', stars: null, status: 'draft' })
    expect(named(reader.read({ title: 'B' }, 'replace', admin))).toEqual({ title: 'B', stars: null, status: 'draft', rank: 1 })
  })

  test('a body that repeats what the path has said', () => {
    const given = new Map([[field('author'), AUTHOR]])

    expect(named(reader.read({ title: 'A' }, 'create', editor, given))).toMatchObject({ author: AUTHOR, title: 'A' })
    expect(named(reader.read(whole, 'create', editor, given))).toMatchObject({ author: AUTHOR, title: 'A title' })
  })
})

describe('FieldReader refuses', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['text', '{}'],
    ['a number', 1],
    ['nothing', undefined],
  ])('a body that is %s', (_, body) => {
    expect(refusalOf(body, 'create')).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ field: '', code: 'type', message: 'The body must be a JSON object' }],
    })
  })

  const CASES: readonly [string, ReadMode, object, object][] = [
    [
      'an unknown field',
      'update',
      { titel: 'A' },
      {
        field: 'titel',
        code: 'unknown',
        message: '"titel" is not a field here, expected some of author_id, title, stars, status, password',
      },
    ],
    ['a name of the other surface', 'update', { authorId: AUTHOR_ID }, { field: 'authorId', code: 'unknown' }],
    [
      'a read-only field',
      'update',
      { views: 1 },
      { field: 'views', code: 'read_only', message: 'views is set by the service and cannot be sent' },
    ],
    ['a standard field', 'create', { ...whole, version: 9 }, { field: 'version', code: 'read_only' }],
    ['the id', 'create', { ...whole, id: 'post_01h455vb4pex5vsknk084sn02q' }, { field: 'id', code: 'read_only' }],
    ['the deletion time, which no caller knows of', 'update', { deleted_at: null }, { field: 'deleted_at', code: 'unknown' }],
    [
      'an immutable field in an update',
      'update',
      { author_id: AUTHOR_ID },
      { field: 'author_id', code: 'immutable', message: 'author_id cannot change once the record exists' },
    ],
    ['an immutable field in a replacement', 'replace', whole, { field: 'author_id', code: 'immutable' }],
    [
      'a creation without a required field',
      'create',
      { author_id: AUTHOR_ID },
      { field: 'title', code: 'required', message: 'title is required' },
    ],
    ['a replacement without a required field', 'replace', {}, { field: 'title', code: 'required' }],
    [
      'null where something must be',
      'update',
      { title: null },
      { field: 'title', code: 'null', message: 'title must not be null' },
    ],
    [
      'a value of another type',
      'update',
      { stars: '3' },
      { field: 'stars', code: 'type', message: 'stars must be a whole number' },
    ],
    ['a value out of bounds', 'update', { stars: 6 }, { field: 'stars', code: 'too_large', message: 'stars must be at most 5' }],
    [
      'an id of another resource',
      'create',
      { ...whole, author_id: 'post_01h455vb4pex5vsknk084sn02q' },
      { field: 'author_id', code: 'id' },
    ],
    ['a key "__proto__"', 'update', JSON.parse('{"__proto__":{"title":"A"}}') as object, { field: '__proto__', code: 'unknown' }],
    ['a key "constructor"', 'update', { constructor: 1 }, { field: 'constructor', code: 'unknown' }],
  ]
  test.each(CASES)('%s', (_, mode, body, detail) => {
    expect(refusalOf(body, mode)).toMatchObject({ code: 'VALIDATION_FAILED', details: [detail] })
  })

  test('what others may set, by its name and with its own code', () => {
    expect(refusalOf({ rank: 1 }, 'update')).toMatchObject({
      code: 'AUTH_FIELD_FORBIDDEN',
      status: 403,
      details: [{ field: 'rank', code: 'forbidden', message: 'rank may be set by others only' }],
    })
    expect(named(reader.read({ rank: 2 }, 'update', admin))).toEqual({ rank: 2 })
  })

  test('a body that contradicts the path', () => {
    const given = new Map([[field('author'), '01890a5d-ac96-774b-bcce-b302099a8058' as Uuid]])

    expect(refusalOf(whole, 'create', editor, given).details).toEqual([
      { field: 'author_id', code: 'mismatch', message: 'author_id must be the one in the path, or be left out' },
    ])
  })

  test('with all that is wrong at once, in the order of the body', () => {
    const { details } = refusalOf({ stars: 9, nope: 1, title: null, views: 1 }, 'create')

    expect(details.map(({ field, code }) => [field, code])).toEqual([
      ['stars', 'too_large'],
      ['nope', 'unknown'],
      ['title', 'null'],
      ['views', 'read_only'],
      ['author_id', 'required'],
    ])
  })

  test('after twenty findings at the most, and says nothing of what it has not read', () => {
    const body = { ...Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`nope${at}`, 1])), ...whole }

    const { details } = refusalOf(body, 'create')

    expect(details).toHaveLength(20)
    expect(new Set(details.map(({ code }) => code))).toEqual(new Set(['unknown']))
  })

  test('a name of any length by its beginning', () => {
    const [detail] = refusalOf({ ['n'.repeat(10_000)]: 1 }, 'update').details

    expect(detail?.field).toBe(`${'n'.repeat(64)}…`)
    expect(detail?.message.length).toBeLessThan(200)
  })
})

test('FieldReader leaves no prototype changed, whatever the body', () => {
  refusalOf(JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}'), 'create')

  expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
})
