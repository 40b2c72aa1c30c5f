// Proves MIG-01, MIG-06, MIG-07.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkMigrations, type MigrationEvent, migrateDown, migrateUp, migrationStatus } from '../../src/migrate/index.ts'
import { BLOG_MIGRATIONS, readState, readTables, scratch, writeMigration } from './migrate-database.ts'

const server = scratch()
const TABLE_A = ['CREATE TABLE a (id integer PRIMARY KEY);', 'DROP TABLE a;'] as const
const TABLE_B = ['CREATE TABLE b (id integer PRIMARY KEY);', 'DROP TABLE b;'] as const

describe('migrateUp()', () => {
  it('creates the tables of Plinth and of the blog, once', async () => {
    const database = await server.createDatabase()

    const first = await migrateUp(database.connect, { folder: BLOG_MIGRATIONS, appliedBy: '1.2.3' })
    const second = await migrateUp(database.connect, { folder: BLOG_MIGRATIONS })

    expect(first.map(({ origin, name }) => `${origin}/${name}`)).toEqual([
      'plinth/0001_journal',
      'plinth/0002_idempotency',
      'plinth/0003_identity',
      'app/0001_create_users',
      'app/0002_create_posts',
      'app/0003_add_password',
    ])
    expect(second).toEqual([])
    expect(await readTables(database)).toEqual(['posts', 'users'])
    expect(await database.query('SELECT DISTINCT state, applied_by, length(checksum_up) AS bits FROM plinth_migrations')).toEqual(
      [{ state: 'applied', applied_by: '1.2.3', bits: 64 }],
    )
  })

  it('stops behind the target', async () => {
    const database = await server.createDatabase()

    await migrateUp(database.connect, { folder: BLOG_MIGRATIONS, to: '0001_create_users' })

    expect(await readTables(database)).toEqual(['users'])
  })

  it('leaves nothing of a file that fails, and names the line', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({
      '0001_a': TABLE_A,
      '0002_b': ['CREATE TABLE b (id integer);\n\nCREATE TABLE a (id integer, wrong nonsense);', 'SELECT 1'],
    })

    const run = migrateUp(database.connect, { folder })

    await expect(run).rejects.toMatchObject({
      code: 'STATEMENT_FAILED',
      migration: '0002_b',
      message:
        'Cannot run "0002_b.up.sql" (line 3): the server answered "type "nonsense" does not exist", expected the file to succeed',
    })
    expect(await readTables(database)).toEqual(['a'])
  })

  it('refuses an applied file that was edited, and applies nothing', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({ '0001_a': TABLE_A })
    await migrateUp(database.connect, { folder })
    await writeFile(join(folder, '0001_a.up.sql'), 'CREATE TABLE a (id bigint PRIMARY KEY);')
    await writeMigration(folder, '0002_b', TABLE_B)

    const run = migrateUp(database.connect, { folder })

    await expect(run).rejects.toMatchObject({
      code: 'FILE_EDITED',
      message: 'Cannot run migrations: "0001_a.up.sql" was edited after it was applied, expected it unchanged',
      hint: 'Restore the file from version control, and put the change into a new migration.',
    })
    expect(await readTables(database)).toEqual(['a'])
  })

  it('puts the tables into the schema that it is given', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({ '0001_a': TABLE_A })
    await database.query('CREATE SCHEMA "of my own"')

    await migrateUp(database.connect, { folder, schema: 'of my own' })

    expect(await database.query(`SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = 'of my own'`)).toEqual([
      { tables: 15 },
    ])
    expect(await readTables(database)).toEqual([])
  })

  it('keeps what one file sets from the next', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({
      '0001_a': [`CREATE SCHEMA aside; SET search_path = aside; SET lock_timeout = 0; SET ROLE pg_monitor;`, 'DROP SCHEMA aside'],
      '0002_b': [
        `CREATE TABLE b AS SELECT current_user::text AS role, current_setting('lock_timeout') AS lock_timeout`,
        'DROP TABLE b',
      ],
    })

    await migrateUp(database.connect, { folder, lockTimeoutMs: 4_321 })

    expect(await database.query('SELECT role <> $1 AS is_reset, lock_timeout FROM public.b', ['pg_monitor'])).toEqual([
      { is_reset: true, lock_timeout: '4321ms' },
    ])
  })

  it('runs as its own role after a file without a transaction that became another', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({
      '0001_a': ['-- plinth: no transaction\nSET ROLE pg_monitor', 'SELECT 1'],
      '0002_b': TABLE_B,
    })

    expect(await migrateUp(database.connect, { folder })).toHaveLength(5)
  })

  it('refuses to go on when a file has released the runner lock', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({ '0001_a': ['SELECT pg_advisory_unlock_all()', 'SELECT 1'], '0002_b': TABLE_B })

    await expect(migrateUp(database.connect, { folder })).rejects.toMatchObject({ code: 'RUNNER_LOCK_LOST', migration: '0002_b' })
    expect(await readTables(database)).toEqual([])
  })

  it('says how to mend a statement that refuses a transaction', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({ '0001_a': ['VACUUM pg_class', 'SELECT 1'] })

    await expect(migrateUp(database.connect, { folder })).rejects.toMatchObject({
      code: 'STATEMENT_FAILED',
      hint: 'Nothing was changed. Begin the file with "-- plinth: no transaction".',
    })
  })
})

