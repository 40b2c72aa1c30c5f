/** What the engine answers over a real database: who is told 401, 403 or 404, what an action may do, and what happens once. */
// Proves SEC-01.
import { createHash, createHmac, randomFillSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import {
  Engine,
  type FieldValues,
  type KeptAnswer,
  type OnceKey,
  type RequestContext,
  type ResourceOperations,
} from '../../src/engine/index.ts'
import { type Uuid, uuidGenerator } from '../../src/kernel/index.ts'
import {
  type Actor,
  belongsTo,
  type Domain,
  domain,
  NOBODY,
  permit,
  type ResourceModel,
  resource,
  text,
} from '../../src/model/index.ts'
import { openConnection, PgStore, type PlainConnection } from '../../src/pg/index.ts'
import { appTemplate, type TestDatabase, testDatabase } from '../../src/testing/index.ts'
import { createTable } from './policy-cases.ts'

const NOW_MS = Date.parse('2026-01-31T09:30:00Z')
const clock = { now: () => NOW_MS, monotonicMs: () => performance.now() }
const newId = uuidGenerator({ ...clock, now: () => Date.now() }, { fill: (target) => void randomFillSync(target) })
const seal = (content: string): string => createHmac('sha256', 'tests').update(content).digest('base64url').slice(0, 16)

let database: TestDatabase
let sql: PlainConnection
let store: PgStore
let otherStore: PgStore
let engine: Engine

beforeAll(async () => {
  database = await testDatabase(await appTemplate(blog))
  sql = await openConnection(database.url)
  store = new PgStore({ url: database.url, applicationName: 'policy-engine' })
  otherStore = new PgStore({ url: database.url, applicationName: 'policy-engine-other' })
  engine = engineOver(store, blog.domain)
})

afterAll(async () => {
  await Promise.all([store.close(), otherStore.close(), sql.close()])
  await database.drop()
})

function engineOver(over: PgStore, of: Domain): Engine {
  return new Engine({ domain: of, store: over, clock, newId, seal })
}

function asUser(role: string, id: Uuid = newId(), of: Domain = blog.domain): RequestContext {
  const actor: Actor = { kind: 'user', id, subject: `usr_${id}`, roles: [role], permissions: of.roles[role] ?? [] }
  return { actor, nowMs: NOW_MS, address: null, requestId: 'req_1' }
}

const nobody: RequestContext = { actor: NOBODY, nowMs: NOW_MS, address: null, requestId: 'req_1' }

/** Values by the names of their fields; with `isComplete`, what is left out has its default. */
function valuesOf(model: ResourceModel, values: Readonly<Record<string, unknown>>, isComplete = false): FieldValues {
  const fields = model.fields.filter((field) => Object.hasOwn(values, field.name) || (isComplete && !field.isStandard))
  return new Map(
    fields.map((field) => [field, Object.hasOwn(values, field.name) ? values[field.name] : (field.rules.fallback ?? null)]),
  )
}

const posts = (): ResourceOperations => engine.resource('post')
const users = (): ResourceOperations => engine.resource('user')

/** An editor with an account, and as many posts of theirs as asked. */
async function makeEditor(): Promise<RequestContext> {
  const context = asUser('editor')
  const id = context.actor.id as Uuid
  await sql.query(
    `INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, $2, 'Ada', 'editor', now(), now(), 1)`,
    [id, `${id}@example.com`],
  )
  return context
}

async function makePost(author: RequestContext, status = 'draft'): Promise<Uuid> {
  const values = valuesOf(posts().model, { author: author.actor.id, title: 'A title', body: 'A body', status }, true)
  return (await posts().create(author, { values })).id
}

function change(
  model: ResourceModel,
  id: Uuid,
  values: Readonly<Record<string, unknown>>,
  expectedVersion: number | null = null,
) {
  return { id, values: valuesOf(model, values), expectedVersion }
}

const rowOf = async (id: Uuid): Promise<Record<string, unknown> | undefined> =>
  (await sql.query('SELECT * FROM posts WHERE id = $1', [id]))[0]

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'permitted',
    (error: { readonly code?: string }) => error.code ?? String(error),
  )
}

