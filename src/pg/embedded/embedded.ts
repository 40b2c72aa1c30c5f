/** Starts the embedded database of an application: locks its folder, finds the binaries, opens the data, runs the server. */
import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { findBinaries } from './binaries.ts'
import { DATABASE, type Home, makeSocketFolder, openData, openHome, ROLE } from './cluster.ts'
import { EmbeddedPostgresError } from './failure.ts'
import { freePort } from './free-port.ts'
import { readIdentity } from './identity.ts'
import { endLeftovers } from './leftovers.ts'
import { lifeline } from './lifeline.ts'
import { type FolderLock, lockFolder } from './lock.ts'
import { type EmbeddedPostgresEvent, PostgresServer } from './server.ts'
import { renderAccessRules, renderSettings, type SettingValue, SOCKET_PORT } from './settings.ts'

export interface EmbeddedPostgresOptions {
  /** Where the data lives. Default `.plinth` in the current folder. */
  readonly folder?: string
  /** A private Unix socket (default), or a free port on 127.0.0.1 for tools that know no sockets. Both ask for the password. */
  readonly listen?: 'socket' | 'loopback'
  /** PostgreSQL settings that replace the ones for a small server, as `{ shared_buffers: '256MB' }`. */
  readonly tuning?: Readonly<Record<string, SettingValue>>
  /**
   * `full` (default): an acknowledged commit survives a power cut. `none`: for tests only; nothing survives the machine, and
   * commits do not wait for the disk.
   */
  readonly durability?: 'full' | 'none'
  /** Removes the folder after the server has gone, however this process ends. For tests only: it needs `durability: 'none'`. */
  readonly isEphemeral?: boolean
  /** How long the server may take to answer, replaying its log after a crash included. Default 60,000. */
  readonly startTimeoutMs?: number
  /** Told what happens to the server: that it is ready, died, is back, was stopped. */
  readonly onEvent?: (event: EmbeddedPostgresEvent) => void
  /** Where binaries and data go when root's project is closed to the user who runs the server. Default `/var/lib/plinth`. */
  readonly systemFolder?: string
  /** The folder of the binaries' npm package. Found by itself. */
  readonly packageFolder?: string
}

