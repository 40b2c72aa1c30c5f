/** Proves each migration against a real database: up, down, up must give what was there before, and the same again. */
import { runMigration } from './apply.ts'
import { type CatalogLine, compareCatalogs, readCatalog } from './catalog.ts'
import { type Connect, type MigrationConnection, withConnection } from './connection.ts'
import { MigrationError } from './error.ts'
import type { Migration, Origin } from './files.ts'
import { createLedger } from './ledger.ts'
import { withRunnerLock } from './lock.ts'
import { type MigrateOptions, type Settings, withDefaults } from './options.ts'
import { readAll } from './run.ts'
import { setSession } from './session.ts'

export interface CheckFinding {
  readonly origin: Origin
  readonly name: string
  /** `down`: reverting does not give back what was there. `up`: applying again does not give the same as the first time. */
  readonly after: 'down' | 'up'
  readonly message: string
  /** One sentence for each object that differs. */
  readonly differences: readonly string[]
}

/**
 * Runs every migration up, down and up again on a scratch database and compares the catalog after each; no findings is proof
 * that all can be reverted. Stops at the first migration with findings. The catalog is tables, columns, constraints, indexes,
 * functions, types, grants; rows are not compared.
 *
 * @param connect opens sessions on an empty database which nobody needs
 * @throws MigrationError `NOT_SCRATCH` when the database holds anything; the others as `migrateUp`
 */
export async function checkMigrations(connect: Connect, options: MigrateOptions): Promise<CheckFinding[]> {
  const settings = withDefaults(options)
  const migrations = await readAll(settings)
  return withConnection(connect, (connection) =>
    withRunnerLock(connection, settings, async () => {
      await refuseUsedDatabase(connection)
      await setSession(connection, settings)
      await createLedger(connection, settings)
      for (const migration of migrations) {
        settings.signal?.throwIfAborted()
        const findings = await checkMigration(connection, settings, migration)
        // What stands on a migration that cannot be reverted would only fail over what that one left behind.
        if (findings.length > 0) return findings
      }
      return []
    }),
  )
}

async function checkMigration(
  connection: MigrationConnection,
  settings: Settings,
  migration: Migration,
): Promise<CheckFinding[]> {
  const before = await readCatalog(connection)
  const run = async (direction: 'up' | 'down'): Promise<CatalogLine[]> => {
    await runMigration(connection, settings, migration, direction, false)
    return readCatalog(connection)
  }
  const afterUp = await run('up')
  const afterDown = await run('down')
  const lost = findingOf(migration, 'down', compareCatalogs(before, afterDown))
  return lost.length > 0 ? lost : findingOf(migration, 'up', compareCatalogs(afterUp, await run('up')))
}

function findingOf(migration: Migration, after: 'down' | 'up', differences: string[]): CheckFinding[] {
  if (differences.length === 0) return []
  const { origin, name } = migration
  const message =
    after === 'down'
      ? `Cannot revert "${name}": its down leaves ${differences.length} difference(s), expected what was there before its up`
      : `Cannot apply "${name}" again: up, down, up leaves ${differences.length} difference(s), expected the same as after the first up`
  return [{ origin, name, after, message, differences }]
}

async function refuseUsedDatabase(connection: MigrationConnection): Promise<void> {
  const used = (await readCatalog(connection)).find(({ object }) => /^(?:relation|function|type) /.test(object))
  const { rows } = await connection.query(
    `SELECT current_database() AS name, count(*)::integer AS ledgers FROM pg_class WHERE relname = 'plinth_migrations'`,
  )
  const name = String(rows[0]?.['name'])
  if (used === undefined && rows[0]?.['ledgers'] === 0) return
  const message = `Cannot check migrations in database "${name}": it holds ${used?.object ?? 'a ledger'}, expected an empty scratch database`
  throw new MigrationError('NOT_SCRATCH', message, {
    hint: 'The check reverts every migration: give it a database made for it alone.',
  })
}
