/** Watching a resource over a real database: who hears of what, in which form, from where on. */
// Proves GQL-07.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import type { RequestContext, WatchContext } from '../../src/engine/index.ts'
import { PlinthError, type Uuid } from '../../src/kernel/index.ts'
import { NOBODY } from '../../src/model/index.ts'
import { waitFor } from '../../src/testing/index.ts'
import { actorOf, contextOf, newId, nobody, valuesOf } from './storage-kit.ts'
import { type Listener, listen, openWatched, seal, type Watched } from './watch-kit.ts'

let watched: Watched
let admin: RequestContext
let ada: RequestContext
let grace: RequestContext
beforeAll(async () => {
  watched = await openWatched()
  admin = contextOf(actorOf(blog, 'admin'))
  ada = contextOf(actorOf(blog, 'editor'))
  grace = contextOf(actorOf(blog, 'editor'))
  for (const { actor } of [ada, grace]) {
    await watched.storage.sql.query(
      `INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1::uuid, $1::text || '@example.com', 'Editor', 'editor', now(), now(), 1)`,
      [actor.id],
    )
  }
})
afterAll(() => watched[Symbol.asyncDispose]())

let listeners: Listener[] = []
beforeEach(() => {
  listeners = []
  return () => {
    for (const listener of listeners) listener.stop()
  }
})

const posts = () => watched.storage.engine.resource('post')
const values = (given: Record<string, unknown>, isComplete = false) =>
  valuesOf(watched.storage.resource('post'), given, isComplete)
const create = async (title: string, more: Record<string, unknown> = {}, context = ada): Promise<Uuid> =>
  (
    await posts().create(context, {
      values: values({ author: context.actor.id, title, body: 'Text', status: 'published', ...more }, true),
    })
  ).id
const update = (id: Uuid, changes: Record<string, unknown>, context = ada) =>
  posts().update(context, { id, values: values(changes), expectedVersion: null })
const remove = (id: Uuid) => posts().delete(admin, { id, expectedVersion: null })
/** Listens, and returns when changes are heard. */
const hear = async (context: WatchContext, ...rest: [Parameters<typeof listen>[2]?, string?]): Promise<Listener> => {
  const listener = listen(watched.engine, context, ...rest)
  listeners.push(listener)
  await listener.watch.ready
  return listener
}
/** Makes a change that everybody hears of, so that what they did not hear before it they were not told. */
const flush = async (...all: readonly Listener[]): Promise<void> => {
  const title = `flush ${newId()}`
  await create(title)
  await waitFor('the last change', () => all.every(({ told }) => told.includes(`created ${title}`)))
}
const withoutFlush = ({ told }: Listener): readonly string[] => told.filter((one) => !one.includes(' flush '))

