/**
 * Prints a condition as SQL over one row.
 *
 * Invariant: the printed expression is true exactly where `evaluateCondition` is; where that is false it is false or NULL. A leaf may be
 * NULL; `AND` and `OR` keep "not true" not true, and `not` prints `(…) IS NOT TRUE`, which is never NULL. The failure it
 * prevents: SQL's `NOT (owner = me)` drops rows without an owner, which memory lets pass.
 *
 * Parts that do not read the record (roles, hours, addresses) are decided in memory and bound as booleans.
 */
import { type Comparison, type Condition, type FieldModel, type Operand, readsRecord } from '../model/index.ts'
import { type Binder, type BoundValue, literal } from '../sql/index.ts'
import { evaluateCondition, type Fields } from './evaluate.ts'
import type { PolicyInput } from './input.ts'

export interface ConditionPrinter {
  readonly fields: Fields
  /** The SQL that reads a field of the row: a column, or the new value that a change would give it. */
  column(field: FieldModel): string
  bind: Binder<PolicyInput>
}

const OPERATORS: Readonly<Record<Comparison, string>> = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' }

export function printCondition(condition: Condition, printer: ConditionPrinter): string {
  if (condition.node === 'constant') return literal(condition.holds)
  if (!readsRecord(condition)) return printDecided(condition, printer)
  switch (condition.node) {
    case 'all':
      return joined(condition.parts, ' AND ', 'true', printer)
    case 'either':
      return joined(condition.parts, ' OR ', 'false', printer)
    case 'not':
      return `(${printCondition(condition.part, printer)}) IS NOT TRUE`
    case 'nothing':
      return `${printOperand(condition.operand, undefined, printer)} IS NULL`
    case 'compare': {
      const field = fieldOf(condition.left, printer) ?? fieldOf(condition.right, printer)
      const left = printOperand(condition.left, field, printer)
      const right = printOperand(condition.right, field, printer)
      return `${left} ${OPERATORS[condition.comparison]} ${right}`
    }
    default:
      // Every node that is left reads no record, and was bound above.
      return printDecided(condition, printer)
  }
}

function joined(parts: readonly Condition[], word: string, empty: string, printer: ConditionPrinter): string {
  if (parts.length === 0) return empty
  return `(${parts.map((part) => printCondition(part, printer)).join(word)})`
}

/** The key is the condition itself: the same question is asked and bound once. */
function printDecided(condition: Condition, printer: ConditionPrinter): string {
  return printer.bind(JSON.stringify(condition), 'boolean', (input) => evaluateCondition(condition, printer.fields, input, {}))
}

function printOperand(operand: Operand, field: FieldModel | undefined, printer: ConditionPrinter): string {
  switch (operand.from) {
    case 'record': {
      const own = fieldOf(operand, printer)
      if (own === undefined)
        throw new TypeError(
          `Cannot print a condition: there is no field "${operand.field}", expected one of ${[...printer.fields.keys()].join(', ')}`,
        )
      return printer.column(own)
    }
    case 'actor':
      return printer.bind(
        `actor.${operand.property}`,
        operand.property === 'id' ? 'uuid' : 'text',
        (input) => input.actor[operand.property],
      )
    case 'constant':
      return printConstant(operand.value, field)
  }
}

function printConstant(value: unknown, field: FieldModel | undefined): string {
  if (value === null || value === undefined || field === undefined) return 'NULL'
  const bound: BoundValue = field.kind.toSql(value)
  if (bound === null || typeof bound === 'object')
    throw new TypeError(`Cannot compare field "${field.name}" with a list, expected a single value`)
  return `${literal(bound)}::${field.kind.sqlType}`
}

function fieldOf(operand: Operand, printer: ConditionPrinter): FieldModel | undefined {
  return operand.from === 'record' ? printer.fields.get(operand.field) : undefined
}