describe('what a caller is told', () => {
  test('a record that may not be read is as missing as one that does not exist', async () => {
    const ada = await makeEditor()
    const draft = await makePost(ada)
    const stranger = asUser('viewer')

    const hidden = await posts()
      .get(nobody, { id: draft })
      .catch((error: Error) => error)
    const missing = await posts()
      .get(nobody, { id: newId() })
      .catch((error: Error) => error)

    expect(hidden).toMatchObject({ code: 'NOT_FOUND_RECORD', status: 404, details: [] })
    expect(missing).toMatchObject({ code: 'NOT_FOUND_RECORD', status: 404, details: [] })
    expect((hidden as Error).message.replace(/".*"/, '')).toBe((missing as Error).message.replace(/".*"/, ''))
    expect(await codeOf(posts().get(stranger, { id: draft }))).toBe('NOT_FOUND_RECORD')
    expect(await codeOf(posts().get(ada, { id: draft }))).toBe('permitted')
  })

  test('an operation that no rule can permit is refused alike whether or not the record exists', async () => {
    const published = await makePost(await makeEditor(), 'published')
    const model = posts().model
    const viewer = asUser('viewer')

    for (const id of [published, newId()]) {
      expect(await codeOf(posts().update(nobody, change(model, id, { title: 'Mine' })))).toBe('AUTH_REQUIRED')
      expect(await codeOf(posts().update(viewer, change(model, id, { title: 'Mine' })))).toBe('AUTH_FORBIDDEN')
      expect(await codeOf(posts().delete(viewer, { id, expectedVersion: null }))).toBe('AUTH_FORBIDDEN')
    }
  })

  test.each([
    ['a readable record of somebody else', 'published', 'AUTH_FORBIDDEN'],
    ['an unreadable record of somebody else', 'draft', 'NOT_FOUND_RECORD'],
  ])('a change of %s', async (_, status, code) => {
    const id = await makePost(await makeEditor(), status)

    const answer = await codeOf(posts().update(await makeEditor(), change(posts().model, id, { title: 'Mine' })))

    expect(answer).toBe(code)
    expect(await rowOf(id)).toMatchObject({ title: 'A title', version: 1 })
  })

  test('a version that is out of date is told only to those who may change the record', async () => {
    const ada = await makeEditor()
    const id = await makePost(ada, 'published')
    const stale = change(posts().model, id, { title: 'Mine' }, 7)

    expect(await codeOf(posts().update(await makeEditor(), stale))).toBe('AUTH_FORBIDDEN')
    expect(await codeOf(posts().update(ada, stale))).toBe('CONFLICT_VERSION')
  })

  test('of two changes to one version one is made and one is told that it is stale', async () => {
    const ada = await makeEditor()
    const id = await makePost(ada)
    const attempts = ['One', 'Two'].map((title) => codeOf(posts().update(ada, change(posts().model, id, { title }, 1))))

    const answers = await Promise.all(attempts)

    expect(answers.sort()).toEqual(['CONFLICT_VERSION', 'permitted'])
    expect(await rowOf(id)).toMatchObject({ version: 2 })
  })

  test('deleted records are shown by their own rule alone', async () => {
    const ada = await makeEditor()
    const id = await makePost(ada, 'published')
    const admin = asUser('admin')
    await posts().delete(admin, { id, expectedVersion: null })

    expect(await codeOf(posts().get(ada, { id }))).toBe('NOT_FOUND_RECORD')
    expect(await codeOf(posts().get(ada, { id, includesDeleted: true }))).toBe('AUTH_FORBIDDEN')
    expect(await codeOf(posts().get(nobody, { id, includesDeleted: true }))).toBe('AUTH_REQUIRED')
    expect(JSON.parse((await posts().get(admin, { id, includesDeleted: true })).json)).toHaveProperty('deleted_at')
    expect(await codeOf(posts().restore(ada, { id, expectedVersion: null }))).toBe('AUTH_FORBIDDEN')
    expect(JSON.parse((await posts().restore(admin, { id, expectedVersion: null })).json)).not.toHaveProperty('deleted_at')
  })

  test('whoever may see deleted records sees no living one beyond what they may read', async () => {
    const live = await makeEditor()
    const gone = await makeEditor()
    const goneId = gone.actor.id as Uuid
    await users().delete(asUser('admin'), { id: goneId, expectedVersion: null })
    const { actor, ...rest } = asUser('viewer')
    const keeper: RequestContext = { ...rest, actor: { ...actor, roles: [], permissions: ['users:write'] } }

    expect(await codeOf(users().get(keeper, { id: live.actor.id as Uuid, includesDeleted: true }))).toBe('NOT_FOUND_RECORD')
    expect(await codeOf(users().get(keeper, { id: goneId, includesDeleted: true }))).toBe('permitted')
    const { records } = await users().list(keeper, { filters: [], limit: 100, includesDeleted: true })
    expect(records.map((record) => record.id)).toContain(goneId)
    expect(records.map((record) => JSON.parse(record.json).deleted_at)).not.toContain(null)
  })

  test('the empty list of a parent that is missing or hidden is a 404, that of a visible one an empty page', async () => {
    const ada = await makeEditor()
    const { model } = users()
    const [child] = model.children
    if (child === undefined) throw new Error('users have posts')
    const listOf = (context: RequestContext, id: Uuid) =>
      posts().list(context, { parent: { child, parent: model, id }, filters: [], limit: 5 })

    expect((await listOf(ada, ada.actor.id as Uuid)).records).toEqual([])
    expect(await codeOf(listOf(await makeEditor(), ada.actor.id as Uuid))).toBe('NOT_FOUND_RECORD')
    expect(await codeOf(listOf(ada, newId()))).toBe('NOT_FOUND_RECORD')
    expect(await codeOf(listOf(nobody, ada.actor.id as Uuid))).toBe('NOT_FOUND_RECORD')
  })
})