describe('a watch', () => {
  test('tells each change once, in order, with the record as it is now', async () => {
    const listener = await hear(nobody)

    const id = await create('First')
    await listener.until(1)
    await update(id, { title: 'Second' })
    await listener.until(2)
    await remove(id)
    await listener.until(3)
    await posts().restore(admin, { id, expectedVersion: null })
    await listener.until(4)

    expect(listener.told).toEqual(['created First', 'updated Second', 'deleted Second', 'created Second'])
    expect(listener.changes.map(({ version, operation }) => [version, operation])).toEqual([
      [1, 'create'],
      [2, 'update'],
      [3, 'delete'],
      [4, 'restore'],
    ])
  })

  test('prints the record as get does, for whoever sees it', async () => {
    const listener = await hear(ada)
    const title = 'Names with "quotes", {braces}, [brackets], commas, \\slashes\\ and ünïcode 😀\n'

    const id = await create(title, { body: '{"a":[1,2,{"b":"]}"}]},"id":"x"' })
    await listener.until(1)
    const got = await posts().get(ada, { id })

    expect(listener.changes[0]?.record).toEqual(got)
  })

  test('says nothing of what its caller may not read, whoever else is told', async () => {
    const [stranger, author, other, boss] = await Promise.all([nobody, ada, grace, admin].map((context) => hear(context)))
    if (stranger === undefined || author === undefined || other === undefined || boss === undefined)
      throw new TypeError('four listen')

    await create('Hidden', { status: 'draft' })
    await flush(stranger, author, other, boss)

    expect([stranger, author, other, boss].map(withoutFlush)).toEqual([[], ['created Hidden'], [], ['created Hidden']])
  })

  test('says nothing of an update that hides the record', async () => {
    const id = await create('Shown')
    const listener = await hear(nobody)

    await update(id, { status: 'draft' })
    await flush(listener)

    expect(withoutFlush(listener)).toEqual([])
  })

  test('tells of a deletion those alone who could read the record until then', async () => {
    const shown = await create('Shown')
    const hidden = await create('Hidden', { status: 'draft' })
    await flush(await hear(nobody))
    const listener = await hear(nobody)

    await remove(shown)
    await remove(hidden)
    await flush(listener)

    expect(withoutFlush(listener)).toEqual(['deleted Shown'])
  })

  test('tells of the kinds and of the record that it was asked for', async () => {
    const [one, two] = [await create('One'), await create('Two')]
    await flush(await hear(nobody))
    const updates = await hear(nobody, { kinds: ['updated'] })
    const ofOne = await hear(nobody, { id: one })

    await update(two, { title: 'Two!' })
    await remove(two)
    await update(one, { title: 'One!' })
    await Promise.all([updates.until(2), ofOne.until(1)])

    expect(updates.told).toEqual(['updated Two!', 'updated One!'])
    expect(ofOne.told).toEqual(['updated One!'])
  })

  test('tells the fields that were asked for, and refuses those that are not there to be seen', async () => {
    const byName = new Map(watched.storage.resource('user').fields.map((field) => [field.publicName, field]))
    const listener = await hear(admin, { fields: { names: ['email'], byName } }, 'user')
    const refused = () => listen(watched.engine, admin, { fields: { names: ['password'], byName } }, 'user')

    await watched.storage.engine.resource('user').create(admin, {
      values: valuesOf(watched.storage.resource('user'), { email: 'new@example.com', displayName: 'New' }, true),
    })
    await listener.until(1)

    expect(JSON.parse(listener.changes[0]?.record.json ?? '')).toEqual({ id: expect.any(String), email: 'new@example.com' })
    expect(refused).toThrow(PlinthError)
  })

  test('never tells what was rolled back', async () => {
    const listener = await hear(nobody)
    const failing = watched.storage.engine.once({ key: 'k', actor: 'a', route: 'r', fingerprint: 'f' }, async (resource) => {
      await resource('post').create(ada, {
        values: values({ author: ada.actor.id, title: 'Lost', body: 'Text', status: 'published' }, true),
      })
      throw new Error('The test says no')
    })

    await expect(failing).rejects.toThrow('The test says no')
    await flush(listener)

    expect(withoutFlush(listener)).toEqual([])
  })

  test('is refused to whom no rule permits to read', () => {
    expect(() => listen(watched.engine, nobody, {}, 'user')).toThrow(expect.objectContaining({ code: 'AUTH_REQUIRED' }))
  })

  test('ends when its signal is aborted, and when it is returned from', async () => {
    const aborted = await hear(nobody)
    const returned = await hear(nobody)
    const next = returned.watch.return()
    aborted.stop()

    expect(await Promise.all([aborted.over, returned.over, next])).toEqual(['done', 'done', { done: true, value: undefined }])
    expect(watched.engine.watches).toBe(0)
  })
})

describe('who watches', () => {
  test('is asked anew at each change, and hears what they may now', async () => {
    let actor = ada.actor
    const listener = await hear({ ...ada, renew: () => actor })

    const id = await create('Mine', { status: 'draft' })
    await listener.until(1)
    actor = actorOf(blog, 'viewer')
    await update(id, { title: 'Mine still' })
    await flush(listener)

    expect(withoutFlush(listener)).toEqual(['created Mine'])
  })

  test('is told nothing more once their standing is gone, and the watch ends with the reason', async () => {
    let isSuspended = false
    const renew = () => {
      if (isSuspended) throw new PlinthError('AUTH_ACCOUNT_SUSPENDED')
      return ada.actor
    }
    const listener = await hear({ ...ada, renew })

    isSuspended = true
    await create('Too late')

    expect(await listener.over).toBe('AUTH_ACCOUNT_SUSPENDED')
    expect(listener.told).toEqual([])
  })

  test('is let go within a second when nothing happens, also where the answer takes time', async () => {
    let isEnded = false
    const renew = async () => {
      await sleep(5)
      if (isEnded) throw new PlinthError('AUTH_TOKEN_EXPIRED')
      return ada.actor
    }
    const listener = await hear({ ...ada, renew })
    const startedAtMs = performance.now()

    isEnded = true

    expect(await listener.over).toBe('AUTH_TOKEN_EXPIRED')
    expect(performance.now() - startedAtMs).toBeLessThan(1_000)
  })

  test('may watch so many things and no more, and again when one has ended', async () => {
    const engine = watched.anotherEngine({ limits: { watchesPerCallerMax: 2, watchesMax: 3 } })
    const first = listen(engine, ada)
    listeners.push(first, listen(engine, ada), listen(engine, grace))

    expect(() => listen(engine, ada)).toThrow(expect.objectContaining({ code: 'RATE_LIMIT_EXCEEDED' }))
    expect(() => listen(engine, admin)).toThrow(expect.objectContaining({ code: 'RATE_LIMIT_OVERLOADED' }))
    first.stop()
    listeners.push(listen(engine, ada))
    expect(engine.watches).toBe(3)
  })
})

