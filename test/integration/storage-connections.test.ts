// Proves RES-04.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import type { RequestContext } from '../../src/engine/index.ts'
import { PlinthError, type Uuid } from '../../src/kernel/index.ts'
import { openConnection, PgStore, type PgStoreOptions, SqlPool } from '../../src/pg/index.ts'
import { Lane } from '../../src/pg/lane.ts'
import { waitFor } from '../../src/testing/index.ts'
import { actorOf, contextOf, newId, openStorage, recordStatements, type Storage } from './storage-kit.ts'

let storage: Storage
let admin: RequestContext
let user: Uuid
beforeAll(async () => {
  storage = await openStorage(blog)
  admin = contextOf(actorOf(blog, 'admin'))
  user = newId()
  await storage.sql.query(
    `INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, 'ada@example.com', 'Ada', 'admin', now(), now(), 1)`,
    [user],
  )
})
afterAll(() => storage.stop())

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof PlinthError ? error.code : String(error)),
  )

/** A read of the user by a store of this test's own. */
function planOf() {
  const { compiled } = storage.engine.resource('user')
  return {
    resource: storage.resource('user'),
    context: admin,
    id: user,
    read: { access: compiled.access('read'), rules: -1 },
    fields: compiled.fieldSets.all,
    parent: undefined,
    includesDeleted: false,
  }
}
const open = (options: Partial<PgStoreOptions> = {}): PgStore =>
  new PgStore({ url: storage.url, applicationName: 'connections-test', ...options })
const terminate = (name: string) =>
  storage.sql.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [name])
const count = async (name: string): Promise<number> =>
  (await storage.sql.query('SELECT FROM pg_stat_activity WHERE application_name = $1', [name])).length

/** A server that lets everybody in and dies of it: both stand in one packet. */
async function startDyingServer(): Promise<{ readonly url: string; stop(): void }> {
  const letIn = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1')
  const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to unexpected postmaster exit', '']
  const text = Buffer.from(`${fields.join('\0')}\0`, 'latin1')
  const death = Buffer.concat([Buffer.from('E'), Buffer.alloc(4), text])
  death.writeUInt32BE(text.length + 4, 1)
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(Buffer.concat([letIn, death])))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `postgresql://plinth@127.0.0.1:${port}/plinth`, stop: () => void server.close() }
}

describe('a server that dies as it lets somebody in', () => {
  test('fails what was to be done there, and not the process', async () => {
    const server = await startDyingServer()
    const pool = new SqlPool({ url: server.url, applicationName: 'dying' })
    const store = open({ url: server.url })
    const nothing = async () => 'done'

    for (let at = 0; at < 5; at++) {
      expect(await codeOf(pool.query('SELECT 1'))).toBe('DEPENDENCY_UNAVAILABLE')
      expect(await codeOf(pool.transaction(nothing))).toBe('DEPENDENCY_UNAVAILABLE')
      expect(await codeOf(store.transaction(nothing))).toBe('DEPENDENCY_UNAVAILABLE')
      expect(await codeOf(store.get(planOf()))).toBe('DEPENDENCY_UNAVAILABLE')
    }

    await Promise.all([pool.close(), store.close()])
    server.stop()
  })
})

