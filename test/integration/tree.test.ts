// Proves GQL-04, DB-06.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { seed } from '../../examples/blog/seed.ts'
import { Engine, type TreeRoot } from '../../src/engine/index.ts'
import type { Uuid } from '../../src/kernel/index.ts'
import {
  belongsTo,
  boolean,
  choice,
  decimal,
  domain,
  hasMany,
  integer,
  json,
  list,
  permit,
  type ResourceModel,
  resource,
  text,
} from '../../src/model/index.ts'
import { actorOf, contextOf, fieldOf, newId, nobody, openStorage, recordStatements, type Storage, sortOf } from './storage-kit.ts'
import { children, field, fields, info, nodes, pageOf, readTree, reference, spelling, total } from './tree-kit.ts'

const Note = resource('note', {
  fields: {
    parent: belongsTo({ name: 'note', idPrefix: 'note' }).optional(),
    text: text({ max: 2_000_000 }),
    state: choice(['in-review', 'done']),
    moods: list(choice(['so-so', 'good']), { max: 5 }).optional(),
    price: decimal({ digits: 10 }).optional(),
    size: integer(),
    isOpen: boolean(),
    free: json({}).optional(),
    margin: text({ max: 100 }).readableBy('boss'),
  },
  relations: { replies: hasMany('note', { by: 'parent' }) },
  list: { sort: ['-createdAt'], filter: ['state', 'size', 'margin'], search: ['text'] },
  policies: () => [permit('read', 'read-deleted')],
})
const notes = domain({ name: 'notes', roles: { boss: [] }, resources: [Note] })
const note = notes.resource('note')
const user = blog.domain.resource('user')
const post = blog.domain.resource('post')

const ROOT = '01935c5a-0000-7000-8000-0000000000aa' as Uuid
const REPLY = '01935c5a-0000-7000-8000-0000000000bb' as Uuid
const GONE = '01935c5a-0000-7000-8000-0000000000cc' as Uuid
const UNDER_GONE = '01935c5a-0000-7000-8000-0000000000dd' as Uuid
const HOSTILE = '\u0001"}\u0001,\\ </script> \u001f \u2028 😀'

let storage: Storage
let engine: Engine
const boss = contextOf({ kind: 'user', id: newId(), subject: 'boss', roles: ['boss'], permissions: [] })
const admin = contextOf(actorOf(blog, 'admin'))

beforeAll(async () => {
  storage = await openStorage(blog)
  await seed(storage.sql, 20_000)
  await storage.sql.query(
    `CREATE TABLE notes (id uuid PRIMARY KEY, parent_id uuid, text text NOT NULL, state text NOT NULL, moods text[], price numeric(10,2), size bigint NOT NULL,
       is_open boolean NOT NULL, free jsonb, margin text NOT NULL, created_at timestamptz(3) NOT NULL, updated_at timestamptz(3) NOT NULL, version integer NOT NULL, deleted_at timestamptz(3))`,
  )
  await storage.sql.query(
    `INSERT INTO notes SELECT id, parent, text, state, moods, price, CASE WHEN text = 'gone' THEN 7 ELSE 9007199254740991 END, true, free::jsonb, 'secret', at, at, 1, gone FROM (VALUES
       ($1::uuid, NULL::uuid, $5, 'in-review', ARRAY['good', 'so-so'], 1.5, $6, timestamptz '2026-01-01', NULL::timestamptz),
       ($2, $1, 'reply', 'done', NULL, NULL, NULL, '2026-01-02', NULL),
       ($3, $1, 'gone', 'done', '{}', NULL, NULL, '2026-01-03', now()),
       ($4, $3, 'under the gone', 'done', NULL, NULL, NULL, '2026-01-04', NULL)) q(id, parent, text, state, moods, price, free, at, gone)`,
    [ROOT, REPLY, GONE, UNDER_GONE, HOSTILE, JSON.stringify({ [HOSTILE]: [HOSTILE, 1e21, null] })],
  )
  const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
  const seal = (sealed: string): string => createHmac('sha256', 'tests').update(sealed).digest('base64url').slice(0, 16)
  engine = new Engine({ domain: notes, store: storage.store, clock, newId, seal })
}, 60_000)
afterAll(() => storage.stop())

const idText = (prefix: string, id: string): string =>
  `${prefix}:${Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64')}`
