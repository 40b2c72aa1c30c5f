/**
 * A page of records by keyset: the page begins where the last one ended, found through an index, so page 50,000 costs what page 1
 * costs.
 *
 * The order is total (its last key is `id`), and nulls count as greater than all values, as PostgreSQL's indexes keep them. The
 * limit stands in the text: bound, the planner would guess a tenth of the table and leave the index. One record more than asked
 * tells whether the list goes on.
 */
import type { ListPlan, PrintedRecord } from '../../engine/index.ts'
import { type Binder, identifier, literal, type Statement, StatementWriter } from '../../sql/index.ts'
import type { Row } from '../driver.ts'
import { printOrder, printStretches } from './keyset.ts'
import { contextBinder, joinAnd, printParent } from './predicates.ts'
import { column, printedColumns, type RecordColumns } from './record-columns.ts'
import { printSelection, selectionShape } from './selection.ts'

export interface ListStatement {
  readonly statement: Statement<ListPlan>
  readonly columns: RecordColumns<PrintedRecord>
  /** The sort values of a row, as text: where the next page begins. */
  readonly readKeys: KeyReader
}

type KeyReader = (row: Row | undefined) => readonly (string | null)[] | undefined

/** Names the shape: plans of one shape differ in bound values only. */
export function listShape(plan: ListPlan): string {
  return `${selectionShape(plan)}|${plan.limit}|${plan.offset > 0}`
}

export function writeList(plan: ListPlan): ListStatement {
  const writer = new StatementWriter<ListPlan>()
  const columns = printedColumns(plan.fields)
  const isBackward = plan.position?.isBackward === true
  const { keys, readKeys } = planKeys(plan, columns.count)
  const selection = printMembers(plan, writer.bind)
  const stretches = printStretches(plan, writer.bind)
  const offset = plan.offset > 0 ? ` OFFSET ${writer.bind('offset', 'bigint', (bound) => bound.offset)}` : ''
  const end = ` ORDER BY ${printOrder(plan.sort, isBackward)} LIMIT ${literal(plan.limit + 1)}`

  const from = (condition: string): string => `FROM ${identifier(plan.resource.table)} t WHERE ${condition}`
  const all = plan.resource.fields.map((field) => column(field)).join(', ')
  // Joined by OR, two stretches would be a filter over the whole index; so each is read in order, no further than the page goes.
  const united = stretches.map((stretch) => `(SELECT ${all} ${from(joinAnd([selection, stretch]))}${end})`).join(' UNION ALL ')
  const source = stretches.length > 1 ? `FROM (${united}) t` : from(joinAnd([selection, ...stretches]))
  const text = `SELECT ${[columns.list, ...keys].join(', ')} ${source}${end}${offset}`
  return { statement: writer.finish(`${plan.resource.table}_list`, text), columns, readKeys }
}

/**
 * Where the sort values of a row are found. Only two rows of a page are ever asked, so what the record's JSON holds is read from
 * there, and a column, which all rows would pay for, stands only for what it does not hold.
 */
function planKeys(
  { sort, fields }: ListPlan,
  columnCount: number,
): { readonly keys: readonly string[]; readonly readKeys: KeyReader } {
  const keys: string[] = []
  const readers = sort.map(({ field }): ((row: Row, json: Readonly<Record<string, unknown>>) => string | null) => {
    if (field.name === 'id') return (row) => row[0] ?? null
    if (fields.fields.includes(field) && field.kind.idPrefix === undefined) return (_, json) => textOf(json[field.column])
    const at = columnCount + keys.push(`${column(field)}::text`) - 1
    return (row) => row[at] ?? null
  })
  const readKeys: KeyReader = (row) => {
    if (row === undefined) return undefined
    const json = JSON.parse(row[1] ?? '{}') as Readonly<Record<string, unknown>>
    return readers.map((read) => read(row, json))
  }
  return { keys, readKeys }
}

/** JSON prints times, numbers and texts as PostgreSQL reads them. */
function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value)
}

/** How many records the list has in all; only where pages are numbered, and tables small. */
export function writeCount(plan: ListPlan): Statement<ListPlan> {
  const writer = new StatementWriter<ListPlan>()
  const text = `SELECT count(*) FROM ${identifier(plan.resource.table)} t WHERE ${printMembers(plan, writer.bind)}`
  return writer.finish(`${plan.resource.table}_count`, text)
}

/** Which records belong to the list, wherever the page begins. */
function printMembers(plan: ListPlan, bind: Binder<ListPlan>): string {
  return joinAnd([printParent(plan.parent, bind), printSelection(plan, { own: bind, ofContext: contextBinder(bind) })])
}
