/** Compares files with the ledger: what is applied, what is to come, and what is wrong. Pure; touches no database. */
import { MigrationError } from './error.ts'
import { type Migration, migrationNumber, type Origin } from './files.ts'
import type { LedgerRow } from './ledger.ts'

/**
 * - `applied`, `pending`: as it should be
 * - `started`, `reverting`: a file without a transaction was cut off on its way up or down
 * - `edited`: applied, and the up file has changed since
 * - `missing`: applied, and there is no file
 * - `late`: not applied, and a later one is
 */
export type MigrationState = 'applied' | 'pending' | 'started' | 'reverting' | 'edited' | 'missing' | 'late'

export interface MigrationStatus {
  readonly origin: Origin
  readonly name: string
  readonly state: MigrationState
  readonly appliedAt: Date | undefined
  readonly durationMs: number | undefined
  readonly appliedBy: string | undefined
  /** Whether the down file has changed since the migration was applied. Permitted: a wrong down must be mendable. */
  readonly isDownEdited: boolean
}

export interface HistoryEntry extends MigrationStatus {
  /** Undefined when the file is missing. */
  readonly migration: Migration | undefined
}

/** Every migration that the files or the ledger know: Plinth's own first, then by number. */
export function compareHistory(migrations: readonly Migration[], ledger: readonly LedgerRow[]): HistoryEntry[] {
  const rows = new Map(ledger.map((row) => [`${row.origin}/${row.name}`, row]))
  const entries = migrations.map((migration) => {
    const key = `${migration.origin}/${migration.name}`
    const row = rows.get(key)
    rows.delete(key)
    return row === undefined ? pendingEntry(migration, ledger) : ledgerEntry(row, migration)
  })
  for (const row of rows.values()) entries.push(ledgerEntry(row, undefined))
  return entries.sort(byOrder)
}

function pendingEntry(migration: Migration, ledger: readonly LedgerRow[]): HistoryEntry {
  const { origin, name, number } = migration
  const isLate = ledger.some((row) => row.origin === origin && migrationNumber(row.name) >= number)
  const nothing = { appliedAt: undefined, durationMs: undefined, appliedBy: undefined, isDownEdited: false }
  return { origin, name, state: isLate ? 'late' : 'pending', ...nothing, migration }
}

function ledgerEntry(row: LedgerRow, migration: Migration | undefined): HistoryEntry {
  const { origin, name, appliedAt, durationMs, appliedBy } = row
  const isDownEdited = migration !== undefined && migration.down.checksum !== row.checksumDown
  return { origin, name, state: ledgerEntryState(row, migration), appliedAt, durationMs, appliedBy, isDownEdited, migration }
}

function ledgerEntryState(row: LedgerRow, migration: Migration | undefined): MigrationState {
  if (migration === undefined) return 'missing'
  // One that was cut off may be edited: what stopped it may be the file's own fault.
  if (row.state !== 'applied') return row.state
  return migration.up.checksum === row.checksumUp ? 'applied' : 'edited'
}

function byOrder(a: HistoryEntry, b: HistoryEntry): number {
  if (a.origin !== b.origin) return a.origin === 'plinth' ? -1 : 1
  return migrationNumber(a.name) - migrationNumber(b.name) || (a.name < b.name ? -1 : 1)
}

/** What `up` must apply, in order. `to` is the last wanted: a name or its number. */
export function planUp(entries: readonly HistoryEntry[], to: string | undefined, allowsLate: boolean): Migration[] {
  const refusing = new Set<MigrationState>(['edited', 'missing', 'reverting', ...(allowsLate ? [] : (['late'] as const))])
  refuseStates(entries, refusing)
  const last = to === undefined ? Number.POSITIVE_INFINITY : migrationNumber(findTarget(entries, to).name)
  return entries.flatMap(({ state, origin, name, migration }) => {
    if (state === 'applied' || migration === undefined) return []
    return origin === 'plinth' || migrationNumber(name) <= last ? [migration] : []
  })
}

/** What `down` must revert, the last applied first: `steps` of the application's, or all of every origin for `'all'`. */
export function planDown(entries: readonly HistoryEntry[], steps: number | 'all'): Migration[] {
  const isDone = ({ state }: HistoryEntry): boolean => state !== 'pending' && state !== 'late'
  const done = entries.filter((entry) => isDone(entry) && (steps === 'all' || entry.origin === 'app')).reverse()
  const chosen = steps === 'all' ? done : done.slice(0, steps)
  refuseStates(chosen, new Set<MigrationState>(['edited', 'missing']))
  return chosen.flatMap(({ migration }) => (migration === undefined ? [] : [migration]))
}

function findTarget(entries: readonly HistoryEntry[], to: string): HistoryEntry {
  const isNumber = /^\d+$/.test(to)
  const target = entries.find(
    ({ origin, name }) => origin === 'app' && (isNumber ? migrationNumber(name) === Number(to) : name === to),
  )
  if (target !== undefined) return target
  const known = entries.filter(({ origin }) => origin === 'app').map(({ name }) => name)
  const hint = known.length === 0 ? 'The folder holds no migration.' : `There are: ${known.join(', ')}.`
  throw new MigrationError(
    'TARGET_UNKNOWN',
    `Cannot migrate to "${to}": there is no such migration, expected a name or a number`,
    { hint },
  )
}

function refuseStates(entries: readonly HistoryEntry[], states: ReadonlySet<MigrationState>): void {
  const wrong = entries.find(({ state }) => states.has(state))
  if (wrong !== undefined) throw refusalOf(wrong)
}

function refusalOf({ state, origin, name }: HistoryEntry): MigrationError {
  const migration = name
  switch (state) {
    case 'edited':
      return new MigrationError(
        'FILE_EDITED',
        `Cannot run migrations: "${name}.up.sql" was edited after it was applied, expected it unchanged`,
        {
          migration,
          hint: 'Restore the file from version control, and put the change into a new migration.',
        },
      )
    case 'missing':
      return new MigrationError(
        'FILE_MISSING',
        `Cannot run migrations: "${name}" is applied and its file is missing, expected "${name}.up.sql"`,
        {
          migration,
          hint:
            origin === 'plinth'
              ? 'The database was migrated by a newer Plinth: run that version, or a newer one.'
              : 'Restore both files from version control, or run the newer release that has them.',
        },
      )
    case 'late':
      return new MigrationError(
        'FILE_LATE',
        `Cannot apply "${name}": a later migration is applied already, expected the numbers to be applied in order`,
        {
          migration,
          hint: 'Rename both files to the next free number. If the order does not matter, allow late files for this run.',
        },
      )
    default:
      return new MigrationError(
        'HALF_REVERTED',
        `Cannot run migrations: the revert of "${name}" was cut off, expected it finished`,
        {
          migration,
          hint: 'Run `plinth migrate down` to finish the revert, then `plinth migrate up`.',
        },
      )
  }
}
