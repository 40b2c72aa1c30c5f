/**
 * Which records a write may point to: those that are there and not deleted. A foreign key alone lets a record point to a deleted
 * one.
 *
 * It is asked in the statement that writes, of the same snapshot. A record that is deleted while another comes to point to it was
 * deleted after that: as if one had come behind the other.
 */
import type { FieldModel, ReferenceModel } from '../../model/index.ts'
import { identifier, literal } from '../../sql/index.ts'
import { joinAnd } from './predicates.ts'

export interface References {
  /** Holds when every reference may be written; undefined where there is nothing to ask. */
  readonly hold: string
  /** The columns that are at fault, with commas between, as text. */
  readonly faults: string
}

/**
 * @param newValue the placeholder of what a field will hold
 * @param oldValue the column with what it holds now, which may stay whatever has become of it; undefined for a new record
 */
export function printReferences(
  references: readonly ReferenceModel[],
  newValue: (field: FieldModel) => string,
  oldValue?: (field: FieldModel) => string,
): References | undefined {
  if (references.length === 0) return undefined
  const asked = references.map(({ by, resource }) => {
    const key = newValue(by)
    const kept = oldValue === undefined ? '' : ` OR ${oldValue(by)} = ${key}`
    const living = `EXISTS (SELECT FROM ${identifier(resource.table)} p WHERE p."id" = ${key} AND p."deleted_at" IS NULL)`
    return { column: by.column, hold: `(${key} IS NULL${kept} OR ${living})` }
  })
  return {
    hold: joinAnd(asked.map(({ hold }) => hold)),
    faults: `concat_ws(',', ${asked.map(({ column, hold }) => `CASE WHEN ${hold} IS NOT TRUE THEN ${literal(column)} END`).join(', ')})`,
  }
}
