/** A new record and its journal entry, in one statement, which also says which of its references lead nowhere. */
import type { CreatePlan } from '../../engine/index.ts'
import type { FieldModel } from '../../model/index.ts'
import { identifier, type Statement, StatementWriter } from '../../sql/index.ts'
import { nowText, printJournal } from './journal.ts'
import { type RecordColumns, recordColumns } from './record-columns.ts'
import { printReferences } from './references.ts'

export interface CreateStatement {
  /** Where nothing was made, the columns at fault stand behind those of the record, as text. */
  readonly statement: Statement<CreatePlan>
  readonly columns: RecordColumns
}

export function writeCreate(plan: CreatePlan): CreateStatement {
  const { resource } = plan
  const writer = new StatementWriter<CreatePlan>()
  const columns = recordColumns(plan.fields)
  const declared = resource.fields.filter((field) => !field.isStandard)
  const now = writer.bind('now', 'timestamptz', nowText)
  const newValue = (field: FieldModel): string =>
    writer.bind(`field.${field.name}`, field.kind.sqlType, ({ values }) => {
      const value = values.get(field)
      return value === null || value === undefined ? null : field.kind.toSql(value)
    })
  const cells: readonly (readonly [string, string])[] = [
    ['id', writer.bind('id', 'uuid', ({ id }) => id)],
    ...declared.map((field) => [field.column, newValue(field)] as const),
    ['created_at', now],
    ['updated_at', now],
    ['version', '1'],
  ]
  const journal = printJournal(resource.name, 'create', writer.bind, () => null)
  const references = printReferences(resource.references, newValue)
  const values = cells.map(([, value]) => value).join(', ')
  const rows = references === undefined ? `VALUES (${values})` : `SELECT ${values} WHERE ${references.hold}`
  const nulls = columns.types.map((type) => `NULL::${type}`).join(', ')
  const made = `WITH w AS (INSERT INTO ${identifier(resource.table)} (${cells.map(([name]) => identifier(name)).join(', ')}) \
${rows} RETURNING ${columns.needed.map(identifier).join(', ')}), ${journal} SELECT ${columns.list}`
  const text =
    references === undefined
      ? `${made} FROM w t`
      : `${made}, NULL FROM w t UNION ALL SELECT ${nulls}, ${references.faults} WHERE NOT EXISTS (SELECT FROM w)`
  return { statement: writer.finish(`${resource.table}_create`, text), columns }
}
