/** Removes what identity no longer needs to remember: how long each kind of row stays behind its end. */
import { isoTime } from '../kernel/index.ts'
import type { SqlClient } from '../sql/index.ts'

const DAY_S = 86_400
/** Rows of one table that one call removes: some 10 ms of work, on rows that nobody else wants. */
const BATCH = 1_000

interface Remains {
  readonly table: string
  /** Columns of the primary key. */
  readonly key: readonly string[]
  /** What has been over for `keepS`, as SQL over `$1`, the moment before which it must have ended. */
  readonly isOver: string
  readonly keepS: number
}

const REMAINS: readonly Remains[] = [
  // Clocks may differ by seconds, so a token may be shown a little after its end.
  { table: 'plinth_revoked_tokens', key: ['jti'], isOver: 'expires_at < $1', keepS: 60 },
  { table: 'plinth_one_time_secrets', key: ['secret_digest'], isOver: 'expires_at < $1', keepS: 0 },
  { table: 'plinth_refresh_tokens', key: ['token_digest'], isOver: 'expires_at < $1', keepS: 0 },
  // Thirty days for people to ask where they were signed in.
  { table: 'plinth_sessions', key: ['session_id'], isOver: 'expires_at < $1', keepS: 30 * DAY_S },
  { table: 'plinth_failures', key: ['subject'], isOver: 'last_at < $1 AND blocked_until < $1', keepS: DAY_S },
  { table: 'plinth_oauth_artifacts', key: ['kind', 'name_digest'], isOver: 'expires_at < $1', keepS: 0 },
  // A day for people to see that it is withdrawn.
  { table: 'plinth_signing_keys', key: ['kid'], isOver: 'published_until < $1', keepS: DAY_S },
]

const STATEMENTS = REMAINS.map(({ table, key, isOver, keepS }) => ({
  table,
  keepS,
  text: `WITH gone AS (SELECT ${key.join(', ')} FROM ${table} WHERE ${isOver.replaceAll('$1', '$1::timestamptz')} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED),
deleted AS (DELETE FROM ${table} t USING gone WHERE ${key.map((column) => `t.${column} = gone.${column}`).join(' AND ')} RETURNING 1)
SELECT count(*)::integer AS count FROM deleted`,
}))

/**
 * Removes at most 1,000 rows of each table in a round; instances may do so at once, and none waits for another.
 *
 * @param nowMs milliseconds since 1970
 * @param roundsMax how often a table is asked that has more; default 1
 * @returns rows removed, by table
 */
export async function sweepIdentity(sql: SqlClient, nowMs: number, roundsMax = 1): Promise<Readonly<Record<string, number>>> {
  const removed: Record<string, number> = {}
  for (const { table, keepS, text } of STATEMENTS) {
    const before = isoTime(nowMs - keepS * 1_000)
    let total = 0
    for (let round = 1; round <= roundsMax; round++) {
      const [row] = await sql.query<{ readonly count: number }>(text, [before])
      total += row?.count ?? 0
      if ((row?.count ?? 0) < BATCH) break
    }
    removed[table] = total
  }
  return removed
}