describe('a lost connection', () => {
  test('fails what is under way with DEPENDENCY_UNAVAILABLE, and the next statement works within a second', async () => {
    await using blocker = await openConnection(storage.url)
    const store = open({ lanes: 1, applicationName: 'lost' })
    await store.get(planOf())
    await blocker.query('BEGIN; LOCK TABLE users')
    const underWay = Promise.all([codeOf(store.get(planOf())), codeOf(store.get({ ...planOf(), id: newId() }))])
    await waitFor(
      'a statement that waits for the lock',
      async () =>
        (await storage.sql.query(`SELECT FROM pg_stat_activity WHERE application_name = 'lost' AND wait_event_type = 'Lock'`))
          .length > 0,
    )

    await terminate('lost')

    expect(new Set(await underWay)).toEqual(new Set(['DEPENDENCY_UNAVAILABLE']))
    await blocker.query('ROLLBACK')
    const beganMs = performance.now()
    await waitFor('an answer', async () => (await codeOf(store.get(planOf()))) === 'done', { timeoutMs: 1_000 })
    expect(performance.now() - beganMs).toBeLessThan(1_000)
    await store.close()
  })

  test('while nothing is under way is not noticed by the next statement', async () => {
    const store = open({ applicationName: 'idle' })
    await Promise.all([store.get(planOf()), store.transaction(async () => undefined)])

    await terminate('idle')
    await waitFor('the end of the sessions', async () => (await count('idle')) === 0)
    await delay(50)

    expect(await codeOf(store.get(planOf()))).toBe('done')
    expect(await codeOf(store.transaction(async (transaction) => transaction.get(planOf())))).toBe('done')
    await store.close()
  })

  test('in the middle of a transaction fails it, and the pool goes on', async () => {
    const store = open({ applicationName: 'midway', transactions: 1 })

    const outcome = await codeOf(
      store.transaction(async (transaction) => {
        await transaction.get(planOf())
        await terminate('midway')
        await delay(50)
        await transaction.get(planOf())
      }),
    )

    expect(outcome).toBe('DEPENDENCY_UNAVAILABLE')
    expect(await codeOf(store.transaction(async (transaction) => transaction.get(planOf())))).toBe('done')
    await store.close()
  })
})