test('a caller without an account is counted by network: IPv6 has addresses for everybody', () => {
  const engine = watched.anotherEngine({ limits: { watchesPerCallerMax: 2 } })
  const from = (address: string): WatchContext => ({ ...contextOf(NOBODY), address })
  listeners.push(listen(engine, from('2001:db8:0:1::1')), listen(engine, from('2001:db8:0:1::2')))

  expect(() => listen(engine, from('2001:db8:0:1:ffff::3'))).toThrow(expect.objectContaining({ code: 'RATE_LIMIT_EXCEEDED' }))
  listeners.push(listen(engine, from('2001:db8:0:2::1')))
})

describe('a cursor', () => {
  test('goes on behind its change on another instance, and loses and repeats nothing', async () => {
    const first = await hear(nobody)
    for (const title of ['A', 'B', 'C']) await create(title)
    await first.until(3)
    first.stop()
    for (const title of ['D', 'E']) await create(title)
    const after = first.changes[1]?.cursor

    const second = listen(watched.anotherEngine(), nobody, { after })
    listeners.push(second)
    await second.until(3)
    await create('F')
    await second.until(4)

    expect(second.told).toEqual(['created C', 'created D', 'created E', 'created F'])
  })

  test('is refused where it is not ours, of another resource, or too old', async () => {
    const listener = await hear(nobody)
    await create('A')
    await listener.until(1)
    const cursor = listener.changes[0]?.cursor ?? ''
    const impatient = watched.anotherEngine({ behindMax: 10 })
    await watched.storage.sql.query(
      "INSERT INTO plinth_journal (at, resource, record_id, operation, version) SELECT now(), 'other', gen_random_uuid(), 'update', 1 FROM generate_series(1, 150_000)",
    )
    await sleep(1_500)

    for (const after of ['', 'abc', `${cursor}x`, cursor.slice(1), cursor.replace('.', '')])
      expect(() => listen(watched.engine, nobody, { after })).toThrow(expect.objectContaining({ code: 'VALIDATION_CURSOR' }))
    expect(() => listen(watched.engine, admin, { after: cursor }, 'user')).toThrow(
      expect.objectContaining({ code: 'VALIDATION_CURSOR' }),
    )
    const late = listen(impatient, nobody, { after: cursor })
    expect(await late.over).toBe('VALIDATION_CURSOR')
  })

  test('of a state of the database that is no more is refused', async () => {
    const listener = await hear(nobody)
    await create('A')
    await listener.until(1)
    const [encoded = ''] = (listener.changes[0]?.cursor ?? '').split('.')
    const point = Buffer.from(encoded, 'base64url').toString()
    const future = point.replaceAll(/(?<=:)\d+(?=:)/g, '9999999999')
    const text = Buffer.from(future).toString('base64url')

    const late = listen(watched.engine, nobody, { after: `${text}.${seal(`${JSON.stringify(['watch', 'post'])}${text}`)}` })

    expect(await late.over).toBe('VALIDATION_CURSOR')
  })
})

describe('a watcher that is slow', () => {
  test('loses nothing and repeats nothing when thousands of changes have passed', async () => {
    const abort = new AbortController()
    const watch = watched.engine.resource('post').watch(nobody, {}, abort.signal)
    await watch.ready
    const fast = await hear(nobody)
    const first = await create('Begin')
    const begin = await watch.next()
    await watched.storage.sql.query(
      `INSERT INTO plinth_journal (at, resource, record_id, operation, version) SELECT now(), 'post', $1, 'update', n FROM generate_series(2, 2500) n`,
      [first],
    )
    await fast.until(2_500)

    const versions = [begin.value?.version]
    while (versions.length < 2_500) versions.push((await watch.next()).value?.version)
    await create('End')
    const end = await watch.next()
    abort.abort()

    const expected = Array.from({ length: 2_500 }, (_, at) => at + 1)
    expect(versions).toEqual(expected)
    expect(fast.changes.slice(0, 2_500).map(({ version }) => version)).toEqual(expected)
    expect(JSON.parse(end.value?.record.json ?? '{}').title).toBe('End')
  })
})
