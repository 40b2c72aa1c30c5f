/** A new record and its journal entry, in one statement. */
import type { CreatePlan } from '../../engine/index.ts'
import { identifier, type Statement, StatementWriter } from '../../sql/index.ts'
import { nowText, printJournal } from './journal.ts'
import { type RecordColumns, recordColumns } from './record-columns.ts'

export interface CreateStatement {
  readonly statement: Statement<CreatePlan>
  readonly columns: RecordColumns
}

export function writeCreate(plan: CreatePlan): CreateStatement {
  const { resource } = plan
  const writer = new StatementWriter<CreatePlan>()
  const columns = recordColumns(plan.fields)
  const declared = resource.fields.filter((field) => !field.isStandard)
  const now = writer.bind('now', 'timestamptz', nowText)
  const cells: readonly (readonly [string, string])[] = [
    ['id', writer.bind('id', 'uuid', ({ id }) => id)],
    ...declared.map((field) => {
      const read = ({ values }: CreatePlan) => {
        const value = values.get(field)
        return value === null || value === undefined ? null : field.kind.toSql(value)
      }
      return [field.column, writer.bind(`field.${field.name}`, field.kind.sqlType, read)] as const
    }),
    ['created_at', now],
    ['updated_at', now],
    ['version', '1'],
  ]
  const journal = printJournal(resource.name, 'create', writer.bind, () => null)
  const text = `WITH w AS (INSERT INTO ${identifier(resource.table)} (${cells.map(([name]) => identifier(name)).join(', ')}) \
VALUES (${cells.map(([, value]) => value).join(', ')}) RETURNING ${columns.needed.map(identifier).join(', ')}), ${journal} SELECT ${columns.list} FROM w t`
  return { statement: writer.finish(`${resource.table}_create`, text), columns }
}