describe('a rule for writing holds of the record before and after', () => {
  test('nobody creates a record in the name of another', async () => {
    const ada = await makeEditor()
    const values = valuesOf(posts().model, { author: ada.actor.id, title: 'Forged', body: '' }, true)

    expect(await codeOf(posts().create(await makeEditor(), { values }))).toBe('AUTH_FORBIDDEN')
    expect(await codeOf(posts().create(nobody, { values }))).toBe('AUTH_REQUIRED')
    expect(await sql.query(`SELECT FROM posts WHERE title = 'Forged'`)).toEqual([])
  })

  test('nobody takes a record of another by naming themselves', async () => {
    const ada = await makeEditor()
    const thief = await makeEditor()
    const id = await makePost(ada, 'published')

    expect(await codeOf(posts().update(thief, change(posts().model, id, { author: thief.actor.id })))).toBe('AUTH_FORBIDDEN')
    expect(await rowOf(id)).toMatchObject({ author_id: ada.actor.id, version: 1 })
  })

  test('nobody gives a record of theirs away', async () => {
    const ada = await makeEditor()
    const other = await makeEditor()
    const id = await makePost(ada)

    expect(await codeOf(posts().update(ada, change(posts().model, id, { author: other.actor.id })))).toBe('AUTH_FORBIDDEN')
    expect(await rowOf(id)).toMatchObject({ author_id: ada.actor.id, version: 1 })
    expect(await codeOf(posts().update(asUser('admin'), change(posts().model, id, { author: other.actor.id })))).toBe('permitted')
  })

  test('a change that is refused leaves no entry in the journal', async () => {
    const ada = await makeEditor()
    const id = await makePost(ada, 'published')

    await codeOf(posts().update(await makeEditor(), change(posts().model, id, { title: 'Mine' })))

    expect(await sql.query('SELECT operation, version FROM plinth_journal WHERE record_id = $1', [id])).toEqual([
      { operation: 'create', version: 1 },
    ])
  })
})

