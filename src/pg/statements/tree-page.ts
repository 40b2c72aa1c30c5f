/**
 * A page within a tree: one subquery that walks the list in its order, and prints what the page shows of it. Under a row it looks up to that row.
 *
 * The walk begins at the end of the list where the last records are asked for; they are then printed the other way round. How long it is at the
 * most, in powers of ten, stands in the text, since the planner needs to know; where it ends is bound, so that callers cannot make a
 * statement for each size. The rows are numbered, and PostgreSQL stops at the first whose number is too great. A page of just a power of ten, as
 * pages are where nobody says how many, ends by itself and is spared the numbers.
 *
 * Measured by EXPLAIN ANALYZE on 100,000 posts, 17 trees with 10, 3 and 20 records a page: the plans and their times are those of a LIMIT in the
 * text. With a bound LIMIT each run is planned anew (0.2 to 0.7 ms), for the plan for all values counts on a tenth of the table. With a
 * bound LIMIT around one in the text, a search for a rare text took the plan for all values, and 138 ms in place of 5.
 */
import { CURSOR_MARK, type KeyPlan, type PageLevel, type PagePartPlan, type PartPlan } from '../../engine/index.ts'
import type { FieldModel } from '../../model/index.ts'
import type { PolicyInput } from '../../policy/index.ts'
import { type Binder, identifier, literal } from '../../sql/index.ts'
import { joinPieces, known, listPieces, objectPieces, type Piece } from './json-text.ts'
import { printOrder, printStretches } from './keyset.ts'
import { joinAnd } from './predicates.ts'
import { column } from './record-columns.ts'
import { printSelection } from './selection.ts'
import { readColumn, type TreeRow } from './tree-row.ts'

/** What a page needs of the statement that it is part of. */
export interface PageScope {
  key(key: KeyPlan): Piece
  record(parts: readonly PartPlan[], row: TreeRow): readonly Piece[]
  ofPage(number: number): Binder<PageLevel>
  readonly ofContext: Binder<PolicyInput>
}

export function printPage(level: PageLevel, above: TreeRow | undefined, scope: PageScope): string {
  const page = new PagePrinter(level, above, scope)
  return page.print()
}

class PagePrinter {
  readonly #level: PageLevel
  readonly #scope: PageScope
  readonly #row: TreeRow
  readonly #above: TreeRow | undefined
  #printedMembers: string | undefined
  /** Whether rows are told from each other by their place; set once a part asks. */
  #isNumbered: boolean
  /** Set once a part asks for a row at all. */
  #isWalked = false
  readonly #wantsMore: boolean

  constructor(level: PageLevel, above: TreeRow | undefined, scope: PageScope) {
    const { number, resource, includesDeleted } = level
    const alias = `t${number}`
    this.#level = level
    this.#scope = scope
    this.#row = { alias, resource, includesDeleted, needed: new Set() }
    this.#isNumbered = !isWholeWalk(level)
    this.#wantsMore = tellsMore(level)
    this.#above = above
  }

  print(): string {
    const entries = this.#level.select.map((part) => ({ key: this.#scope.key(part.key), value: this.#part(part) }))
    const text = joinPieces(objectPieces(entries))
    if (!this.#isWalked) return `(SELECT ${text})`
    const end = isWholeWalk(this.#level) ? '' : ` WHERE ${this.#place} <= ${this.#limit}${this.#wantsMore ? ' + 1' : ''}`
    return `(SELECT ${text} FROM ${this.#walk()}${end})`
  }

  /** The place of the row in the walk, from 1. */
  get #place(): string {
    this.#isNumbered = true
    return `${this.#row.alias}."#"`
  }

  /** How many records the page shows. */
  get #limit(): string {
    return this.#scope.ofPage(this.#level.number)('limit', 'bigint', ({ limit }) => limit)
  }