const noteRoot = (id: Uuid, select: Extract<TreeRoot, { kind: 'record' }>['select'], as = 'note'): TreeRoot => ({
  kind: 'record',
  as,
  resource: note,
  id,
  select,
})
const listRoot = (
  of: ResourceModel,
  select: Parameters<typeof pageOf>[1],
  more: Parameters<typeof pageOf>[2] = {},
  as = 'list',
): TreeRoot => ({
  kind: 'page',
  as,
  page: pageOf(of, select, more),
})

describe('a record in a tree', () => {
  test('has each kind of field as its surface spells it, in the order asked', async () => {
    const names = [
      'state',
      'id',
      'moods',
      'parent',
      'price',
      'size',
      'isOpen',
      'createdAt',
      'version',
      'margin',
      'deletedAt',
    ] as const

    const { json } = await readTree(engine, boss, noteRoot(ROOT, fields(note, ...names)))

    expect(json).toBe(
      `{"note":{"state":"IN_REVIEW","id":"${idText('note', ROOT)}","moods":["GOOD","SO_SO"],"parent":null,"price":"1.50","size":9007199254740991,"isOpen":true,"createdAt":"2026-01-01T00:00:00+00:00","version":1,"margin":"secret","deletedAt":null}}`,
    )
  })

  test('keeps every text as it is, control characters and the mark of cursors among it', async () => {
    const { data, json } = await readTree(engine, nobody, noteRoot(ROOT, fields(note, 'text', 'free')))

    expect(data.note.text).toBe(HOSTILE)
    expect(data.note.free).toEqual({ [HOSTILE]: [HOSTILE, 1e21, null] })
    expect([...json].filter((character) => character < ' ')).toEqual([])
  })

  test('has null where there is nothing, or nothing to be seen', async () => {
    const select = [...fields(note, 'moods', 'price', 'free', 'margin'), reference(note, 'parent', fields(note, 'text'))]

    const { data } = await readTree(
      engine,
      nobody,
      noteRoot(UNDER_GONE, select),
      noteRoot(GONE, select, 'gone'),
      noteRoot(newId(), select, 'none'),
    )

    expect(data).toEqual({ note: { moods: null, price: null, free: null, margin: null, parent: null }, gone: null, none: null })
  })

  test('holds what it refers to and what belongs to it, to any depth', async () => {
    const select = [
      reference(note, 'parent', [children(note, 'replies', [nodes([field(note, 'text'), children(note, 'replies', [total])])])]),
    ]

    const { data } = await readTree(engine, nobody, noteRoot(REPLY, select))

    expect(data.note).toEqual({ parent: { replies: { nodes: [{ text: 'reply', replies: { total: 0 } }] } } })
  })

  test('of two megabytes is printed whole', async () => {
    const long = '"é😀\n'.repeat(200_000)
    const id = newId()
    await storage.sql.query(
      `INSERT INTO notes SELECT $1, NULL, $2, 'done', NULL, NULL, 0, false, NULL, '', now(), now(), 1, now() + interval '0'`,
      [id, long],
    )

    const { data } = await readTree(
      engine,
      nobody,
      listRoot(note, [nodes(fields(note, 'text'))], { includesDeleted: true, limit: 1 }),
    )

    expect(data.list.nodes[0].text === long).toBe(true)
  })
})

test('nothing is reached under a deleted record, though the record itself is listed', async () => {
  const select = [
    nodes([field(note, 'id'), field(note, 'deletedAt'), children(note, 'replies', [total, nodes(fields(note, 'text')), info])]),
  ]
  const filters = [{ field: fieldOf(note, 'size'), operator: 'eq', value: 7 } as const]

  const { data } = await readTree(engine, nobody, listRoot(note, select, { includesDeleted: true, filters }))

  expect(data.list.nodes).toEqual([
    {
      id: idText('note', GONE),
      deletedAt: expect.stringMatching(/^\d{4}-/),
      replies: { total: 0, nodes: [], info: { hasNext: false, hasPrevious: false, first: null, last: null } },
    },
  ])
})

test('many records come in the order of their keys, null for each that is not there', async () => {
  const select = new Map([[note, fields(note, 'text')]])
  const keys = [REPLY, newId(), REPLY, GONE].map((id) => ({ resource: note, id }))

  const { data } = await readTree(engine, nobody, { kind: 'records', as: 'notes', keys: [...keys, null], select })

  expect(data.notes).toEqual([{ text: 'reply' }, null, { text: 'reply' }, null, null])
})