describe('migrateUp() of a file without a transaction', () => {
  const INDEX = [
    '-- plinth: no transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_id_idx ON a (id);\nANALYZE a;',
    '-- plinth: no transaction\nDROP INDEX CONCURRENTLY IF EXISTS a_id_idx',
  ] as const

  it('builds an index while a second runner waits', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({ '0001_a': TABLE_A, '0002_index': INDEX })

    const runs = await Promise.all([1, 2, 3].map(() => migrateUp(database.connect, { folder })))

    expect(runs.map((done) => done.length).sort()).toEqual([0, 0, 5])
    expect(await database.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id_idx'::regclass`)).toEqual([
      { indisvalid: true },
    ])
  })

  it('outwaits an older transaction for longer than lock_timeout', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({ '0001_a': TABLE_A })
    await migrateUp(database.connect, { folder })
    await writeMigration(folder, '0002_index', INDEX)
    const older = await database.connect()
    await older.query('BEGIN; INSERT INTO a VALUES (1)')

    const run = migrateUp(database.connect, { folder, lockTimeoutMs: 50, attemptsMax: 1 })
    await new Promise((resolve) => setTimeout(resolve, 300))
    await older.query('COMMIT')

    expect((await run).map(({ name }) => name)).toEqual(['0002_index'])
  })

  it('notes a file that failed half-way, and goes on with it once it is mended', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({
      '0001_a': [
        '-- plinth: no transaction\nCREATE TABLE IF NOT EXISTS a (id integer);\nSELECT nonsense;',
        '-- plinth: no transaction\nDROP TABLE IF EXISTS a',
      ],
    })
    const events: MigrationEvent[] = []

    await expect(migrateUp(database.connect, { folder })).rejects.toMatchObject({
      code: 'STATEMENT_FAILED',
      message: expect.stringContaining('Cannot run "0001_a.up.sql": statement 2 of 2 (line 3, "SELECT nonsense") failed with'),
    })
    const [, , , halfway] = await migrationStatus(database.connect, { folder })
    await writeFile(join(folder, '0001_a.up.sql'), '-- plinth: no transaction\nCREATE TABLE IF NOT EXISTS a (id integer);')
    await migrateUp(database.connect, { folder, onEvent: (event) => events.push(event) })

    expect(halfway).toMatchObject({ name: '0001_a', state: 'started' })
    expect(events[0]).toEqual({ kind: 'applying', origin: 'app', name: '0001_a', again: true })
    expect((await migrationStatus(database.connect, { folder }))[3]).toMatchObject({ name: '0001_a', state: 'applied' })
  })

  it('reverts a file that failed half-way', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({
      '0001_a': [
        '-- plinth: no transaction\nCREATE TABLE IF NOT EXISTS a (id integer);\nSELECT nonsense;',
        '-- plinth: no transaction\nDROP TABLE IF EXISTS a',
      ],
    })
    await migrateUp(database.connect, { folder }).catch(() => undefined)

    const reverted = await migrateDown(database.connect, { folder })

    expect(reverted.map(({ name }) => name)).toEqual(['0001_a'])
    expect(await readTables(database)).toEqual([])
  })
})

describe('migrateDown()', () => {
  it('reverts the last migration, then the one before, and leaves the tables of Plinth', async () => {
    const database = await server.createDatabase()
    await migrateUp(database.connect, { folder: BLOG_MIGRATIONS })

    const first = await migrateDown(database.connect, { folder: BLOG_MIGRATIONS })
    const rest = await migrateDown(database.connect, { folder: BLOG_MIGRATIONS, steps: 9 })

    expect([first, rest].map((done) => done.map(({ name }) => name))).toEqual([
      ['0003_add_password'],
      ['0002_create_posts', '0001_create_users'],
    ])
    expect(await database.query(`SELECT to_regclass('plinth_journal')::text AS journal`)).toEqual([{ journal: 'plinth_journal' }])
  })
})