describe('a server that is away', () => {
  test('is DEPENDENCY_UNAVAILABLE at once, for reads and transactions, and nothing is left unhandled', async () => {
    const store = open({ url: 'postgresql://nobody@127.0.0.1:1/none' })

    const outcomes = await Promise.all([
      codeOf(store.get(planOf())),
      codeOf(store.ping()),
      codeOf(store.transaction(async () => undefined)),
      codeOf(store.connect()),
    ])

    expect(new Set(outcomes)).toEqual(new Set(['DEPENDENCY_UNAVAILABLE']))
    await store.close()
  })

  test('that accepts and then says nothing is given up after the connect timeout', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
    await waitFor('the port', () => silent.listening)
    const { port } = silent.address() as { port: number }
    const store = open({ url: `postgresql://nobody@127.0.0.1:${port}/none`, connectTimeoutMs: 200 })

    const beganMs = performance.now()
    expect(await codeOf(store.get(planOf()))).toBe('DEPENDENCY_UNAVAILABLE')

    expect(performance.now() - beganMs).toBeLessThan(2_000)
    await store.close()
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  test('that falls silent under a statement is cut, and close() does not wait for it', async () => {
    const upstream = new URL(storage.url)
    let isSilent = false
    const proxy = createServer((client) => {
      const host = decodeURIComponent(upstream.hostname)
      const server = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${upstream.port}`) : connect(Number(upstream.port), host)
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        from.on('data', (chunk) => void (isSilent || to.write(chunk)))
        from.on('close', () => to.destroy())
        from.on('error', () => to.destroy())
      }
    }).listen(0, '127.0.0.1')
    await waitFor('the port', () => proxy.listening)
    const { port } = proxy.address() as { port: number }
    const url = `postgresql://${upstream.username}:${upstream.password}@127.0.0.1:${port}${upstream.pathname}`
    const store = open({ url, statementTimeoutMs: 500, lanes: 1, listLanes: 1 })
    await Promise.all([store.get(planOf()), store.transaction(async (transaction) => transaction.get(planOf()))])
    isSilent = true

    const [read, transaction] = await Promise.all([
      codeOf(store.get(planOf())),
      codeOf(store.transaction(async (bound) => bound.get(planOf()))),
    ])

    expect([read, transaction]).toEqual(['DEPENDENCY_UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE'])
    isSilent = false
    expect(await codeOf(store.get(planOf()))).toBe('done')
    isSilent = true
    const beganMs = performance.now()
    await store.close()
    expect(performance.now() - beganMs).toBeLessThan(5_000)
    proxy.close()
  })
})

describe('close()', () => {
  test('while a lane connects leaves no session behind', async () => {
    const store = open({ applicationName: 'closing' })
    const reads = Promise.all([codeOf(store.get(planOf())), codeOf(store.ping())])

    await store.close()

    await reads
    await waitFor('the end of the sessions', async () => (await count('closing')) === 0)
    expect(await codeOf(store.get(planOf()))).toMatch(/RATE_LIMIT_OVERLOADED|DEPENDENCY_UNAVAILABLE/)
    expect(await count('closing')).toBe(0)
  })

  test('lets what is under way finish', async () => {
    const store = open({ lanes: 1 })
    await store.get(planOf())

    const reads = Array.from({ length: 20 }, () => codeOf(store.get(planOf())))
    await delay(0)
    await store.close()

    expect(new Set(await Promise.all(reads))).toEqual(new Set(['done']))
  })
})

describe('prepared statements', () => {
  test('that could not be prepared at first are prepared again, and those behind them do not suffer', async () => {
    await using blocker = await openConnection(storage.url)
    const store = open({ lanes: 1, isMerging: false, lockTimeoutMs: 200 })
    await store.ping()
    await blocker.query('BEGIN; LOCK TABLE users')

    const first = await Promise.all(Array.from({ length: 3 }, () => codeOf(store.get(planOf()))))
    const queued = Promise.all(Array.from({ length: 6 }, () => codeOf(store.get(planOf()))))
    await delay(100)
    await blocker.query('ROLLBACK')

    expect(new Set(first)).toEqual(new Set(['CONFLICT_IN_PROGRESS']))
    expect(new Set(await queued)).toEqual(new Set(['done']))
    expect(await Promise.all(Array.from({ length: 6 }, () => codeOf(store.get(planOf()))))).toEqual(Array(6).fill('done'))
    await store.close()
  })

  test('survive a migration that changes the type of a column', async () => {
    const store = open({ lanes: 1, isMerging: false })
    expect(await codeOf(store.get(planOf()))).toBe('done')

    await storage.sql.query('ALTER TABLE users ALTER COLUMN version TYPE bigint')

    expect(await codeOf(store.get(planOf()))).toBe('done')
    expect(await codeOf(store.get(planOf()))).toBe('done')
    await storage.sql.query('ALTER TABLE users ALTER COLUMN version TYPE integer')
    await store.close()
  })

  test('are bounded on the server, however many shapes a client asks for', async () => {
    const store = open({ lanes: 1, listLanes: 1, applicationName: 'shapes' })
    const { compiled } = storage.engine.resource('user')
    const sort = [{ field: storage.resource('user').fields[0] as never, isDescending: false }]
    const list = (limit: number) =>
      store.list({
        ...planOf(),
        fields: compiled.fieldSets.all,
        filters: [],
        search: undefined,
        sort,
        position: undefined,
        limit,
        offset: 0,
        wantsTotal: false,
      })
    const sent = await recordStatements(async () => {
      for (let limit = 1; limit <= 700; limit++) await list(limit)
    })

    expect(sent.filter(({ text }) => text.startsWith('DEALLOCATE '))).toHaveLength(200)
    expect((await list(1)).records).toHaveLength(1)
    await store.close()
  })

  test('are bounded by their text too, for those of trees are long', async () => {
    const lane = new Lane({ url: storage.url, applicationName: 'long', silenceMsMax: 5_000 })
    const longText = (at: number): string => `SELECT ${at} /* ${'x'.repeat(30_000)} */`

    for (let at = 0; at < 150; at++) await lane.run({ name: `long_${at}`, text: longText(at) }, [])
    const [kept] = await lane.run({ name: '', text: 'SELECT sum(length(statement))::text FROM pg_prepared_statements' }, [])

    expect(Number(kept?.[0])).toBeGreaterThan(1_900_000)
    expect(Number(kept?.[0])).toBeLessThanOrEqual(2_000_000)
    await lane.close()
  })
})

test('a URL may name the host as an option, a Unix socket too, and the settings of the session hold', async () => {
  const { username, password, hostname, port, pathname } = new URL(storage.url)
  const url = `postgresql://${username}:${password}@/${pathname.slice(1)}?host=${hostname}&port=${port}&options=-c%20timezone%3DAsia/Tokyo`
  const store = open({ url, applicationName: 'by-option' })

  const record = await store.get(planOf())

  expect(JSON.parse(record?.json ?? '{}')).toMatchObject({ created_at: expect.stringMatching(/\+00:00$/) })
  expect(await count('by-option')).toBe(1)
  await store.close()
})
