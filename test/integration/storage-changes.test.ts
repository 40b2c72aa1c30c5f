import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import type { RequestContext } from '../../src/engine/index.ts'
import { PlinthError, type Uuid } from '../../src/kernel/index.ts'
import { actorOf, contextOf, newId, openStorage, type Storage, valuesOf } from './storage-kit.ts'

let storage: Storage
let admin: RequestContext
let ada: RequestContext
let grace: RequestContext
beforeAll(async () => {
  storage = await openStorage(blog)
  admin = contextOf(actorOf(blog, 'admin'))
  ada = contextOf(actorOf(blog, 'editor'))
  grace = contextOf(actorOf(blog, 'editor'))
  for (const { actor } of [ada, grace]) {
    await storage.sql.query(
      `INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1::uuid, $1::text || '@example.com', 'Editor', 'editor', now(), now(), 1)`,
      [actor.id],
    )
  }
})
afterAll(() => storage.stop())

const posts = () => storage.engine.resource('post')
const values = (given: Record<string, unknown>, isComplete = false) => valuesOf(storage.resource('post'), given, isComplete)
const create = async (context = ada, more: Record<string, unknown> = {}): Promise<Uuid> =>
  (await posts().create(context, { values: values({ author: context.actor.id, title: 'First', body: 'Text', ...more }, true) }))
    .id
const update = (context: RequestContext, id: Uuid, changes: Record<string, unknown>, expectedVersion: number | null = null) =>
  posts().update(context, { id, values: values(changes), expectedVersion })
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof PlinthError ? error.code : String(error)),
  )
const row = async (id: Uuid) =>
  (
    await storage.sql.query<{ title: string; version: number; author_id: string; updated_at: Date; deleted_at: Date | null }>(
      'SELECT * FROM posts WHERE id = $1',
      [id],
    )
  )[0]
const journal = (id: Uuid) =>
  storage.sql.query<{
    operation: string
    version: number
    actor: string
    changed: unknown
    request_id: string
    resource: string
  }>(
    'SELECT resource, operation, version, actor, request_id, changed FROM plinth_journal WHERE record_id = $1 ORDER BY position',
    [id],
  )

describe('a change', () => {
  test('adds one to the version and leaves one journal entry that names what changed', async () => {
    const id = await create()

    const changed = await update(ada, id, { title: 'Second', status: 'published' }, 1)

    expect(changed.version).toBe(2)
    expect(await row(id)).toMatchObject({ title: 'Second', version: 2 })
    const actor = ada.actor.subject
    expect(await journal(id)).toEqual([
      { resource: 'post', operation: 'create', version: 1, actor, request_id: 'req_test', changed: null },
      { resource: 'post', operation: 'update', version: 2, actor, request_id: 'req_test', changed: ['title', 'status'] },
    ])
  })

  test('of a stale version, a missing record, another’s record and an invisible one is refused, each for its reason, and leaves nothing', async () => {
    const draft = await create()
    const published = await create(ada, { status: 'published' })
    const before = await storage.sql.query('SELECT count(*) FROM plinth_journal')

    expect(await codeOf(update(ada, draft, { title: 'X' }, 7))).toBe('CONFLICT_VERSION')
    expect(await codeOf(update(ada, newId(), { title: 'X' }, 1))).toBe('NOT_FOUND_RECORD')
    // What she may read and not write is forbidden, whatever version she names; what she may not read is not there.
    expect(await codeOf(update(grace, published, { title: 'X' }, 1))).toBe('AUTH_FORBIDDEN')
    expect(await codeOf(update(grace, published, { title: 'X' }, 9))).toBe('AUTH_FORBIDDEN')
    expect(await codeOf(update(grace, draft, { title: 'X' }, 1))).toBe('NOT_FOUND_RECORD')

    expect(await storage.sql.query('SELECT count(*) FROM plinth_journal')).toEqual(before)
    expect([await row(draft), await row(published)]).toMatchObject([
      { title: 'First', version: 1 },
      { title: 'First', version: 1 },
    ])
  })

  test('cannot give a record away: the rule must hold of it as it would be', async () => {
    const id = await create(ada, { status: 'published' })

    expect(await codeOf(update(ada, id, { author: grace.actor.id }, 1))).toBe('AUTH_FORBIDDEN')
    expect(await row(id)).toMatchObject({ author_id: ada.actor.id, version: 1 })
    expect(await codeOf(update(admin, id, { author: grace.actor.id }, 1))).toBe('done')
  })

  test('that nobody else has seen survives 50 writers of one version: exactly one wins each', async () => {
    const id = await create()

    for (let version = 1; version <= 4; version++) {
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, at) => codeOf(update(ada, id, { title: `${version}.${at}` }, version))),
      )

      expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'CONFLICT_VERSION')).toHaveLength(49)
      expect(await row(id)).toMatchObject({ version: version + 1, title: `${version}.${outcomes.indexOf('done')}` })
    }
    expect((await journal(id)).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5])
  })

  test('without an expected version loses no increment of 50 at once', async () => {
    const id = await create()

    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, at) => codeOf(update(ada, id, { title: `${at}` }))))

    expect(new Set(outcomes)).toEqual(new Set(['done']))
    expect(await row(id)).toMatchObject({ version: 51 })
    expect((await journal(id)).map(({ version }) => version)).toEqual(Array.from({ length: 51 }, (_, at) => at + 1))
  })
})