describe('migrationStatus()', () => {
  it('tells what is applied and what is pending', async () => {
    const database = await server.createDatabase()
    await migrateUp(database.connect, { folder: BLOG_MIGRATIONS, to: '1' })

    const status = await migrationStatus(database.connect, { folder: BLOG_MIGRATIONS })

    expect(status.map(({ name, state }) => `${name} ${state}`)).toEqual([
      '0001_journal applied',
      '0002_idempotency applied',
      '0003_identity applied',
      '0001_create_users applied',
      '0002_create_posts pending',
      '0003_add_password pending',
    ])
    expect(Math.abs(Date.now() - Number(status[3]?.appliedAt))).toBeLessThan(60_000)
  })

  it('changes nothing on a database that was never migrated', async () => {
    const database = await server.createDatabase()
    const before = await readState(database)

    const status = await migrationStatus(database.connect, { folder: BLOG_MIGRATIONS })

    expect(new Set(status.map(({ state }) => state))).toEqual(new Set(['pending']))
    expect(await readState(database)).toBe(before)
  })
})

describe('checkMigrations()', () => {
  it('proves that the migrations of Plinth and of the blog can be reverted and applied again', async () => {
    const database = await server.createDatabase()

    expect(await checkMigrations(database.connect, { folder: BLOG_MIGRATIONS })).toEqual([])
    expect(await readTables(database)).toEqual(['posts', 'users'])
  })

  it.each([
    ['a table', 'CREATE TABLE x (id integer)', 'SELECT 1', 'relation public.x is there and was not'],
    ['a column', 'ALTER TABLE a ADD COLUMN extra text', 'SELECT 1', 'column public.a.extra is there and was not'],
    ['a default', 'ALTER TABLE a ALTER COLUMN id SET DEFAULT 7', 'SELECT 1', 'column public.a.id is'],
    [
      'a constraint',
      'ALTER TABLE a ADD CONSTRAINT a_check CHECK (id > 0)',
      'SELECT 1',
      'constraint a.a_check is there and was not',
    ],
    ['an index', 'CREATE INDEX a_idx ON a (id)', 'SELECT 1', 'index public.a_idx is there and was not'],
    [
      'a function',
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$',
      'SELECT 1',
      'function f() is there and was not',
    ],
    ['a label', `ALTER TYPE mood ADD VALUE 'new'`, 'SELECT 1', 'type public.mood is'],
    [
      'a trigger',
      'CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
      'SELECT 1',
      'trigger a.t is',
    ],
    ['a grant', 'GRANT SELECT ON a TO pg_monitor', 'SELECT 1', 'relation public.a is'],
    ['what it should not have dropped', 'CREATE TABLE x (id integer)', 'DROP TABLE x; DROP TABLE a', 'relation public.a is gone'],
  ])('finds a down that forgets %s', async (_, up, down, difference) => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({
      '0001_a': [`${TABLE_A[0]} CREATE TYPE mood AS ENUM ('old')`, `${TABLE_A[1]} DROP TYPE mood`],
      '0002_wrong': [up, down],
    })

    const findings = await checkMigrations(database.connect, { folder })

    expect(findings).toMatchObject([{ origin: 'app', name: '0002_wrong', after: 'down' }])
    expect(findings[0]?.differences.join('\n')).toContain(difference)
  })

  it('takes a column that goes and comes again for the same', async () => {
    const database = await server.createDatabase()
    const folder = await server.createFolder({
      '0001_a': TABLE_A,
      '0002_c': ['ALTER TABLE a ADD COLUMN c text', 'ALTER TABLE a DROP COLUMN c'],
    })

    expect(await checkMigrations(database.connect, { folder })).toEqual([])
  })

  it('refuses a database that holds anything', async () => {
    const database = await server.createDatabase()
    await database.query('CREATE TABLE precious (id integer)')

    await expect(checkMigrations(database.connect, { folder: BLOG_MIGRATIONS })).rejects.toMatchObject({
      code: 'NOT_SCRATCH',
      message: expect.stringContaining('it holds relation public.precious, expected an empty scratch database'),
    })
    expect(await readTables(database)).toEqual(['precious'])
  })
})
