// Proves MIG-07.
import { describe, expect, it } from 'vitest'
import { type MigrationEvent, migrateUp } from '../../src/migrate/index.ts'
import { BLOG_MIGRATIONS, readTables, scratch, writeMigration } from './migrate-database.ts'

const server = scratch()
const TABLE_A = ['CREATE TABLE a (id integer PRIMARY KEY);', 'DROP TABLE a;'] as const
const COLUMN = ['ALTER TABLE a ADD COLUMN b text;', 'ALTER TABLE a DROP COLUMN b;'] as const
/** The key of the runner lock, "plinth" in ASCII. */
const RUNNER_LOCK = 0x706c696e7468

describe('the runner lock', () => {
  it('lets each of two migrators do all or nothing, ten times', async () => {
    for (let round = 0; round < 10; round++) {
      const database = await server.createDatabase()

      const runs = await Promise.all([1, 2].map(() => migrateUp(database.connect, { folder: BLOG_MIGRATIONS })))

      expect(runs.map((done) => done.length).sort()).toEqual([0, 6])
      expect(await database.query('SELECT count(*)::int AS applied FROM plinth_migrations')).toEqual([{ applied: 6 }])
    }
  })

  it('makes a second runner wait, tell whom for, and go on', async () => {
    const database = await server.createDatabase()
    const holder = await database.connect()
    await holder.query('SELECT pg_advisory_lock($1)', [RUNNER_LOCK])
    const { rows } = await holder.query('SELECT pg_backend_pid() AS pid')
    const events: MigrationEvent[] = []
    const onEvent = (event: MigrationEvent): void => {
      events.push(event)
      if (event.kind === 'waiting') void holder.end()
    }

    const done = await migrateUp(database.connect, { folder: BLOG_MIGRATIONS, runnerWaitMsMax: 9_000, onEvent })

    expect(events[0]).toEqual({ kind: 'waiting', holderPid: rows[0].pid, waitMsMax: 9_000 })
    expect(done).toHaveLength(6)
  })

  it('is waited for until the deadline, then the run is refused', async () => {
    const database = await server.createDatabase()
    await database.query('SELECT pg_advisory_lock($1)', [RUNNER_LOCK])

    const run = migrateUp(database.connect, { folder: BLOG_MIGRATIONS, runnerWaitMsMax: 300 })

    await expect(run).rejects.toMatchObject({
      code: 'RUNNER_BUSY',
      message: expect.stringMatching(
        /^Cannot run migrations: another runner \(server process \d+\) is still at work after 300 ms, expected it to finish$/,
      ),
    })
    expect(await readTables(database)).toEqual([])
  })

  it('is waited for no longer once the signal aborts', async () => {
    const database = await server.createDatabase()
    await database.query('SELECT pg_advisory_lock($1)', [RUNNER_LOCK])
    const abort = new AbortController()

    const run = migrateUp(database.connect, { folder: BLOG_MIGRATIONS, signal: abort.signal, onEvent: () => abort.abort() })

    await expect(run).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  })
})

describe('a table that a long transaction holds', () => {
  it('is tried again, then the run is refused, and changes nothing', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({ '0001_a': TABLE_A })
    await migrateUp(database.connect, { folder })
    await writeMigration(folder, '0002_b', COLUMN)
    const reader = await database.connect()
    await reader.query(`SET application_name = 'report'; BEGIN; SELECT * FROM a`)
    const events: MigrationEvent[] = []

    const run = migrateUp(database.connect, {
      folder,
      lockTimeoutMs: 50,
      attemptsMax: 3,
      retryBaseMs: 1,
      onEvent: (event) => events.push(event),
    })

    await expect(run).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      migration: '0002_b',
      message:
        'Cannot run migration "0002_b": a lock was not free within 50 ms in 3 attempts, expected no long transaction on the tables it changes',
      hint: expect.stringMatching(
        /^Nothing was changed\. The oldest open transaction is \d+ s old \(server process \d+, application "report"\)\./,
      ),
    })
    expect(events.filter(({ kind }) => kind === 'retrying')).toMatchObject([
      { name: '0002_b', reason: 'lock_timeout', attempt: 1, attemptsMax: 3 },
      { name: '0002_b', reason: 'lock_timeout', attempt: 2, attemptsMax: 3 },
    ])
    await reader.query('COMMIT')
    expect((await migrateUp(database.connect, { folder })).map(({ name }) => name)).toEqual(['0002_b'])
  })

  it('is changed as soon as an attempt finds it free', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({ '0001_a': TABLE_A })
    await migrateUp(database.connect, { folder })
    await writeMigration(folder, '0002_b', COLUMN)
    const reader = await database.connect()
    await reader.query('BEGIN; SELECT * FROM a')
    const onEvent = (event: MigrationEvent): void => {
      if (event.kind === 'retrying') void reader.query('COMMIT')
    }

    const done = await migrateUp(database.connect, { folder, lockTimeoutMs: 50, retryBaseMs: 50, onEvent })

    expect(done.map(({ name }) => name)).toEqual(['0002_b'])
  })
})