describe('a deleted record', () => {
  test('is gone for reads, lists and changes, and comes back whole', async () => {
    const id = await create(ada, { status: 'published' })

    await posts().delete(admin, { id, expectedVersion: 1 })

    expect((await row(id))?.deleted_at).not.toBeNull()
    expect(await codeOf(posts().get(admin, { id }))).toBe('NOT_FOUND_RECORD')
    expect(await codeOf(update(admin, id, { title: 'X' }))).toBe('NOT_FOUND_RECORD')
    expect(await codeOf(posts().delete(admin, { id, expectedVersion: null }))).toBe('NOT_FOUND_RECORD')
    expect(await codeOf(posts().get(ada, { id, includesDeleted: true }))).toBe('AUTH_FORBIDDEN')
    expect((await posts().get(admin, { id, includesDeleted: true })).version).toBe(2)

    const restored = await posts().restore(admin, { id, expectedVersion: 2 })

    expect(restored.version).toBe(3)
    expect(JSON.parse((await posts().get(ada, { id })).json)).toMatchObject({ title: 'First', version: 3 })
    expect((await journal(id)).map(({ operation }) => operation)).toEqual(['create', 'delete', 'restore'])
  })

  test('cannot be restored over a living one that has taken its unique value', async () => {
    const users = storage.engine.resource('user')
    const make = async (): Promise<Uuid> =>
      (
        await users.create(admin, {
          values: valuesOf(storage.resource('user'), { email: 'twin@example.com', displayName: 'Twin' }, true),
        })
      ).id
    const first = await make()
    await users.delete(admin, { id: first, expectedVersion: 1 })
    const second = await make()

    const error = await users.restore(admin, { id: first, expectedVersion: 2 }).catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({ code: 'CONFLICT_DUPLICATE', details: [{ field: 'email', code: 'unique' }] })
    expect((await journal(first)).map(({ operation }) => operation)).toEqual(['create', 'delete'])
    expect((await users.get(admin, { id: second })).version).toBe(1)
  })
})

describe('transaction()', () => {
  test('does not report success when code swallows the error of a statement', async () => {
    const id = await create()
    const plan = {
      resource: storage.resource('post'),
      context: admin,
      id: newId(),
      values: values({ author: ada.actor.id, title: null, body: '', status: 'draft' }, true),
      fields: posts().compiled.fieldSets.all,
    }

    const outcome = await codeOf(
      storage.store.transaction(async (transaction) => {
        await transaction.create({
          ...plan,
          id: newId(),
          values: values({ author: ada.actor.id, title: 'Lost', body: '', status: 'draft' }, true),
        })
        await transaction.create(plan).catch(() => undefined)
        return id
      }),
    )

    expect(outcome).toBe('INTERNAL_ERROR')
    expect(await storage.sql.query(`SELECT FROM posts WHERE title = 'Lost'`)).toEqual([])
  })

  test('leaves nothing behind when its work throws, and the connection serves the next', async () => {
    const plan = {
      resource: storage.resource('post'),
      context: admin,
      fields: posts().compiled.fieldSets.all,
      values: values({ author: ada.actor.id, title: 'Undone', body: '', status: 'draft' }, true),
    }

    for (let round = 0; round < 12; round++) {
      const work = storage.store.transaction(async (transaction) => {
        await transaction.create({ ...plan, id: newId() })
        throw new PlinthError('CONFLICT_VERSION')
      })
      expect(await codeOf(work)).toBe('CONFLICT_VERSION')
    }

    expect(await storage.sql.query(`SELECT FROM posts WHERE title = 'Undone'`)).toEqual([])
    expect(
      await storage.sql.query(
        `SELECT FROM plinth_journal j LEFT JOIN posts p ON p.id = j.record_id WHERE j.resource = 'post' AND p.id IS NULL`,
      ),
    ).toEqual([])
  })
})