describe('an action', () => {
  function publish(context: RequestContext, id: Uuid, expectedVersion: number | null = null, operations = posts()) {
    const [action] = operations.model.actions
    if (action === undefined) throw new Error('posts can be published')
    return operations.act(context, { id, action, values: new Map(), expectedVersion })
  }

  test('changes the record and says what it is now', async () => {
    const ada = await makeEditor()
    const id = await makePost(ada)

    const record = await publish(ada, id, 1)

    expect(record).toMatchObject({ id, version: 2 })
    expect(JSON.parse(record.json)).toMatchObject({ status: 'published', version: 2 })
    expect(await rowOf(id)).toMatchObject({ status: 'published', published_at: new Date(NOW_MS), version: 2 })
    expect(await sql.query('SELECT operation FROM plinth_journal WHERE record_id = $1 ORDER BY position', [id])).toEqual([
      { operation: 'create' },
      { operation: 'publish' },
    ])
  })

  test('refuses by a rule of the domain with its own code', async () => {
    const ada = await makeEditor()
    const id = await makePost(ada, 'archived')

    const refusal = await publish(ada, id).catch((error: Error) => error)

    expect(refusal).toMatchObject({
      code: 'CONFLICT_POST_NOT_DRAFT',
      status: 422,
      message: 'Only a draft can be published',
      isRetryable: false,
    })
    expect(await rowOf(id)).toMatchObject({ status: 'archived', version: 1 })
  })

  test.each([
    ['nobody', 'published', async () => nobody, 'AUTH_REQUIRED'],
    ['a role without a rule', 'published', async () => asUser('viewer'), 'AUTH_FORBIDDEN'],
    ['an editor, on a readable post of another', 'published', makeEditor, 'AUTH_FORBIDDEN'],
    ['an editor, on a hidden post of another', 'draft', makeEditor, 'NOT_FOUND_RECORD'],
  ])('asked for by %s is refused before the rules of the domain are asked', async (_, status, makeCaller, code) => {
    const id = await makePost(await makeEditor(), status)

    expect(await codeOf(publish(await makeCaller(), id))).toBe(code)
  })

  test('tells a stale version only to those who may do it', async () => {
    const ada = await makeEditor()
    const id = await makePost(ada, 'published')

    expect(await codeOf(publish(await makeEditor(), id, 7))).toBe('AUTH_FORBIDDEN')
    expect(await codeOf(publish(ada, id, 7))).toBe('CONFLICT_VERSION')
  })

  test('has its record locked: the second of two finds what the first has done', async () => {
    const ada = await makeEditor()
    const id = await makePost(ada)

    const answers = await Promise.all([
      codeOf(publish(ada, id)),
      codeOf(publish(ada, id, null, engineOver(otherStore, blog.domain).resource('post'))),
    ])

    expect(answers.sort()).toEqual(['CONFLICT_POST_NOT_DRAFT', 'permitted'])
    expect(await rowOf(id)).toMatchObject({ version: 2 })
  })
})

