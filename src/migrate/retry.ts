/** Tries again when locks were not to be had, and says who may be in the way when patience ends. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { MigrationConnection } from './connection.ts'
import { MigrationError, sqlState } from './error.ts'
import type { Migration } from './files.ts'
import type { Settings } from './options.ts'

const REASONS: Readonly<Record<string, 'lock_timeout' | 'deadlock'>> = { '55P03': 'lock_timeout', '40P01': 'deadlock' }

/** Runs `attempt` until it succeeds, fails for another reason than locks, or has been tried `attemptsMax` times. */
export async function withLockRetry(
  connection: MigrationConnection,
  settings: Settings,
  migration: Migration,
  attempt: () => Promise<void>,
): Promise<void> {
  for (let count = 1; ; count++) {
    try {
      return await attempt()
    } catch (thrown) {
      const reason = REASONS[sqlState(thrown) ?? '']
      if (reason === undefined) throw thrown
      const { attemptsMax } = settings
      if (count >= attemptsMax) throw await lockTimeout(connection, settings, migration, thrown)
      // Full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
      const waitMs = Math.round(Math.random() * Math.min(settings.retryWaitMsMax, settings.retryBaseMs * 2 ** count))
      const { origin, name } = migration
      settings.onEvent({ kind: 'retrying', origin, name, reason, attempt: count, attemptsMax, waitMs })
      await sleep(waitMs, undefined, { signal: settings.signal })
    }
  }
}

async function lockTimeout(
  connection: MigrationConnection,
  settings: Settings,
  migration: Migration,
  cause: unknown,
): Promise<MigrationError> {
  const { attemptsMax, lockTimeoutMs } = settings
  const message =
    `Cannot run migration "${migration.name}": a lock was not free within ${lockTimeoutMs} ms in ${attemptsMax} attempts, ` +
    'expected no long transaction on the tables it changes'
  const hint = `Nothing was changed. ${await describeOldest(connection)}Wait for it or end it with pg_terminate_backend, then run again.`
  return new MigrationError('LOCK_TIMEOUT', message, { hint, migration: migration.name, cause })
}

/** The oldest open transaction is the likeliest holder. Its query is not shown: it may hold secrets. */
async function describeOldest(connection: MigrationConnection): Promise<string> {
  const { rows } = await connection.query(
    `SELECT pid, application_name, extract(epoch FROM now() - xact_start)::integer AS age_s FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1`,
  )
  const row = rows[0]
  if (row === undefined) return ''
  return `The oldest open transaction is ${row['age_s']} s old (server process ${row['pid']}, application "${row['application_name']}"). `
}
