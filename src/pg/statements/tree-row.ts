/** A row of one level of a tree, as the text of its parts reads it. */
import type { FieldModel, ResourceModel } from '../../model/index.ts'
import { column } from './record-columns.ts'

export interface TreeRow {
  readonly alias: string
  readonly resource: ResourceModel
  readonly includesDeleted: boolean
  /** The fields that its subquery must return; more come to it while the level is printed. */
  readonly needed: Set<FieldModel>
}

/** The SQL that reads a field of the row, which thereby is needed. */
export function readColumn(field: FieldModel, { needed, alias }: TreeRow): string {
  needed.add(field)
  return column(field, alias)
}
