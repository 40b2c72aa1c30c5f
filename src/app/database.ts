/** Which database a service uses: the one that `DATABASE_URL` names, or its own, started here. */
import { mkdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Connect, type MigrationDone, type MigrationEvent, migrateUp, migrationStatus } from '../migrate/index.ts'
import {
  EmbeddedPostgresError,
  type EmbeddedPostgresEvent,
  findRunningPostgres,
  openConnection,
  startEmbeddedPostgres,
} from '../pg/index.ts'
import type { App } from './declare.ts'

export interface Database {
  readonly url: string
  /** `embedded PostgreSQL 18.4 in .plinth/`, for people. */
  readonly description: string
  /** Opens a plain connection for migrations. */
  readonly connect: Connect
  stop(): Promise<void>
}

export interface DatabaseOptions {
  readonly databaseUrl: string | undefined
  readonly onEvent?: (event: EmbeddedPostgresEvent) => void
}

/**
 * The folder that Plinth writes to, in that of the application; made when it is missing. Others may pass through it, so that
 * under root the database's user reaches its data there; each secret in it is closed by itself.
 */
export function openDataFolder(app: App): string {
  const folder = join(app.folder, '.plinth')
  mkdirSync(folder, { recursive: true, mode: 0o711 })
  return folder
}

export async function openDatabase(app: App, { databaseUrl, onEvent }: DatabaseOptions): Promise<Database> {
  if (databaseUrl !== undefined) {
    const { host, pathname, searchParams } = new URL(databaseUrl)
    const place = `${searchParams.get('host') ?? host}${pathname}`
    return {
      url: databaseUrl,
      description: `PostgreSQL at ${place}`,
      connect: connectTo(databaseUrl),
      stop: async () => undefined,
    }
  }
  const folder = openDataFolder(app)
  const embedded = await startEmbeddedPostgres({ folder, ...(onEvent !== undefined && { onEvent }) })
  const shown = relative(process.cwd(), folder) || '.'
  return {
    url: embedded.url,
    description: `embedded PostgreSQL ${embedded.version} in ${shown}/`,
    connect: connectTo(embedded.url),
    stop: () => embedded.stop(),
  }
}

/**
 * The database of an application whose service may be running: where that one holds the embedded database, as a second guest of
 * its server. For short work only: the server ends with the service.
 */
export async function joinDatabase(app: App, options: DatabaseOptions): Promise<Database> {
  try {
    return await openDatabase(app, options)
  } catch (error) {
    const isHeld = error instanceof EmbeddedPostgresError && error.code === 'LOCKED'
    const url = isHeld ? findRunningPostgres(openDataFolder(app)) : undefined
    if (url === undefined) throw error
    return {
      url,
      description: 'the embedded PostgreSQL of the running service',
      connect: connectTo(url),
      stop: async () => undefined,
    }
  }
}

/** Applies all migrations that are pending. */
export function migrate(app: App, database: Database, onEvent?: (event: MigrationEvent) => void): Promise<MigrationDone[]> {
  return migrateUp(database.connect, { folder: app.migrations, ...(onEvent !== undefined && { onEvent }) })
}

/** @throws when the schema is not the one that this version was written for */
export async function expectMigrated(app: App, database: Database): Promise<void> {
  const states = await migrationStatus(database.connect, { folder: app.migrations })
  const pending = states.filter(({ state }) => state !== 'applied')
  const [first] = pending
  if (first === undefined) return
  const more = pending.length > 1 ? ` and ${pending.length - 1} more` : ''
  throw new Error(`Cannot start: migration "${first.name}"${more} is ${first.state}, expected applied. Run: plinth migrate up`)
}

function connectTo(url: string): Connect {
  return async () => {
    const connection = await openConnection(url)
    return {
      query: async (text, values) => ({ rows: await connection.query(text, values) }),
      end: () => connection.close(),
    }
  }
}