describe('a page under a record', () => {
  const author = '01935c5a-0000-7000-8000-000000000002' as Uuid
  const page = (more: Parameters<typeof children>[3]): TreeRoot => ({
    kind: 'record',
    as: 'user',
    resource: user,
    id: author,
    select: [children(user, 'posts', [nodes(fields(post, 'title')), info], more)],
  })

  test('is walked to its end by its own cursors, forward and back, each record once', async () => {
    const walk = async (side: 'after' | 'before'): Promise<readonly string[]> => {
      const titles: string[] = []
      for (let cursor: string | undefined, goesOn = true; goesOn; ) {
        const { data } = await readTree(
          storage.engine,
          admin,
          page({ limit: 700, isFromEnd: side === 'before', cursor: cursor === undefined ? undefined : { text: cursor, side } }),
        )
        const { nodes: records, info: told } = data.user.posts
        const found = records.map(({ title }: { title: string }) => title)
        if (side === 'after') titles.push(...found)
        else titles.unshift(...found)
        goesOn = side === 'after' ? told.hasNext : told.hasPrevious
        cursor = side === 'after' ? told.last : told.first
      }
      return titles
    }

    const forward = await walk('after')
    const backward = await walk('before')
    const rows = await storage.sql.query<{ title: string }>(
      'SELECT title FROM posts WHERE author_id = $1 ORDER BY created_at DESC, id DESC',
      [author],
    )

    expect(forward).toEqual(rows.map(({ title }) => title))
    expect(backward).toEqual(forward)
    expect(forward.length).toBeGreaterThan(1_400)
  })

  test('refuses the cursor of another list', async () => {
    const all = await readTree(storage.engine, admin, listRoot(post, [info]))
    const other = await readTree(storage.engine, admin, page({ sort: sortOf(post, 'title') }))

    for (const text of [all.data.list.info.last, other.data.user.posts.info.last, 'x']) {
      const { data, codes } = await readTree(storage.engine, admin, page({ cursor: { text, side: 'after' } }))

      expect({ data, codes }).toEqual({ data: { user: null }, codes: { user: 'VALIDATION_CURSOR' } })
    }
  })
})

describe('a root that may not be read', () => {
  test('is null, and the others are answered', async () => {
    const { data, codes } = await readTree(
      storage.engine,
      nobody,
      listRoot(user, [total], {}, 'users'),
      listRoot(post, [total], {}, 'posts'),
      listRoot(post, [total], { includesDeleted: true }, 'deleted'),
      {
        kind: 'records',
        as: 'some',
        keys: [
          { resource: user, id: newId() },
          { resource: post, id: newId() },
        ],
        select: new Map([
          [user, fields(user, 'id')],
          [post, fields(post, 'id')],
        ]),
      },
    )

    expect(data).toEqual({ users: null, posts: { total: 12_000 }, deleted: null, some: [null, null] })
    expect(codes).toEqual({ users: 'AUTH_REQUIRED', deleted: 'AUTH_REQUIRED', 'some.0': 'AUTH_REQUIRED' })
  })

  test('shows of a record to which it refers nothing at all', async () => {
    const { data, codes } = await readTree(
      storage.engine,
      nobody,
      listRoot(post, [nodes([reference(post, 'author', fields(user, 'email'))])], { limit: 2 }),
    )

    expect({ data, codes }).toEqual({ data: { list: { nodes: [{ author: null }, { author: null }] } }, codes: {} })
  })

  test('is one that filters or sorts by what the caller may not see', async () => {
    const filters = [{ field: fieldOf(note, 'margin'), operator: 'eq', value: 'secret' } as const]

    expect((await readTree(engine, nobody, listRoot(note, [total], { filters }))).codes).toEqual({ list: 'VALIDATION_FAILED' })
    expect((await readTree(engine, boss, listRoot(note, [total], { filters }))).codes).toEqual({})
  })
})

describe('a tree beyond measure', () => {
  const nested = (depth: number, limit: number): readonly Parameters<typeof nodes>[0][number][] =>
    depth === 0 ? fields(note, 'id') : [children(note, 'replies', [nodes(nested(depth - 1, limit))], { limit })]

  test.each([
    ['of too many records', listRoot(note, [nodes(nested(2, 100))], { limit: 100 })],
    ['of too many levels', listRoot(note, [nodes(nested(51, 1))], { limit: 1 })],
    ['of too many values', listRoot(note, [nodes(Array.from({ length: 1_001 }, (_, at) => field(note, 'id', `k${at}`)))])],
  ])('%s is refused', async (_, root) => {
    const { data, codes } = await readTree(engine, nobody, root)

    expect({ data, codes }).toEqual({ data: { list: null }, codes: { list: 'VALIDATION_FAILED' } })
  })

  test('is answered up to its bounds', async () => {
    const wide = nodes(Array.from({ length: 990 }, (_, at) => field(note, 'id', `k${at}`)))

    expect((await readTree(engine, nobody, listRoot(note, [wide]))).codes).toEqual({})
    expect((await readTree(engine, nobody, listRoot(note, [nodes(nested(49, 1))], { limit: 1 }))).codes).toEqual({})
  })
})

