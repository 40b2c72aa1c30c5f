/** Clears away the invalid index that a cut-off CREATE INDEX CONCURRENTLY left, which IF NOT EXISTS would take for a good one. */
import type { MigrationConnection } from './connection.ts'
import type { Migration } from './files.ts'
import type { Settings } from './options.ts'
import type { Statement } from './statements.ts'

const IDENTIFIER = String.raw`(?:"(?:[^"]|"")+"|[\w$\u0080-\uffff]+)`
const CREATE_INDEX = new RegExp(
  String.raw`^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (?<index>${IDENTIFIER}) ON (?:ONLY )?(?<table>${IDENTIFIER}(?:\s?\.\s?${IDENTIFIER})?)`,
  'i',
)

/** The caller holds the runner lock, so no other runner is building the index now. */
export async function dropInvalidIndex(
  connection: MigrationConnection,
  settings: Settings,
  migration: Migration,
  statement: Statement,
): Promise<void> {
  const { index, table } = CREATE_INDEX.exec(statement.bare)?.groups ?? {}
  if (index === undefined || table === undefined) return
  const { rows } = await connection.query(
    `SELECT format('%I.%I', n.nspname, c.relname) AS index
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE i.indrelid = to_regclass($1) AND c.relname = (parse_ident($2))[1]::name AND NOT i.indisvalid`,
    [table, index],
  )
  const invalid = rows[0]?.['index']
  if (typeof invalid !== 'string') return
  settings.onEvent({ kind: 'dropping_invalid_index', origin: migration.origin, name: migration.name, index: invalid })
  await connection.query(`DROP INDEX CONCURRENTLY IF EXISTS ${invalid}`)
}
