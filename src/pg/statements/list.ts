/**
 * A page of records by keyset: the page begins where the last one ended, found through an index, so page 50,000 costs what page 1
 * costs.
 *
 * The order is total (its last key is `id`), and nulls count as greater than all values, as PostgreSQL's indexes keep them. The
 * limit stands in the text: bound, the planner would guess a tenth of the table and leave the index. One record more than asked
 * tells whether the list goes on.
 */
import type { FilterPlan, ListPlan, PositionPlan, PrintedRecord } from '../../engine/index.ts'
import type { SortModel } from '../../model/index.ts'
import { type Binder, type BoundValue, identifier, literal, type Statement, StatementWriter } from '../../sql/index.ts'
import type { Row } from '../driver.ts'
import { contextBinder, IS_LIVE, joinAnd, printAccess, printParent } from './predicates.ts'
import { column, printedColumns, type RecordColumns } from './record-columns.ts'

export interface ListStatement {
  readonly statement: Statement<ListPlan>
  readonly columns: RecordColumns<PrintedRecord>
  /** The sort values of a row, as text: where the next page begins. */
  readonly readKeys: KeyReader
}

type KeyReader = (row: Row | undefined) => readonly (string | null)[] | undefined

/** Names the shape: plans of one shape differ in bound values only. */
export function listShape(plan: ListPlan): string {
  const filters = plan.filters.map(
    ({ field, operator, value }) => `${field.position}${operator}${operator === 'null' ? value : ''}`,
  )
  const sort = plan.sort.map(({ field, isDescending }) => `${isDescending ? '-' : ''}${field.position}`)
  const position =
    plan.position === undefined
      ? ''
      : `${plan.position.isBackward}${plan.position.values.map((value) => (value === null ? 'n' : 'v')).join('')}`
  return `${filters.join()}|${plan.search !== undefined}|${sort.join()}|${position}|${plan.limit}|${plan.offset > 0}|${plan.includesDeleted}`
}

export function writeList(plan: ListPlan): ListStatement {
  const writer = new StatementWriter<ListPlan>()
  const columns = printedColumns(plan.fields)
  const isBackward = plan.position?.isBackward === true
  const order = plan.sort
    .map(({ field, isDescending }) => `${column(field)} ${isDescending !== isBackward ? 'DESC' : 'ASC'}`)
    .join(', ')
  const { keys, readKeys } = planKeys(plan, columns.count)
  const selection = printSelection(plan, writer.bind)
  const stretches = plan.position === undefined ? [] : printStretches(plan.sort, plan.position, writer.bind)
  const offset = plan.offset > 0 ? ` OFFSET ${writer.bind('offset', 'bigint', (bound) => bound.offset)}` : ''
  const end = ` ORDER BY ${order} LIMIT ${literal(plan.limit + 1)}`

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
  const text = `SELECT count(*) FROM ${identifier(plan.resource.table)} t WHERE ${printSelection(plan, writer.bind)}`
  return writer.finish(`${plan.resource.table}_count`, text)
}

/** Which records belong to the list, wherever the page begins. */
function printSelection(plan: ListPlan, bind: Binder<ListPlan>): string {
  return joinAnd([
    plan.includesDeleted ? undefined : IS_LIVE,
    printParent(plan.parent, bind),
    ...plan.filters.map((filter, at) => printFilter(filter, at, bind)),
    plan.search === undefined ? undefined : printSearch(plan, bind),
    printAccess(plan.read, plan.resource, contextBinder(bind)),
  ])
}

const COMPARISONS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

function printFilter({ field, operator, value }: FilterPlan, at: number, bind: Binder<ListPlan>): string {
  const name = column(field)
  const bound = (sqlType: string): string =>
    bind(`filter.${at}`, sqlType, ({ filters }): BoundValue => filters[at]?.value ?? null)
  switch (operator) {
    case 'null':
      return value === true ? `${name} IS NULL` : `${name} IS NOT NULL`
    case 'in':
      return `${name} = ANY(${bound(`${field.kind.sqlType}[]`)})`
    case 'ne':
      return `${name} IS DISTINCT FROM ${bound(field.kind.sqlType)}`
    default:
      return `${name} ${COMPARISONS[operator]} ${bound(field.kind.sqlType)}`
  }
}

/** A trigram index serves `ILIKE` with the text in the middle. */
function printSearch(plan: ListPlan, bind: Binder<ListPlan>): string {
  const pattern = bind('search', 'text', ({ search = '' }) => `%${search.replace(/[\\%_]/g, '\\$&')}%`)
  return `(${plan.resource.list.searchable.map((field) => `${column(field)} ILIKE ${pattern}`).join(' OR ')})`
}

/**
 * The records behind the position, in the direction that the page is read: one stretch of an index that serves the sort, or two
 * where nulls lie behind a value, or values behind null.
 */
function printStretches(sort: readonly SortModel[], position: PositionPlan, bind: Binder<ListPlan>): readonly string[] {
  const keys = sort.map(({ field, isDescending }, at) => ({
    name: column(field),
    value:
      position.values[at] == null
        ? null
        : bind(`position.${at}`, field.kind.sqlType, (plan) => plan.position?.values[at] ?? null),
    isFalling: isDescending !== position.isBackward,
    isNullable: field.rules.isNullable,
  }))
  const [first, ...rest] = keys
  if (first === undefined) throw new RangeError('Cannot place a page: the list has no order, expected at least one key')
  // Null is the greatest: falling from it come all values, rising from a value come the nulls at last.
  const isDivided = first.isNullable && first.isFalling === (first.value === null)
  if (!isDivided) return [printBehindKeys(keys)]
  return [
    printBehindKeys([{ ...first, isNullable: false }, ...rest]),
    first.value === null ? `${first.name} IS NOT NULL` : `${first.name} IS NULL`,
  ]
}

interface Key {
  readonly name: string
  /** A placeholder, or null where the position has no value. */
  readonly value: string | null
  readonly isFalling: boolean
  /** Whether nulls, or what is not null, may lie behind the value. */
  readonly isNullable: boolean
}

function printBehindKeys(keys: readonly Key[]): string {
  const [first] = keys
  // One direction and no nulls behind: a comparison of rows, which an index answers as one range.
  const isUniform = keys.every(
    (key) => key.isFalling === first?.isFalling && key.value !== null && (key.isFalling || !key.isNullable),
  )
  if (isUniform)
    return `(${keys.map((key) => key.name).join(', ')}) ${first?.isFalling === true ? '<' : '>'} (${keys.map((key) => key.value).join(', ')})`

  const cases = keys.flatMap((key, at) => {
    const behind = printBehind(key)
    return behind === undefined ? [] : [joinAnd([...keys.slice(0, at).map(printEqual), behind])]
  })
  return joinAnd([first === undefined ? undefined : printBound(first), `(${cases.join(' OR ')})`])
}

/** Implied by the cases, and what lets an index begin at the right place. */
function printBound({ name, value, isFalling }: Key): string {
  if (value === null) return `${name} IS NULL`
  return `${name} ${isFalling ? '<=' : '>='} ${value}`
}

function printEqual({ name, value }: Key): string {
  return value === null ? `${name} IS NULL` : `${name} = ${value}`
}

/**
 * What lies behind the value of this key alone; undefined where nothing does. The last key is never null, so one case always
 * stays.
 */
function printBehind({ name, value, isFalling, isNullable }: Key): string | undefined {
  if (value === null) return isFalling && isNullable ? `${name} IS NOT NULL` : undefined
  if (isFalling) return `${name} < ${value}`
  return isNullable ? `(${name} > ${value} OR ${name} IS NULL)` : `${name} > ${value}`
}