describe('the code of an action', () => {
  const Shelf = resource('shelf', { plural: 'shelves', fields: { label: text({ max: 50 }) }, policies: () => [permit('read')] })
  const Letter = resource('letter', {
    fields: { shelf: belongsTo(Shelf), body: text({ max: 50 }), stamp: text({ max: 50 }).optional().default('first class') },
    policies: () => [permit('read').to('reader')],
  })
  const Vault = resource('vault', {
    fields: {
      shelf: belongsTo(Shelf),
      label: text({ max: 50 }),
      pin: text({ max: 8 }).writeOnly(),
      note: text({ max: 50 }).optional().default('none'),
    },
    policies: ({ record }) => [
      permit('read', 'create', 'update'),
      permit('open', 'fail', 'spoil', 'look', 'add').when(record.pin.is('1234')),
    ],
    actions: (action) => ({
      open: action({
        run: async ({ record, store: { update } }) => update(record, { label: `opened by ${Object.keys(record).join(', ')}` }),
      }),
      fail: action({
        async run({ record, store: { update } }) {
          await update(record, { label: 'half-way' })
          throw new Error('broken')
        },
      }),
      spoil: action({ run: async ({ record, store: { update } }) => update(record, { version: 9 } as never) }),
      look: action({
        async run({ record, store: { update, find, listBy } }) {
          const listed = await listBy(Letter, 'shelf', record.shelf)
          const found = await find(Letter, listed[0]?.id ?? record.id)
          return update(record, { label: `found ${found?.body ?? 'nothing'}, listed ${listed.length}` })
        },
      }),
      add: action({
        async run({ record, store: { update, create } }) {
          const letter = await create(Letter, { shelf: record.shelf, body: 'Dear', stamp: null })
          return update(record, { label: `${letter.body}, ${letter.stamp ?? 'no stamp'}`, note: undefined } as never)
        },
      }),
    }),
  })
  const vaults = domain({ name: 'vaults', roles: { reader: [], owner: [] }, resources: [Shelf, Letter, Vault] })
  const owner = asUser('owner', newId(), vaults)
  let vault: ResourceOperations

  beforeAll(async () => {
    for (const model of vaults.resources) await sql.query(createTable(model))
    vault = engineOver(store, vaults).resource('vault')
  })

  async function makeVault(pin: string): Promise<Uuid> {
    const shelf = newId()
    await sql.query('INSERT INTO shelves (id, label, created_at, updated_at, version) VALUES ($1, $2, now(), now(), 1)', [
      shelf,
      'oak',
    ])
    const values = valuesOf(vault.model, { shelf, label: 'shut', pin }, true)
    return (await vault.create(owner, { values })).id
  }

  function act(name: string, id: Uuid, context = owner) {
    const action = vault.model.actions.find((one) => one.name === name)
    if (action === undefined) throw new Error(`there is no action ${name}`)
    return vault.act(context, { id, action, values: new Map(), expectedVersion: null })
  }

  const stored = async (id: Uuid) => (await sql.query('SELECT label, note, version FROM vaults WHERE id = $1', [id]))[0]

  test('is permitted by a field that never leaves the service, and neither it nor the answer has that field', async () => {
    const right = await makeVault('1234')
    const wrong = await makeVault('0000')

    const record = await act('open', right)

    expect(Object.keys(JSON.parse(record.json))).toEqual([
      'id',
      'shelf_id',
      'label',
      'note',
      'created_at',
      'updated_at',
      'version',
    ])
    expect(await stored(right)).toMatchObject({
      label: 'opened by id, shelf, label, note, createdAt, updatedAt, version',
      version: 2,
    })
    expect(await codeOf(act('open', wrong))).toBe('AUTH_FORBIDDEN')
  })

  test('leaves nothing behind when it throws', async () => {
    const id = await makeVault('1234')

    await expect(act('fail', id)).rejects.toThrow('broken')

    expect(await stored(id)).toMatchObject({ label: 'shut', version: 1 })
    expect(await sql.query('SELECT operation FROM plinth_journal WHERE record_id = $1', [id])).toEqual([{ operation: 'create' }])
  })

  test('cannot set what Plinth keeps', async () => {
    const id = await makeVault('1234')

    await expect(act('spoil', id)).rejects.toThrow('Cannot set field "version" of vault: Plinth keeps it')
  })

  test('finds only what its caller may read', async () => {
    const id = await makeVault('1234')
    await act('add', id)
    await act('look', id)
    const asOwner = await stored(id)
    await act('look', id, asUser('reader', newId(), vaults))

    expect(asOwner).toMatchObject({ label: 'found nothing, listed 0' })
    expect(await stored(id)).toMatchObject({ label: 'found Dear, listed 1' })
  })

  test('gives null for null, the default for what it leaves out, and changes nothing by undefined', async () => {
    const id = await makeVault('1234')

    await act('add', id)

    expect(await stored(id)).toMatchObject({ label: 'Dear, no stamp', note: 'none' })
  })
})

