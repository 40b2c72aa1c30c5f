/**
 * One runner at a time on a database, over all instances: an advisory lock of the session.
 *
 * Invariant: the session that holds the lock is the one that changes the schema, so the lock cannot outlive the work nor the
 * work the lock, even when the process is killed. A second runner asks again and again and never blocks inside a statement: a
 * blocked `pg_advisory_lock` holds a snapshot, for which CREATE INDEX CONCURRENTLY of the first would wait for ever.
 * @see https://www.postgresql.org/docs/18/explicit-locking.html#ADVISORY-LOCKS
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { MigrationConnection } from './connection.ts'
import { MigrationError } from './error.ts'
import type { Settings } from './options.ts'

/** "plinth" in ASCII: any number will do that nobody else takes. */
const LOCK_KEY = '0x706c696e7468'
const LOCK_HIGH = Number(BigInt(LOCK_KEY) >> 32n)
const LOCK_LOW = Number(BigInt(LOCK_KEY) & 0xffff_ffffn)
const POLL_MS = 200

const HOLDER = `FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid::bigint = ${LOCK_HIGH} AND objid::bigint = ${LOCK_LOW}`

/** Runs `task` while no other runner can, waiting for one that is at work. */
export async function withRunnerLock<Result>(
  connection: MigrationConnection,
  settings: Settings,
  task: () => Promise<Result>,
): Promise<Result> {
  await takeRunnerLock(connection, settings)
  try {
    return await task()
  } finally {
    // The end of the session frees the lock too; a session that is gone has freed it already.
    await connection.query('SELECT pg_advisory_unlock($1::bigint)', [String(BigInt(LOCK_KEY))]).catch(() => undefined)
  }
}

async function takeRunnerLock(connection: MigrationConnection, settings: Settings): Promise<void> {
  const deadlineMs = performance.now() + settings.runnerWaitMsMax
  for (let isFirst = true; ; isFirst = false) {
    settings.signal?.throwIfAborted()
    const { rows } = await connection.query('SELECT pg_try_advisory_lock($1::bigint) AS taken', [String(BigInt(LOCK_KEY))])
    if (rows[0]?.['taken'] === true) return
    const holderPid = await findHolder(connection)
    if (isFirst) settings.onEvent({ kind: 'waiting', holderPid, waitMsMax: settings.runnerWaitMsMax })
    if (performance.now() >= deadlineMs) throw busy(holderPid, settings.runnerWaitMsMax)
    // Jitter, so that many waiting instances do not ask in step.
    await sleep(POLL_MS * (0.5 + Math.random()), undefined, { signal: settings.signal })
  }
}

async function findHolder(connection: MigrationConnection): Promise<number | undefined> {
  const { rows } = await connection.query(`SELECT pid ${HOLDER} LIMIT 1`)
  return rows[0] === undefined ? undefined : Number(rows[0]['pid'])
}

function busy(holderPid: number | undefined, waitMs: number): MigrationError {
  const holder = holderPid === undefined ? 'another runner' : `another runner (server process ${holderPid})`
  const message = `Cannot run migrations: ${holder} is still at work after ${waitMs} ms, expected it to finish`
  const hint = `See what it does with SELECT * FROM pg_stat_activity WHERE pid = ${holderPid ?? '…'}; then run again.`
  return new MigrationError('RUNNER_BUSY', message, { hint })
}

/** Refuses to go on when this session does not hold the lock: a pooler changed the session, or a file released it. */
export async function assertRunnerLock(connection: MigrationConnection, migration: string): Promise<void> {
  const { rows } = await connection.query(`SELECT 1 ${HOLDER} AND pid = pg_backend_pid()`)
  if (rows.length > 0) return
  const message = `Cannot run migration "${migration}": this session does not hold the runner lock, expected one session throughout`
  const hint = 'Connect straight to the server, not through a pooler in transaction mode; no file may release advisory locks.'
  throw new MigrationError('RUNNER_LOCK_LOST', message, { hint, migration })
}