export interface EmbeddedPostgresConnection {
  /** The folder of the Unix socket, or `127.0.0.1`. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** A running server that belongs to this process. */
export interface EmbeddedPostgres extends AsyncDisposable {
  readonly connection: EmbeddedPostgresConnection
  /** The connection as libpq and pg read it. Holds the password. */
  readonly url: string
  /** `18.4` */
  readonly version: string
  /** The postmaster; undefined while it is being started again after a crash. */
  readonly pid: number | undefined
  /** Where the files really are. */
  readonly home: string
  /** Lets running statements end in error, writes everything out and returns when the server is gone. Safe to call twice. */
  stop(): Promise<void>
}

const START_TIMEOUT_MS = 60_000

/**
 * Starts the PostgreSQL server that is this application's own, creating it the first time.
 *
 * First start 1.5 to 2 s, later ones 0.2 s. The server ends with this process, however that ends. When the server dies by itself it is started
 * again, and what was acknowledged is still there. No signal handlers are installed: call `stop()` at the end of a graceful stop.
 *
 * @throws `EmbeddedPostgresError` with a sentence that says how to mend it
 * @example
 * const database = await startEmbeddedPostgres({ folder: '.plinth' })
 * const pool = new Pool(database.connection)
 * // …
 * await pool.end()
 * await database.stop()
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  const durability = options.durability ?? 'full'
  if (options.isEphemeral === true && durability === 'full') {
    throw new Error('Cannot start an ephemeral database: its durability is "full", expected "none"')
  }
  const folder = resolve(options.folder ?? '.plinth')
  const shownFolder = showFolder(folder)
  // Others may pass through, so that under root the server's user reaches its data; what is secret is closed by itself.
  mkdirSync(folder, { recursive: true, mode: 0o711 })
  const locks = await takeLocks(folder, shownFolder)
  try {
    return await startLocked(folder, shownFolder, locks, durability, options)
  } catch (error) {
    for (const lock of locks) lock.release()
    throw error
  }
}

async function startLocked(
  folder: string,
  shownFolder: string,
  locks: FolderLock[],
  durability: 'full' | 'none',
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const onEvent = options.onEvent ?? (() => {})
  const systemFolder = options.systemFolder ?? '/var/lib/plinth'
  const identity = readIdentity(join(folder, 'postgres', 'data'))
  const binaries = await findBinaries({
    identity,
    copiesFolder: copiesFolder(folder, systemFolder),
    packageFolder: options.packageFolder,
  })
  const home = await openHome(folder, shownFolder, identity, systemFolder)
  // A project that was copied with its link shares its data with the original.
  if (home.path !== join(realpathSync(folder), 'postgres')) locks.push(...(await takeLocks(home.path, shownFolder)))

  const createdAt = performance.now()
  const { password, isNew } = await openData(home, shownFolder, binaries, identity, durability)
  if (isNew) onEvent({ kind: 'created', tookMs: performance.now() - createdAt })
  else await endOrphan(home, onEvent)

  const socketFolder = options.listen === 'loopback' ? undefined : makeSocketFolder(home, identity)
  const port = socketFolder === undefined ? await freePort() : SOCKET_PORT
  const connection = { host: socketFolder ?? '127.0.0.1', port, user: ROLE, password, database: DATABASE }
  const listen = socketFolder === undefined ? { port } : { socketFolder }
  writeServerFile(
    home,
    'postgresql.conf',
    renderSettings({ durability, listen, logFolder: home.log, tuning: options.tuning ?? {} }),
  )
  writeServerFile(home, 'pg_hba.conf', renderAccessRules(ROLE))

  const line = lifeline(options.isEphemeral === true ? { signal: 'QUIT', removeFolder: folder } : { signal: 'INT' })
  const server = new PostgresServer({
    program: join(binaries.folder, 'postgres'),
    dataFolder: home.data,
    logFolder: home.log,
    socketFolder,
    identity,
    connection,
    lifeline: line,
    shownFolder,
    startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
    onEvent,
  })
  const clear = (): void => {
    line.release()
    if (socketFolder !== undefined) rmSync(socketFolder, { recursive: true, force: true })
    if (options.isEphemeral === true)
      for (const path of [home.path, folder]) rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await server.start()
  } catch (error) {
    clear()
    throw error
  }
  const close = (): void => {
    clear()
    for (const lock of locks) lock.release()
  }
  return new RunningPostgres(server, connection, binaries.version, home.path, close)
}

class RunningPostgres implements EmbeddedPostgres {
  readonly connection: EmbeddedPostgresConnection
  readonly url: string
  readonly version: string
  readonly home: string
  readonly #server: PostgresServer
  readonly #close: () => void
  #stopping: Promise<void> | undefined

  constructor(server: PostgresServer, connection: EmbeddedPostgresConnection, version: string, home: string, close: () => void) {
    this.#server = server
    this.#close = close
    this.connection = connection
    this.url = renderUrl(connection)
    this.version = version
    this.home = home
  }

  get pid(): number | undefined {
    return this.#server.pid
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#server.stop().finally(this.#close)
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

async function takeLocks(folder: string, shownFolder: string): Promise<FolderLock[]> {
  const lock = await lockFolder(folder)
  if ('release' in lock) return [lock]
  const holder = lock.heldBy === undefined ? 'another process' : `process ${lock.heldBy}`
  throw new EmbeddedPostgresError(
    'LOCKED',
    `Cannot start the embedded database in "${shownFolder}": ${holder} uses it, expected a folder for each running application; ` +
      'stop that process, or set DATABASE_URL to share one PostgreSQL server',
  )
}

async function endOrphan(home: Home, onEvent: (event: EmbeddedPostgresEvent) => void): Promise<void> {
  const { postmaster } = await endLeftovers(home.data, join(home.path, 'run'))
  if (postmaster !== undefined) onEvent({ kind: 'orphanStopped', pid: postmaster })
}

/** Keeps the owner of a file that exists; a new one belongs to the server's user already, for `initdb` made both. */
function writeServerFile(home: Home, name: string, text: string): void {
  writeFileSync(join(home.data, name), text)
}

/** Under root a copy must lie where other users can go; anybody else can use one in the application's own folder. */
function copiesFolder(folder: string, systemFolder: string): string {
  return process.getuid?.() === 0 ? systemFolder : join(folder, 'binaries')
}

/** The short form where there is one: `.plinth` reads better than its whole path. */
function showFolder(folder: string): string {
  const short = relative(process.cwd(), folder)
  return short === '' || short.startsWith('..') ? folder : short
}

/** As libpq and pg read it. */
export function renderUrl({ host, port, user, password, database }: EmbeddedPostgresConnection): string {
  return `postgresql://${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}/${database}`
}
