// Proves MIG-06.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type MigrationConnection,
  type MigrationEvent,
  migrateDown,
  migrateUp,
  migrationStatus,
  readMigrations,
} from '../../src/migrate/index.ts'
import { readState, readTables, type ScratchDatabase, scratch, writeMigration } from '../integration/migrate-database.ts'

const server = scratch()
const STATEMENTS = [
  'CREATE TABLE a (id integer PRIMARY KEY)',
  'CREATE TABLE b (id integer REFERENCES a (id), name text)',
  `INSERT INTO a SELECT generate_series(1, 100)`,
  'CREATE INDEX b_name_idx ON b (name)',
  'ALTER TABLE a ADD COLUMN note text',
]
const DOWN = 'DROP TABLE b; DROP TABLE a'
const INDEX = [
  '-- plinth: no transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS b_id_idx ON b (id);\nCREATE INDEX CONCURRENTLY IF NOT EXISTS b_id_name_idx ON b (id, name);',
  '-- plinth: no transaction\nDROP INDEX CONCURRENTLY IF EXISTS b_id_name_idx; DROP INDEX CONCURRENTLY IF EXISTS b_id_idx',
] as const

/** Opens sessions of which the first is ended by the server right before its `fatal`-th query. */
function dyingConnect(
  database: ScratchDatabase,
  fatal: number,
): { connect: () => Promise<MigrationConnection>; isDead: () => boolean } {
  let count = 0
  const connect = async (): Promise<MigrationConnection> => {
    const client = await database.connect()
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    return {
      async query(text, values) {
        count += 1
        if (count === fatal) await endSession(database, Number(rows[0].pid))
        return client.query(text, values)
      },
      end: () => client.end(),
    }
  }
  return { connect, isDead: () => count >= fatal }
}

/** Ends a session and returns when it is gone. */
async function endSession({ query }: ScratchDatabase, pid: number): Promise<void> {
  await query('SELECT pg_terminate_backend($1, 5000)', [pid])
}

async function invalidIndexes({ query }: ScratchDatabase): Promise<number> {
  const [row] = await query('SELECT count(*)::int AS count FROM pg_index WHERE NOT indisvalid')
  return Number(row?.['count'])
}

describe('a migration whose session is killed', () => {
  it.each(STATEMENTS.map((_, index) => index + 1))(
    'behind statement %i leaves nothing, and the next run succeeds',
    async (behind) => {
      const database = await server.createDatabase()
      const fatal = STATEMENTS.toSpliced(behind, 0, 'SELECT pg_terminate_backend(pg_backend_pid())').join(';\n')
      const folder = await server.createFolder({ '0001_all': [fatal, DOWN] })

      await expect(migrateUp(database.connect, { folder })).rejects.toMatchObject({
        code: 'CONNECTION_LOST',
        migration: '0001_all',
      })
      const tables = await readTables(database)
      const [, , , status] = await migrationStatus(database.connect, { folder })
      await writeMigration(folder, '0001_all', [STATEMENTS.join(';\n'), DOWN])
      const done = await migrateUp(database.connect, { folder })

      expect(tables).toEqual([])
      expect(status).toMatchObject({ name: '0001_all', state: 'pending' })
      expect(done.map(({ name }) => name)).toEqual(['0001_all'])
      expect(await readTables(database)).toEqual(['a', 'b'])
    },
  )

  it('before any query of the run leaves a whole number of files applied, and the next run does the rest', async () => {
    const before = await server.createFolder({})
    const folder = await server.createFolder({
      '0001_all': [STATEMENTS.join(';\n'), DOWN],
      '0002_c': ['CREATE TABLE c (id integer)', 'DROP TABLE c'],
    })
    const wholes = await readWholeStates(before, folder)

    let fatal = 1
    for (; ; fatal++) {
      const database = await server.createDatabase(before)
      const { connect, isDead } = dyingConnect(database, fatal)
      await migrateUp(connect, { folder }).catch(() => undefined)
      if (!isDead()) break
      expect(wholes, `killed before query ${fatal}`).toContain(await readState(database))
      await migrateUp(database.connect, { folder })
      expect(await readState(database), `run again after a kill before query ${fatal}`).toBe(wholes.at(-1))
    }

    // At least the lock and the ledger; then for each of two files begin, the file, its row, commit.
    expect(fatal).toBeGreaterThan(10)
  }, 120_000)

  /** The schema and the ledger before the run, and behind each file of it. */
  async function readWholeStates(before: string, folder: string): Promise<string[]> {
    const database = await server.createDatabase(before)
    const wholes = [await readState(database)]
    for (const { name } of await readMigrations(folder)) {
      await migrateUp(database.connect, { folder, to: name })
      wholes.push(await readState(database))
    }
    return wholes
  }

  it('before any query of a revert leaves a whole number of files applied, and the next revert does the rest', async () => {
    const folder = await server.createFolder({
      '0001_all': [STATEMENTS.join(';\n'), DOWN],
      '0002_c': ['CREATE TABLE c (id integer)', 'DROP TABLE c'],
    })
    const wholes = await readWholeStates(await server.createFolder({}), folder)

    let fatal = 1
    for (; ; fatal++) {
      const database = await server.createDatabase(folder)
      const { connect, isDead } = dyingConnect(database, fatal)
      await migrateDown(connect, { folder, steps: 2 }).catch(() => undefined)
      if (!isDead()) break
      expect(wholes, `killed before query ${fatal}`).toContain(await readState(database))
      await migrateDown(database.connect, { folder, steps: 2 })
      expect(await readState(database), `reverted again after a kill before query ${fatal}`).toBe(wholes[0])
    }

    expect(fatal).toBeGreaterThan(10)
  }, 120_000)

  it('before any query of the first run of all leaves a ledger that the next run can use', async () => {
    const folder = await server.createFolder({})

    for (let fatal = 1; fatal <= 6; fatal++) {
      const database = await server.createDatabase()
      const { connect } = dyingConnect(database, fatal)
      await expect(migrateUp(connect, { folder })).rejects.toThrow()
      expect(await migrateUp(database.connect, { folder })).toHaveLength(3)
    }
  }, 120_000)
})

