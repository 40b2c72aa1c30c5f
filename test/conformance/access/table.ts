/** Reads the table of access: what each principal gets of each operation, as it is written down for people. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const PRINCIPALS = [
  'nobody',
  'viewer',
  'editor, own',
  'editor, not own',
  'admin',
  "editor's app",
  "admin's app",
  'service',
  'suspended',
  'expired',
  'signed out',
  'other audience',
] as const
export type Principal = (typeof PRINCIPALS)[number]

/** What somebody gets: it is done, it is done and the record is not in it, or how it is refused. */
export const OUTCOMES = ['yes', 'hidden', '400', '401', '403', '404', '422'] as const
export type Outcome = (typeof OUTCOMES)[number]

export interface Row {
  /** As in log and metrics: `posts.list`. */
  readonly operation: string
  /** `GET /api/v1/posts`. */
  readonly line: string
  /** Of what: `a draft`. */
  readonly what: string
  readonly cells: ReadonlyMap<Principal, Outcome>
}

export const TABLE_FILE = join(import.meta.dirname, '../../../examples/blog/access.md')

/** @throws a sentence for a line that is not a row of the table */
export function readTable(text: string = readFileSync(TABLE_FILE, 'utf8')): readonly Row[] {
  const rows: Row[] = []
  for (const line of text.split('\n').filter((one) => one.startsWith('|'))) {
    const [operation = '', request = '', what = '', ...cells] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', ''))
    if (operation === 'operation') expectPrincipals(cells)
    else if (!/^-+$/.test(operation)) rows.push({ operation, line: request, what, cells: readCells(operation, what, cells) })
  }
  return rows
}

/** Names a row among all. */
export function nameOf({ operation, what }: Pick<Row, 'operation' | 'what'>): string {
  return what === '' ? operation : `${operation}: ${what}`
}

function expectPrincipals(cells: readonly string[]): void {
  if (cells.join() === PRINCIPALS.join()) return
  throw new Error(`Cannot read the table of access: its columns are ${cells.join(' | ')}, expected ${PRINCIPALS.join(' | ')}`)
}

function readCells(operation: string, what: string, cells: readonly string[]): ReadonlyMap<Principal, Outcome> {
  const name = nameOf({ operation, what })
  if (cells.length !== PRINCIPALS.length)
    throw new Error(`Cannot read the row "${name}": it has ${cells.length} cells, expected ${PRINCIPALS.length}`)
  return new Map(
    PRINCIPALS.map((principal, at) => {
      const cell = OUTCOMES.find((outcome) => outcome === cells[at])
      if (cell === undefined)
        throw new Error(
          `Cannot read the row "${name}": "${cells[at]}" for ${principal} is no outcome, expected one of ${OUTCOMES.join(', ')}`,
        )
      return [principal, cell]
    }),
  )
}
