/**
 * Applies or reverts one migration, so that database and ledger agree whatever happens on the way.
 *
 * With a transaction: change and ledger row commit together, so the schema is before or after, never between. Without one: the
 * ledger says `started` (or `reverting`) before the first statement and the end state after the last, so a run that was cut off
 * is known, and is run from its top again; that is why such statements must bear being run twice.
 */
import type { MigrationConnection } from './connection.ts'
import { isConnectionLoss, MigrationError, messageOf, sqlState } from './error.ts'
import { excerpt, type Migration, type Script } from './files.ts'
import { dropInvalidIndex } from './invalid-index.ts'
import { eraseFromLedger, writeLedger } from './ledger.ts'
import { assertRunnerLock } from './lock.ts'
import type { Settings } from './options.ts'
import { withLockRetry } from './retry.ts'
import { setSession } from './session.ts'

export type Direction = 'up' | 'down'

/** Runs one direction of a migration; `again` when the ledger says that an earlier run was cut off. Answers the milliseconds. */
export async function runMigration(
  connection: MigrationConnection,
  settings: Settings,
  migration: Migration,
  direction: Direction,
  again: boolean,
): Promise<number> {
  const { origin, name } = migration
  settings.onEvent({ kind: direction === 'up' ? 'applying' : 'reverting', origin, name, again })
  const startMs = performance.now()
  const elapsedMs = (): number => Math.round(performance.now() - startMs)
  const script = direction === 'up' ? migration.up : migration.down
  const finish = (): Promise<void> =>
    direction === 'up'
      ? writeLedger(connection, settings, migration, 'applied', elapsedMs())
      : eraseFromLedger(connection, settings, migration)
  try {
    if (script.isTransaction) await runInTransaction(connection, settings, migration, script, finish)
    else await runStatements(connection, settings, migration, script, direction, finish)
  } catch (thrown) {
    throw describeFailure(thrown, migration, script)
  }
  settings.onEvent({ kind: direction === 'up' ? 'applied' : 'reverted', origin, name, durationMs: elapsedMs() })
  return elapsedMs()
}

function runInTransaction(
  connection: MigrationConnection,
  settings: Settings,
  migration: Migration,
  script: Script,
  finish: () => Promise<void>,
): Promise<void> {
  return withLockRetry(connection, settings, migration, async () => {
    await setSession(connection, settings)
    await connection.query('BEGIN')
    try {
      await assertRunnerLock(connection, migration.name)
      // The whole file at once: the server reads it as it stands, and a position in an error is a position in the file.
      await connection.query(script.sql)
      // The file may have taken another role, which need not be allowed to write the ledger.
      await connection.query('RESET SESSION AUTHORIZATION')
      await finish()
      await connection.query('COMMIT')
    } catch (thrown) {
      // A session that is gone has rolled back already, and what it died of says more.
      await connection.query('ROLLBACK').catch(() => undefined)
      throw thrown
    }
  })
}

async function runStatements(
  connection: MigrationConnection,
  settings: Settings,
  migration: Migration,
  script: Script,
  direction: Direction,
  finish: () => Promise<void>,
): Promise<void> {
  await setSession(connection, settings)
  await assertRunnerLock(connection, migration.name)
  await writeLedger(connection, settings, migration, direction === 'up' ? 'started' : 'reverting', null)
  for (const [index, statement] of script.statements.entries()) {
    settings.signal?.throwIfAborted()
    // Behind CONCURRENTLY nobody queues, and it must outwait every transaction that is older than itself.
    const isPatient = /\bCONCURRENTLY\b/i.test(statement.bare)
    try {
      await withLockRetry(connection, settings, migration, async () => {
        await setSession(connection, settings, isPatient ? settings.patientLockTimeoutMs : settings.lockTimeoutMs)
        await assertRunnerLock(connection, migration.name)
        await dropInvalidIndex(connection, settings, migration, statement)
        await connection.query(statement.text)
      })
    } catch (thrown) {
      throw describeCutOff(thrown, migration, script, index)
    }
  }
  await setSession(connection, settings)
  await finish()
}

/** For a file without a transaction: which statement failed, and that what came before it stays. */
function describeCutOff(thrown: unknown, migration: Migration, script: Script, index: number): unknown {
  if (thrown instanceof MigrationError || isConnectionLoss(thrown)) return thrown
  const statement = script.statements[index]
  const message =
    `Cannot run "${script.file}": statement ${index + 1} of ${script.statements.length} (line ${statement?.line}, ` +
    `"${excerpt(statement?.bare ?? '')}") failed with "${messageOf(thrown)}", expected it to succeed`
  const hint =
    'The statements before it stay. Mend the cause or the file and run it again: it runs from its top. ' +
    'To undo it instead, `plinth migrate down`.'
  return new MigrationError('STATEMENT_FAILED', message, { hint, migration: migration.name, cause: thrown })
}

function describeFailure(thrown: unknown, migration: Migration, script: Script): unknown {
  if (thrown instanceof MigrationError || (thrown instanceof Error && thrown.name === 'AbortError')) return thrown
  if (isConnectionLoss(thrown)) {
    const message = `Cannot run "${script.file}": the connection was lost (${messageOf(thrown)}), expected it to last`
    const hint = script.isTransaction
      ? 'The file is applied whole or not at all: run again, and the ledger decides.'
      : 'The ledger knows that the file was cut off: run again, and it runs from its top.'
    return new MigrationError('CONNECTION_LOST', message, { hint, migration: migration.name, cause: thrown })
  }
  const line = lineOf(thrown, script)
  const message = `Cannot run "${script.file}"${line}: the server answered "${messageOf(thrown)}", expected the file to succeed`
  return new MigrationError('STATEMENT_FAILED', message, { hint: hintFor(thrown), migration: migration.name, cause: thrown })
}

function lineOf(thrown: unknown, script: Script): string {
  const position = thrown instanceof Error && 'position' in thrown ? Number(thrown.position) : Number.NaN
  return Number.isInteger(position) ? ` (line ${script.sql.slice(0, position).split('\n').length})` : ''
}

function hintFor(thrown: unknown): string {
  // active_sql_transaction: the statement refuses to run inside a transaction.
  if (sqlState(thrown) === '25001') return 'Nothing was changed. Begin the file with "-- plinth: no transaction".'
  return 'Nothing was changed. Mend the file, or the data that it meets, and run again.'
}
