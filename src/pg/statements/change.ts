/**
 * A change of one record, with its version, policies and journal entry, in one statement.
 *
 * The second half of the UNION runs only when the first changed nothing, and says why. It reads the snapshot from before the
 * statement: a record that was permitted and of the right version there, and yet was not changed, lost a race, and that is
 * `stale` too.
 *
 * A rule for writing must hold of the record as it was and as it would be: nobody can give a record away, or move it out of their
 * own reach and into another's. A stale version is told before a reference that leads nowhere: whoever reads again may see it
 * mended. @see https://www.postgresql.org/docs/18/sql-createpolicy.html (USING and WITH CHECK)
 */
import type { ChangePlan } from '../../engine/index.ts'
import type { FieldModel } from '../../model/index.ts'
import { type Binder, identifier, type Statement, StatementWriter } from '../../sql/index.ts'
import { nowText, printJournal } from './journal.ts'
import { contextBinder, IS_DELETED, IS_LIVE, joinAnd, printAccess, printParent } from './predicates.ts'
import { column, type RecordColumns, recordColumns } from './record-columns.ts'
import { printReferences } from './references.ts'

export interface ChangeStatement {
  /** Behind the columns of the record stands the verdict, and behind that the columns whose references lead nowhere. */
  readonly statement: Statement<ChangePlan>
  readonly columns: RecordColumns
}

export function writeChange(plan: ChangePlan): ChangeStatement {
  const { resource } = plan
  const writer = new StatementWriter<ChangePlan>()
  const columns = recordColumns(plan.fields)
  const bindContext = contextBinder(writer.bind)
  const newValue = (field: FieldModel): string => printNewValue(field, writer.bind)

  const address = joinAnd([
    `t."id" = ${writer.bind('id', 'uuid', ({ id }) => id)}`,
    plan.target === 'deleted' ? IS_DELETED : IS_LIVE,
    printParent(plan.parent, writer.bind),
  ])
  const readable = printAccess(plan.read, resource, bindContext)
  const before = printAccess(plan.write, resource, bindContext)
  const after = printAccess(plan.write, resource, bindContext, (field) =>
    plan.changes.has(field) ? newValue(field) : column(field),
  )
  const permitted = joinAnd([before, after === before ? undefined : after])
  const isExpected =
    plan.expectedVersion === null
      ? undefined
      : `t."version" = ${writer.bind('version', 'integer', ({ expectedVersion }) => expectedVersion)}`
  const references = printReferences(
    resource.references.filter(({ by }) => plan.changes.has(by)),
    newValue,
    column,
  )
  const assignments = [
    ...[...plan.changes.keys()].map((field) => `${identifier(field.column)} = ${newValue(field)}`),
    ...printDeletion(plan, writer.bind),
    `"updated_at" = ${writer.bind('now', 'timestamptz', nowText)}`,
    '"version" = t."version" + 1',
  ]
  const journal = printJournal(resource.name, plan.operation, writer.bind, ({ changes }) =>
    JSON.stringify([...changes.keys()].map((field) => field.name)),
  )
  const table = identifier(resource.table)
  const nulls = columns.types.slice(1).map((type) => `NULL::${type}`)

  const text = `WITH w AS (UPDATE ${table} t SET ${assignments.join(', ')} WHERE ${joinAnd([address, isExpected, readable, permitted, references?.hold])} \
RETURNING ${columns.needed.map((name) => `t.${identifier(name)}`).join(', ')}), ${journal} \
SELECT ${columns.list}, 'changed', NULL FROM w t \
UNION ALL SELECT t."id", ${nulls.join(', ')}, CASE WHEN (${readable}) IS NOT TRUE THEN 'missing' WHEN (${permitted}) IS NOT TRUE THEN 'forbidden' \
${references === undefined ? '' : `WHEN (${isExpected ?? 'true'}) AND (${references.hold}) IS NOT TRUE THEN 'dangling' `}ELSE 'stale' END, ${references?.faults ?? 'NULL'} \
FROM ${table} t WHERE ${address} AND NOT EXISTS (SELECT FROM w)`
  return { statement: writer.finish(`${resource.table}_${plan.operation}`, text), columns }
}

function printNewValue(field: FieldModel, bind: Binder<ChangePlan>): string {
  return bind(`field.${field.name}`, field.kind.sqlType, ({ changes }) => {
    const value = changes.get(field)
    return value === null || value === undefined ? null : field.kind.toSql(value)
  })
}

function printDeletion(plan: ChangePlan, bind: Binder<ChangePlan>): readonly string[] {
  switch (plan.sets) {
    case 'fields':
      return []
    case 'deletion':
      return [`"deleted_at" = ${bind('now', 'timestamptz', nowText)}`]
    case 'restoration':
      return ['"deleted_at" = NULL']
  }
}
