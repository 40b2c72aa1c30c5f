/** Which records belong to a list, wherever its page begins: alive, filtered, searched, permitted. */
import type { AccessPlan, FilterPlan, PositionPlan } from '../../engine/index.ts'
import type { ResourceModel, SortModel } from '../../model/index.ts'
import type { PolicyInput } from '../../policy/index.ts'
import type { Binder, BoundValue } from '../../sql/index.ts'
import { joinAnd, printAccess, printLive } from './predicates.ts'
import { column } from './record-columns.ts'

export interface Selected {
  readonly resource: ResourceModel
  readonly read: AccessPlan
  readonly filters: readonly FilterPlan[]
  readonly search: string | undefined
  readonly includesDeleted: boolean
}

/** How the values of a selection are bound, and those of the caller. */
export interface SelectionBinders {
  readonly own: Binder<Selected>
  readonly ofContext: Binder<PolicyInput>
}

export function printSelection(plan: Selected, { own, ofContext }: SelectionBinders, alias = 't'): string {
  return joinAnd([
    plan.includesDeleted ? undefined : printLive(alias),
    ...plan.filters.map((filter, at) => printFilter(filter, at, own, alias)),
    plan.search === undefined ? undefined : printSearch(plan, own, alias),
    printAccess(plan.read, plan.resource, ofContext, (field) => column(field, alias)),
  ])
}

/** Names what the text of a page depends on, but for its resource, rules and fields: pages of one shape differ in bound values only. */
export function selectionShape(
  plan: Selected & {
    readonly sort: readonly SortModel[]
    readonly position: PositionPlan | undefined
  },
): string {
  const { filters, sort, position, search, includesDeleted } = plan
  const filtered = filters.map(({ field, operator, value }) => `${field.position}${operator}${operator === 'null' ? value : ''}`)
  const sorted = sort.map(({ field, isDescending }) => `${isDescending ? '-' : ''}${field.position}`)
  const placed =
    position === undefined ? '' : `${position.isBackward}${position.values.map((value) => (value === null ? 'n' : 'v')).join('')}`
  return `${filtered.join()}|${search !== undefined}|${sorted.join()}|${placed}|${includesDeleted}`
}

const COMPARISONS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

function printFilter({ field, operator, value }: FilterPlan, at: number, bind: Binder<Selected>, alias: string): string {
  const name = column(field, alias)
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
function printSearch({ resource }: Selected, bind: Binder<Selected>, alias: string): string {
  const pattern = bind('search', 'text', ({ search = '' }) => `%${search.replace(/[\\%_]/g, '\\$&')}%`)
  return `(${resource.list.searchable.map((field) => `${column(field, alias)} ILIKE ${pattern}`).join(' OR ')})`
}