describe('Engine.once()', () => {
  let keys = 0
  const keyOf = (more: Partial<OnceKey> = {}): OnceKey => ({
    key: `key ${++keys}`,
    actor: 'user:a',
    route: 'post.create',
    fingerprint: 'aa',
    ...more,
  })
  const ANSWER: KeptAnswer = { status: 201, headers: { location: '/here' }, body: '{"a":1}' }

  /** Work that creates a post and counts how often it was done. */
  async function counted(author: RequestContext) {
    const done: string[] = []
    const values = valuesOf(posts().model, { author: author.actor.id, title: 'Once', body: '' }, true)
    const work = async (operations: (name: string) => ResourceOperations): Promise<KeptAnswer> => {
      done.push((await operations('post').create(author, { values })).id)
      return ANSWER
    }
    const count = async (): Promise<number> =>
      (await sql.query('SELECT FROM posts WHERE author_id = $1', [author.actor.id])).length
    return { done, work, count }
  }

  test('does the work of a key once, and gives its answer to all that come after', async () => {
    const key = keyOf()
    const { work, count } = await counted(await makeEditor())

    const answers = [
      await engine.once(key, work),
      await engine.once(key, work),
      await engineOver(otherStore, blog.domain).once(key, work),
    ]

    expect(answers).toEqual([
      { answer: ANSWER, isReplay: false },
      { answer: ANSWER, isReplay: true },
      { answer: ANSWER, isReplay: true },
    ])
    expect(await count()).toBe(1)
  })

  test('does it once for twins that come at the same time, through one process and through two', async () => {
    const key = keyOf()
    const { work, count } = await counted(await makeEditor())
    const engines = Array.from({ length: 12 }, (_, at) => (at % 2 === 0 ? engine : engineOver(otherStore, blog.domain)))

    const answers = await Promise.all(engines.map((one) => one.once(key, work)))

    expect(answers.filter(({ isReplay }) => !isReplay)).toHaveLength(1)
    expect(new Set(answers.map(({ answer }) => JSON.stringify(answer))).size).toBe(1)
    expect(await count()).toBe(1)
  })

  test('lets twins of one process wait without a connection each', async () => {
    const key = keyOf()
    const { work, done, count } = await counted(await makeEditor())

    // More than the connections for transactions, whose wait is bounded.
    const answers = await Promise.all(Array.from({ length: 40 }, () => engine.once(key, work)))

    expect(answers.filter(({ isReplay }) => !isReplay)).toHaveLength(1)
    expect(done).toHaveLength(1)
    expect(await count()).toBe(1)
  })

  test('keeps nothing of work that failed, and lets the next one through', async () => {
    const key = keyOf()
    const { work, count } = await counted(await makeEditor())
    const fail = async (operations: (name: string) => ResourceOperations): Promise<KeptAnswer> => {
      await work(operations)
      throw new Error('broken')
    }

    const [first, second] = await Promise.allSettled([engine.once(key, fail), engine.once(key, work)])

    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'broken' } })
    expect(second).toMatchObject({ status: 'fulfilled', value: { isReplay: false } })
    expect(await count()).toBe(1)
  })

  test('refuses a key that came with another request', async () => {
    const key = keyOf()
    const { work, count } = await counted(await makeEditor())
    await engine.once(key, work)

    expect(await codeOf(engine.once({ ...key, fingerprint: 'bb' }, work))).toBe('CONFLICT_KEY_REUSED')
    expect(await count()).toBe(1)
  })

  test('keeps the fingerprint under a key of the service, so that a password in it cannot be guessed at from the table', async () => {
    const fingerprint = createHash('sha256').update('{"password":"violet harbour"}').digest('hex')
    const key = keyOf({ fingerprint })
    const { work } = await counted(await makeEditor())

    await engine.once(key, work)

    const rows = await sql.query(`SELECT encode(fingerprint, 'hex') AS kept FROM plinth_idempotency WHERE key = $1`, [key.key])
    expect(rows).toEqual([{ kept: expect.not.stringContaining(fingerprint) }])
    expect((await engine.once(key, work)).isReplay).toBe(true)
  })

  test('keeps the keys of callers and of routes apart', async () => {
    const key = keyOf()
    const { work, count } = await counted(await makeEditor())

    const answers = [
      await engine.once(key, work),
      await engine.once({ ...key, actor: 'user:b' }, work),
      await engine.once({ ...key, route: 'post.publish' }, work),
    ]

    expect(answers.map(({ isReplay }) => isReplay)).toEqual([false, false, false])
    expect(await count()).toBe(3)
  })
})
