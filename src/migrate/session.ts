/** How a session is set before a file runs: the same for every file, whatever the one before it or the role has set. */
import { identifier } from '../sql/index.ts'
import type { MigrationConnection } from './connection.ts'
import type { Settings } from './options.ts'

/** Undoes what an earlier file may have set, then fixes what a file may count on, for the rest of the session. */
export async function setSession(
  connection: MigrationConnection,
  settings: Settings,
  lockTimeoutMs: number = settings.lockTimeoutMs,
): Promise<void> {
  // Not DISCARD ALL, which would release the runner lock.
  await connection.query('RESET SESSION AUTHORIZATION; RESET ALL')
  const values = {
    lock_timeout: String(lockTimeoutMs),
    statement_timeout: String(settings.statementTimeoutMs),
    // A file waits for no client: only a run that hangs would be idle, and then its locks must not stay.
    idle_in_transaction_session_timeout: '60000',
    // Temporary tables last, or they could stand in for real ones.
    search_path: `${identifier(settings.schema)}, pg_temp`,
    standard_conforming_strings: 'on',
  }
  const calls = Object.entries(values).map((_, index) => `set_config($${index * 2 + 1}, $${index * 2 + 2}, false)`)
  await connection.query(`SELECT ${calls.join(', ')}`, Object.entries(values).flat())
}
