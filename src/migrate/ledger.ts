/** The table that says which migrations a database has. Knows its SQL; judges nothing. */
import { identifier } from '../sql/index.ts'
import type { MigrationConnection } from './connection.ts'
import type { Migration, Origin } from './files.ts'
import type { Settings } from './options.ts'

/** `started` and `reverting` exist only for files without a transaction: a run that is under way, or was cut off. */
export type LedgerState = 'applied' | 'started' | 'reverting'

export interface LedgerRow {
  readonly origin: Origin
  readonly name: string
  readonly state: LedgerState
  readonly checksumUp: string
  readonly checksumDown: string
  readonly appliedAt: Date
  readonly durationMs: number | undefined
  readonly appliedBy: string
}

function tableName(settings: Settings): string {
  return `${identifier(settings.schema)}.plinth_migrations`
}

/** Creates the ledger when it is not there. The caller holds the runner lock, so two never create it at once. */
export async function createLedger(connection: MigrationConnection, settings: Settings): Promise<void> {
  if (await hasLedger(connection, settings)) return
  await connection.query(
    `CREATE TABLE ${tableName(settings)} (
      origin text NOT NULL CHECK (origin IN ('plinth', 'app')),
      name text NOT NULL,
      state text NOT NULL CHECK (state IN ('applied', 'started', 'reverting')),
      checksum_up text NOT NULL,
      checksum_down text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now(),
      duration_ms integer,
      applied_by text NOT NULL,
      PRIMARY KEY (origin, name)
    )`,
  )
}

/** The rows of the ledger; none when there is no ledger yet. */
export async function readLedger(connection: MigrationConnection, settings: Settings): Promise<LedgerRow[]> {
  if (!(await hasLedger(connection, settings))) return []
  const { rows } = await connection.query(
    `SELECT origin, name, state, checksum_up, checksum_down, extract(epoch FROM applied_at) * 1000 AS applied_ms, duration_ms, applied_by
     FROM ${tableName(settings)} ORDER BY origin, name`,
  )
  // The table's own types and checks give each column its type.
  return rows.map((row) => ({
    origin: row['origin'] as Origin,
    name: String(row['name']),
    state: row['state'] as LedgerState,
    checksumUp: String(row['checksum_up']),
    checksumDown: String(row['checksum_down']),
    appliedAt: new Date(Number(row['applied_ms'])),
    durationMs: row['duration_ms'] === null ? undefined : Number(row['duration_ms']),
    appliedBy: String(row['applied_by']),
  }))
}

/** Notes that a migration is in this state now, whatever the ledger said of it before. */
export async function writeLedger(
  connection: MigrationConnection,
  settings: Settings,
  migration: Migration,
  state: LedgerState,
  durationMs: number | null,
): Promise<void> {
  await connection.query(
    `INSERT INTO ${tableName(settings)} AS ledger (origin, name, state, checksum_up, checksum_down, duration_ms, applied_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (origin, name) DO UPDATE SET state = excluded.state, checksum_up = excluded.checksum_up,
       checksum_down = excluded.checksum_down, applied_at = now(), duration_ms = excluded.duration_ms, applied_by = excluded.applied_by`,
    [migration.origin, migration.name, state, migration.up.checksum, migration.down.checksum, durationMs, settings.appliedBy],
  )
}

export async function eraseFromLedger(connection: MigrationConnection, settings: Settings, migration: Migration): Promise<void> {
  await connection.query(`DELETE FROM ${tableName(settings)} WHERE origin = $1 AND name = $2`, [migration.origin, migration.name])
}

async function hasLedger(connection: MigrationConnection, settings: Settings): Promise<boolean> {
  const { rows } = await connection.query('SELECT to_regclass($1) IS NOT NULL AS found', [tableName(settings)])
  return rows[0]?.['found'] === true
}