  /** Printed when it is first asked: what is bound must stand in the text. */
  get #members(): string {
    const own = this.#scope.ofPage(this.#level.number)
    this.#printedMembers ??= joinAnd([
      ...(this.#above === undefined ? [] : this.#belongs(this.#above)),
      printSelection(this.#level, { own, ofContext: this.#scope.ofContext }, this.#row.alias),
    ])
    return this.#printedMembers
  }

  /** Nothing is reachable under a deleted record. */
  #belongs(above: TreeRow): readonly string[] {
    const { by } = this.#level
    if (by === undefined) return []
    const id = readColumn(fieldOf(above, 'id'), above)
    const isLive = above.includesDeleted ? [`${readColumn(fieldOf(above, 'deletedAt'), above)} IS NULL`] : []
    return [`${column(by, this.#row.alias)} = ${id}`, ...isLive]
  }

  #part(part: PagePartPlan): readonly Piece[] {
    switch (part.kind) {
      case 'constant':
        return [known(JSON.stringify(part.value))]
      case 'total':
        return [{ sql: `(SELECT count(*) FROM ${this.#table()} WHERE ${this.#members})::text` }]
      case 'records':
        return this.#list(this.#scope.record(part.select, this.#row))
      case 'edges':
        return this.#list(objectPieces(part.select.map((edge) => ({ key: this.#scope.key(edge.key), value: this.#edge(edge) }))))
      case 'info':
        return objectPieces(part.select.map((info) => ({ key: this.#scope.key(info.key), value: this.#info(info) })))
    }
  }

  #edge(part: Extract<PagePartPlan, { kind: 'edges' }>['select'][number]): readonly Piece[] {
    switch (part.kind) {
      case 'constant':
        return [known(JSON.stringify(part.value))]
      case 'cursor':
        return this.#cursor()
      case 'record':
        return this.#scope.record(part.select, this.#row)
    }
  }

  #info(part: Extract<PagePartPlan, { kind: 'info' }>['select'][number]): readonly Piece[] {
    const { isFromEnd, position } = this.#level
    switch (part.kind) {
      case 'constant':
        return [known(JSON.stringify(part.value))]
      case 'hasNext':
        return this.#hasNeighbour(!isFromEnd, position?.isBackward === true)
      case 'hasPrevious':
        return this.#hasNeighbour(isFromEnd, position?.isBackward === false)
      case 'firstCursor':
        return this.#endCursor(!isFromEnd)
      case 'lastCursor':
        return this.#endCursor(isFromEnd)
    }
  }

  /** There is more where the walk would go on, and beyond the position that it came from, unless nothing was found. */
  #hasNeighbour(isAhead: boolean, isBehindPosition: boolean): readonly Piece[] {
    if (!isAhead && !isBehindPosition) return [known('false')]
    this.#isWalked = true
    return [{ sql: `(count(*) > ${isBehindPosition ? '0' : this.#limit})::text` }]
  }

  #endCursor(isWhereTheWalkBegins: boolean): readonly Piece[] {
    this.#isWalked = true
    const cursor = joinPieces(this.#cursor())
    if (!isWhereTheWalkBegins) {
      const last = `least(count(*), ${this.#limit})`
      return [{ sql: `coalesce((array_agg(${cursor}))[${last}], 'null')` }]
    }
    return [{ sql: `coalesce(min(${cursor}) FILTER (WHERE ${this.#place} = 1), 'null')` }]
  }

  /** Where the cursor of a row belongs, with what it is made of. */
  #cursor(): readonly Piece[] {
    const { number, sort } = this.#level
    const values = sort.flatMap(({ field }, at): readonly Piece[] => {
      const text = `to_json(${readColumn(field, this.#row)}::text)::text`
      return [...(at === 0 ? [] : [known(',')]), { sql: field.rules.isNullable ? `coalesce(${text}, 'null')` : text }]
    })
    return [known(`${CURSOR_MARK}${number}[`), ...values, known(`]${CURSOR_MARK}`)]
  }

  /** The texts of all rows that the page shows, in the order of the list. */
  #list(item: readonly Piece[]): readonly Piece[] {
    this.#isWalked = true
    const { isFromEnd } = this.#level
    const order = isFromEnd ? ` ORDER BY ${this.#place} DESC` : ''
    const filter = this.#wantsMore ? ` FILTER (WHERE ${this.#place} <= ${this.#limit})` : ''
    return listPieces(`string_agg(${joinPieces(item)}, ','${order})${filter}`)
  }

  #table(): string {
    return `${identifier(this.#row.resource.table)} ${this.#row.alias}`
  }

  /**
   * The rows, with their numbers where they are asked for, one more than the page may show where it must tell whether there are more. Two stretches behind a position are read
   * each on its own.
   */
  #walk(): string {
    const { number, sort, isFromEnd } = this.#level
    const { alias, needed } = this.#row
    for (const { field } of sort) needed.add(field)
    const columns = [...needed].map((field) => column(field, alias)).join(', ')
    const end = `ORDER BY ${printOrder(sort, isFromEnd, alias)} LIMIT ${literal(walkMax(this.#level) + (this.#wantsMore ? 1 : 0))}`
    const select = (stretch?: string): string =>
      `SELECT ${columns} FROM ${this.#table()} WHERE ${joinAnd([this.#members, stretch])} ${end}`
    const stretches = printStretches(this.#level, this.#scope.ofPage(number), alias)
    const united = stretches.map((stretch) => `(${select(stretch)})`).join(' UNION ALL ')
    const rows = stretches.length > 1 ? `SELECT ${columns} FROM (${united}) ${alias} ${end}` : select(stretches[0])
    const numbered = this.#isNumbered ? `SELECT ${columns}, row_number() OVER () AS "#" FROM (${rows}) ${alias}` : rows
    return `(${numbered}) ${alias}`
  }
}

/** What a page of this size may walk at the most: 10, 100, … records. */
export function walkMax({ limit }: Pick<PageLevel, 'limit'>): number {
  let most = 10
  while (most < limit) most *= 10
  return most
}

/** Whether the page is as long as its walk. */
export function isWholeWalk(level: Pick<PageLevel, 'limit'>): boolean {
  return level.limit === walkMax(level)
}

/** Whether the page says if the list goes on where the walk ends. */
function tellsMore({ select, isFromEnd }: PageLevel): boolean {
  const asked = isFromEnd ? 'hasPrevious' : 'hasNext'
  return select.some((part) => part.kind === 'info' && part.select.some(({ kind }) => kind === asked))
}

function fieldOf({ resource }: TreeRow, name: string): FieldModel {
  const field = resource.fieldsByName.get(name)
  if (field === undefined) throw new TypeError(`Cannot print a tree: ${resource.name} has no field "${name}"`)
  return field
}
