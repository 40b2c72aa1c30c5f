/** The runs: up, down, status. Each takes the files, the ledger and one session, and leaves the last two in agreement. */
import { runMigration } from './apply.ts'
import { type Connect, type MigrationConnection, withConnection } from './connection.ts'
import { type Migration, type Origin, readMigrations, readSystemMigrations } from './files.ts'
import { compareHistory, type HistoryEntry, type MigrationStatus, planDown, planUp } from './history.ts'
import { createLedger, readLedger } from './ledger.ts'
import { withRunnerLock } from './lock.ts'
import { type MigrateOptions, type Settings, withDefaults } from './options.ts'
import { setSession } from './session.ts'

export interface MigrationDone {
  readonly origin: Origin
  readonly name: string
  readonly durationMs: number
}

/**
 * Applies what is pending, Plinth's own tables first, and answers what was applied; nothing to do is an empty list.
 *
 * Waits for another runner; retries when locks are not free. Each file commits by itself, so a failure leaves the ones
 * before it applied.
 *
 * @param options.to the last migration wanted, by name or number; default all
 * @throws MigrationError with a sentence and a hint; the reason of `signal` when that aborts
 * @example
 * const applied = await migrateUp(connect, { folder: 'migrations', onEvent: (event) => print(event) })
 */
export function migrateUp(connect: Connect, options: MigrateOptions & { readonly to?: string }): Promise<MigrationDone[]> {
  return runPlanned(connect, withDefaults(options), 'up', (entries, settings) => planUp(entries, options.to, settings.allowsLate))
}

/**
 * Reverts the application's last migrations, the last first, and answers what was reverted. Plinth's own tables stay.
 *
 * @param options.steps how many; integer ≥ 1, default 1
 * @throws MigrationError with a sentence and a hint; the reason of `signal` when that aborts
 */
export function migrateDown(connect: Connect, options: MigrateOptions & { readonly steps?: number }): Promise<MigrationDone[]> {
  return runPlanned(connect, withDefaults(options), 'down', (entries) => planDown(entries, options.steps ?? 1))
}

/**
 * Tells the state of each migration that the files or the ledger know, in order. Changes nothing and takes no lock.
 *
 * @throws MigrationError `FILE_INVALID` when the files cannot be read
 */
export async function migrationStatus(
  connect: Connect,
  options: Pick<MigrateOptions, 'folder' | 'schema'>,
): Promise<MigrationStatus[]> {
  const settings = withDefaults(options)
  const migrations = await readAll(settings)
  const entries = await withConnection(connect, (connection) => readHistory(connection, settings, migrations))
  return entries.map(({ migration: _, ...status }) => status)
}

/** Plinth's migrations and the application's, in the order in which they are applied. */
export async function readAll(settings: Settings): Promise<Migration[]> {
  return [...(await readSystemMigrations()), ...(await readMigrations(settings.folder))]
}

async function readHistory(
  connection: MigrationConnection,
  settings: Settings,
  migrations: readonly Migration[],
): Promise<HistoryEntry[]> {
  return compareHistory(migrations, await readLedger(connection, settings))
}

async function runPlanned(
  connect: Connect,
  settings: Settings,
  direction: 'up' | 'down',
  plan: (entries: readonly HistoryEntry[], settings: Settings) => Migration[],
): Promise<MigrationDone[]> {
  // Before connecting: a file that cannot be run is no reason to wait for a lock.
  const migrations = await readAll(settings)
  return withConnection(connect, (connection) =>
    withRunnerLock(connection, settings, async () => {
      await setSession(connection, settings)
      await createLedger(connection, settings)
      // Under the lock: a runner that this one waited for may have done it all.
      const entries = await readHistory(connection, settings, migrations)
      const cutOff = new Set(
        entries.filter(({ state }) => state === 'started' || state === 'reverting').map(({ migration }) => migration),
      )
      const done: MigrationDone[] = []
      for (const migration of plan(entries, settings)) {
        settings.signal?.throwIfAborted()
        const durationMs = await runMigration(connection, settings, migration, direction, cutOff.has(migration))
        done.push({ origin: migration.origin, name: migration.name, durationMs })
      }
      return done
    }),
  )
}