describe('a file without a transaction whose session is killed', () => {
  it('before any query of the run is finished by the next, with no invalid index left', async () => {
    const before = await server.createFolder({ '0001_all': [STATEMENTS.join(';\n'), DOWN] })
    const folder = await server.createFolder({ '0001_all': [STATEMENTS.join(';\n'), DOWN], '0002_index': INDEX })
    let final: string | undefined

    for (let fatal = 1; ; fatal++) {
      const database = await server.createDatabase(before)
      const { connect, isDead } = dyingConnect(database, fatal)
      await migrateUp(connect, { folder }).catch(() => undefined)
      if (isDead()) await migrateUp(database.connect, { folder })
      final ??= await readState(database)
      expect(await readState(database), `killed before query ${fatal}`).toBe(final)
      expect(await invalidIndexes(database)).toBe(0)
      if (!isDead()) return expect(fatal).toBeGreaterThan(10)
    }
  }, 120_000)

  it('in the middle of an index build leaves an invalid index, which the next run drops and builds anew', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({ '0001_all': [STATEMENTS.join(';\n'), DOWN] })
    await migrateUp(database.connect, { folder })
    await writeMigration(folder, '0002_index', INDEX)
    const older = await database.connect()
    await older.query('BEGIN; INSERT INTO b VALUES (1)')
    const events: MigrationEvent[] = []

    const cutOff = migrateUp(database.connect, { folder }).catch((error: unknown) => error)
    await endSession(database, await findIndexBuilder(database))
    const error = await cutOff
    const left = await invalidIndexes(database)
    await older.query('COMMIT')
    await migrateUp(database.connect, { folder, onEvent: (event) => events.push(event) })

    expect(error).toMatchObject({ code: 'CONNECTION_LOST', migration: '0002_index' })
    expect(left).toBe(1)
    expect(events.slice(0, 2)).toEqual([
      { kind: 'applying', origin: 'app', name: '0002_index', again: true },
      { kind: 'dropping_invalid_index', origin: 'app', name: '0002_index', index: 'public.b_id_idx' },
    ])
    expect(await invalidIndexes(database)).toBe(0)
  })

  /** Waits until a session waits inside CREATE INDEX CONCURRENTLY for an older transaction. */
  async function findIndexBuilder({ query }: ScratchDatabase): Promise<number> {
    for (;;) {
      const [row] = await query(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'`,
      )
      if (row !== undefined) return Number(row['pid'])
    }
  }
})

describe('a migrator whose process is killed', () => {
  it.each([0, 1, 2, 3, 4, 5])('after %i files leaves a whole number of them, and the next run does the rest', async (files) => {
    const database = await server.createDatabase()
    const folder = await server.createFolder(
      Object.fromEntries(
        [1, 2, 3, 4].map((number) => [
          `000${number}_t`,
          [
            `CREATE TABLE t${number} (id integer); SELECT pg_sleep(0.05); CREATE TABLE u${number} (id integer)`,
            `DROP TABLE u${number}, t${number}`,
          ],
        ]),
      ),
    )
    const runner = spawn(process.execPath, [join(import.meta.dirname, 'migrate-runner.ts'), database.url, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(runner, 'exit')
    let applying = 0
    runner.stdout.on('data', (chunk: Buffer) => {
      applying += chunk.toString().split('applying').length - 1
      if (applying > files) runner.kill('SIGKILL')
    })
    await exited

    // The server may still be at work on what the killed process sent; the next run waits for that.
    const done = await migrateUp(database.connect, { folder })

    const ledger = await database.query(`SELECT name FROM plinth_migrations WHERE state = 'applied'`)
    expect(runner.signalCode).toBe('SIGKILL')
    expect(ledger).toHaveLength(7)
    expect(done.length).toBeGreaterThan(0)
    expect(await readTables(database)).toEqual(['t1', 't2', 't3', 't4', 'u1', 'u2', 'u3', 'u4'])
  })
})
