/** One record by its key: alone, merged with others of the same turn, or locked for a change. */
import type { GetPlan } from '../../engine/index.ts'
import { type BoundValue, identifier, type Statement, StatementWriter } from '../../sql/index.ts'
import type { Row } from '../driver.ts'
import { contextBinder, IS_LIVE, joinAnd, printAccess, printParent } from './predicates.ts'
import { type RecordColumns, recordColumns } from './record-columns.ts'

export interface GetStatement {
  readonly statement: Statement<GetPlan>
  readonly columns: RecordColumns
}

export function writeGet(plan: GetPlan, isLocking: boolean): GetStatement {
  const writer = new StatementWriter<GetPlan>()
  const columns = recordColumns(plan.fields)
  const where = joinAnd([
    `t."id" = ${writer.bind('id', 'uuid', ({ id }) => id)}`,
    plan.includesDeleted ? undefined : IS_LIVE,
    printParent(plan.parent, writer.bind),
    printAccess(plan.read, plan.resource, contextBinder(writer.bind)),
  ])
  const text = `SELECT ${columns.list} FROM ${identifier(plan.resource.table)} t WHERE ${where}${isLocking ? ' FOR UPDATE OF t' : ''}`
  return { statement: writer.finish(`${plan.resource.table}_${isLocking ? 'lock' : 'get'}`, text), columns }
}

export interface MergedGetStatement {
  readonly statement: Statement<readonly GetPlan[]>
  readonly columns: RecordColumns
  /** The position in the batch that the row answers. */
  positionOf(row: Row): number
}

/**
 * The same for many plans of one shape, which may come from different actors: what each binds is a row of `q`.
 * A plan whose record is missing or not permitted has no row in the answer.
 */
export function writeMergedGet(plan: GetPlan): MergedGetStatement {
  const columns = recordColumns(plan.fields)
  const names = new Map<string, string>()
  const types: string[] = []
  const readers: ((plan: GetPlan) => BoundValue)[] = []
  const bind = (key: string, sqlType: string, read: (plan: GetPlan) => BoundValue): string => {
    const known = names.get(key)
    if (known !== undefined) return known
    const name = `q.k${readers.length}`
    names.set(key, name)
    types.push(sqlType)
    readers.push(read)
    return name
  }
  const on = joinAnd([
    `t."id" = ${bind('id', 'uuid', ({ id }) => id)}`,
    plan.includesDeleted ? undefined : IS_LIVE,
    printParent(plan.parent, bind),
    printAccess(plan.read, plan.resource, contextBinder(bind)),
  ])
  const arrays = types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')
  const keys = readers.map((_, at) => `k${at}`).join(', ')
  const text = `SELECT ${columns.list}, q.n FROM unnest(${arrays}) WITH ORDINALITY AS q(${keys}, n) JOIN ${identifier(plan.resource.table)} t ON ${on}`
  const { name } = new StatementWriter().finish(`${plan.resource.table}_gets`, text)
  return {
    statement: { name, text, bind: (plans) => readers.map((read) => plans.map(read)) },
    columns,
    positionOf: (row) => Number(row[columns.count]) - 1,
  }
}
