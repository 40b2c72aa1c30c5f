/** The names of test databases and templates, and the removal of those that runs which were killed have left behind. */
import { openConnection } from '../pg/index.ts'

/** Followed by the time of making in base 36, then something random. */
export const DATABASE_PREFIX = 'plinth_test_'
/** Followed by the day of making in base 36, then the hash of what it holds. */
export const TEMPLATE_PREFIX = 'plinth_template_'
export const DAY_MS = 86_400_000
/** No run takes longer. */
const DATABASE_AGE_MAX_MS = 3_600_000

/** Drops what runs that were killed have left on a server that outlives them. */
export async function sweepTestDatabases(url: string, nowMs = Date.now()): Promise<number> {
  await using admin = await openConnection(url)
  const rows = await admin.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE starts_with(datname, '${DATABASE_PREFIX}') OR starts_with(datname, '${TEMPLATE_PREFIX}')`,
  )
  const old = rows.filter(({ name }) => {
    const isTemplate = name.startsWith(TEMPLATE_PREFIX)
    const stamp = name.slice((isTemplate ? TEMPLATE_PREFIX : DATABASE_PREFIX).length).split('_')[0] ?? ''
    const madeAtMs = Number.parseInt(stamp, 36) * (isTemplate ? DAY_MS : 1)
    return nowMs - madeAtMs > (isTemplate ? DAY_MS : DATABASE_AGE_MAX_MS)
  })
  for (const { name } of old) await admin.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
  return old.length
}