const usersWithPosts = listRoot(
  user,
  [
    nodes([
      ...fields(user, 'id', 'displayName'),
      children(user, 'posts', [
        nodes([...fields(post, 'id', 'title'), reference(post, 'author', fields(user, 'displayName'))]),
        info,
      ]),
    ]),
  ],
  { limit: 20 },
)

describe('the statement of a tree', () => {
  test('is one, whatever is asked', async () => {
    const roots = [usersWithPosts, listRoot(post, [total, info, nodes(fields(post, 'id'))], {}, 'posts')]

    const sent = await recordStatements(() => readTree(storage.engine, admin, ...roots))

    expect(sent).toHaveLength(1)
  })

  test('is not sent where nothing is left to ask', async () => {
    const sent = await recordStatements(() =>
      readTree(storage.engine, nobody, listRoot(user, [total]), { kind: 'constant', as: 'type', value: 'Query' }),
    )

    expect(sent).toEqual([])
  })

  test('holds no text of the caller: names are bound, and stand in the answer as they came', async () => {
    const as = `"' || pg_sleep(9) \\`
    const root = { ...noteRoot(REPLY, [{ ...field(note, 'text'), as, isAlias: true }]), as, isAlias: true }

    const sent = await recordStatements(async () => {
      const { json } = await engine.readTree(nobody, { spelling, roots: [root] })
      expect(JSON.parse(json)).toEqual({ [as]: { [as]: 'reply' } })
    })

    expect(sent[0]?.text).not.toContain('pg_sleep')
  })

  test('is one for pages of all sizes below a power of ten and one for the power, and each has the records that it asked for', async () => {
    const page = (limit: number) => listRoot(post, [nodes(fields(post, 'id')), info], { limit })
    const lengths: number[] = []

    const sent = await recordStatements(async () => {
      for (let limit = 1; limit <= 100; limit++) {
        const { data } = await readTree(storage.engine, admin, page(limit))
        lengths.push(data.list.nodes.length)
      }
    })

    expect(lengths).toEqual(Array.from({ length: 100 }, (_, at) => at + 1))
    expect(new Set(sent.map(({ text }) => text)).size).toBe(4)
  })

  test('reads no more rows than the page shows, and one to tell that there are more', async () => {
    const [statement] = await recordStatements(() =>
      readTree(storage.engine, admin, listRoot(post, [nodes(fields(post, 'id')), info], { limit: 12 })),
    )
    await storage.sql.query(`SET plan_cache_mode = force_generic_plan; PREPARE bounded AS ${statement?.text}`)

    const rows = await storage.sql.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) EXECUTE bounded(${statement?.values?.join()})`,
    )
    await storage.sql.query('DEALLOCATE bounded; RESET plan_cache_mode')

    // The window stops at the first row whose number is too great, which is the 14th.
    expect(rows.map((row) => row['QUERY PLAN']).find((line) => line.includes('posts_created_at_idx'))).toMatch(
      /actual rows=1[34](?:\.00)? loops=1/,
    )
  })

  test.each(['force_custom_plan', 'force_generic_plan'])('walks indexes for 20 users with 10 posts each (%s)', async (mode) => {
    const statements = await recordStatements(() => readTree(storage.engine, admin, usersWithPosts))
    const statement = statements.at(-1)
    await storage.sql.query(`SET plan_cache_mode = ${mode}; SET jit = off; PREPARE explained AS ${statement?.text}`)

    const rows = await storage.sql.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) EXECUTE explained(${statement?.values?.join()})`,
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    await storage.sql.query('DEALLOCATE explained')

    expect(plan).toContain('Index Scan using users_created_at_idx')
    expect(plan).toContain('Index Scan using posts_author_id_created_at_idx')
    expect(plan).toContain('Index Scan using users_pkey')
    expect(plan).not.toMatch(/Seq Scan|Sort|Bitmap/)
    // 20 walks of 11 posts, each perhaps on a page of its own, and as many authors, each three pages down.
    expect(Number(/Buffers: shared hit=(\d+)/.exec(plan)?.[1])).toBeLessThan(1_200)
  })
})
