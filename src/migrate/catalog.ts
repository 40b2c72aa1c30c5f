/** Reads what a database is made of, as sorted lines of text: two databases are made alike when their lines are equal. */
import type { MigrationConnection } from './connection.ts'

export interface CatalogLine {
  /** `table public.posts`, `column public.posts.title`. */
  readonly object: string
  readonly definition: string
}

/** Not the system's, not the ledger's, and not an extension's: those come and go with it. */
const OWN = (oid: string, catalog: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = ${oid} AND d.classid = '${catalog}'::regclass AND d.deptype = 'e')`
const USER_SCHEMA = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`
const NOT_LEDGER = `c.relname NOT LIKE 'plinth\\_migrations%'`

/**
 * One branch for each kind of object. Columns carry their rank among the living ones, not `attnum`: a column that was dropped
 * and added again takes a new number, and is the same column for all that anyone can see.
 */
const CATALOG = `
  SELECT 'schema ' || n.nspname AS object, coalesce(n.nspacl::text, '') AS definition
  FROM pg_namespace n WHERE ${USER_SCHEMA} AND ${OWN('n.oid', 'pg_namespace')}
UNION ALL
  SELECT 'extension ' || extname, extversion FROM pg_extension
UNION ALL
  SELECT 'relation ' || n.nspname || '.' || c.relname,
    concat_ws(' ', c.relkind, c.relpersistence, c.reloptions::text, c.relacl::text,
      'row security ' || c.relrowsecurity || c.relforcerowsecurity,
      'partition ' || pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), 'comment ' || obj_description(c.oid, 'pg_class'))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${USER_SCHEMA} AND ${NOT_LEDGER} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${OWN('c.oid', 'pg_class')}
UNION ALL
  SELECT 'view ' || n.nspname || '.' || c.relname, pg_get_viewdef(c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${USER_SCHEMA} AND c.relkind IN ('v', 'm') AND ${OWN('c.oid', 'pg_class')}
UNION ALL
  SELECT 'sequence ' || n.nspname || '.' || c.relname,
    concat_ws(' ', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${USER_SCHEMA} AND ${OWN('c.oid', 'pg_class')}
UNION ALL
  SELECT 'column ' || n.nspname || '.' || c.relname || '.' || a.attname,
    concat_ws(' ', rank() OVER (PARTITION BY c.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN 'NOT NULL' END, 'DEFAULT ' || pg_get_expr(f.adbin, f.adrelid),
      'identity ' || nullif(a.attidentity::text, ''),
      'generated ' || nullif(a.attgenerated::text, ''), 'collation ' || nullif(a.attcollation, 0)::regcollation::text, a.attstorage,
      'compression ' || nullif(a.attcompression::text, ''), a.attacl::text, 'comment ' || col_description(c.oid, a.attnum))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
  WHERE ${USER_SCHEMA} AND ${NOT_LEDGER} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
    AND ${OWN('c.oid', 'pg_class')}
UNION ALL
  SELECT 'constraint ' || conrelid::regclass::text || '.' || conname,
    pg_get_constraintdef(k.oid) || CASE WHEN convalidated THEN '' ELSE ' unvalidated' END
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${USER_SCHEMA} AND ${NOT_LEDGER} AND ${OWN('c.oid', 'pg_class')}
UNION ALL
  SELECT 'index ' || n.nspname || '.' || c.relname, pg_get_indexdef(c.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${USER_SCHEMA} AND ${NOT_LEDGER} AND ${OWN('i.indrelid', 'pg_class')}
UNION ALL
  SELECT 'trigger ' || t.tgrelid::regclass::text || '.' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${USER_SCHEMA} AND NOT t.tgisinternal
UNION ALL
  SELECT 'rule ' || r.ev_class::regclass::text || '.' || r.rulename, pg_get_ruledef(r.oid)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${USER_SCHEMA} AND r.rulename <> '_RETURN' AND ${OWN('c.oid', 'pg_class')}
UNION ALL
  SELECT 'policy ' || p.polrelid::regclass::text || '.' || p.polname,
    concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid),
      pg_get_expr(p.polwithcheck, p.polrelid))
  FROM pg_policy p
UNION ALL
  SELECT 'function ' || p.oid::regprocedure::text,
    CASE WHEN p.prokind = 'a' THEN 'aggregate ' || pg_get_function_result(p.oid) ELSE pg_get_functiondef(p.oid) END
      || ' ' || coalesce(p.proacl::text, '')
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE ${USER_SCHEMA} AND ${OWN('p.oid', 'pg_proc')}
UNION ALL
  SELECT 'type ' || n.nspname || '.' || t.typname,
    concat_ws(' ', t.typtype, format_type(nullif(t.typbasetype, 0), t.typtypmod), t.typdefault,
      CASE WHEN t.typnotnull THEN 'NOT NULL' END,
      (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
      (SELECT string_agg(pg_get_constraintdef(k.oid), ', ' ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid))
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE ${USER_SCHEMA} AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND ${OWN('t.oid', 'pg_type')}
UNION ALL
  SELECT 'event trigger ' || evtname, concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, evttags::text) FROM pg_event_trigger`

/** Reads the catalog of the connected database. Comparable between databases of one server version only. */
export async function readCatalog(connection: MigrationConnection): Promise<CatalogLine[]> {
  const { rows } = await connection.query(CATALOG)
  const lines = rows.map((row) => ({ object: String(row['object']), definition: String(row['definition']) }))
  // Here, not in SQL: the order must not hang on the database's collation.
  return lines.sort((a, b) => (a.object < b.object ? -1 : a.object > b.object ? 1 : 0))
}

/** How `after` differs from `before`, a sentence each; empty when they are made alike. */
export function compareCatalogs(before: readonly CatalogLine[], after: readonly CatalogLine[]): string[] {
  const expected = new Map(before.map((line) => [line.object, line.definition]))
  const differences: string[] = []
  for (const { object, definition } of after) {
    const was = expected.get(object)
    expected.delete(object)
    if (was === undefined) differences.push(`${object} is there and was not`)
    else if (was !== definition) differences.push(`${object} is "${definition}" and was "${was}"`)
  }
  for (const object of expected.keys()) differences.push(`${object} is gone`)
  return differences
}
