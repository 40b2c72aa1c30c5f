/** Decides a condition in memory. The same meaning as `condition-sql.ts` gives it in SQL; a property test holds the two together. */
import { isInRange } from '../kernel/index.ts'
import type { Actor, Comparison, Condition, FieldModel, Operand, Proof } from '../model/index.ts'
import type { PolicyInput, PolicyRecord } from './input.ts'
import { wallClock } from './zone.ts'

export type Fields = ReadonlyMap<string, FieldModel>

/** Whether the condition holds for this actor, context and record. `fields` knows how each kind compares. */
export function evaluateCondition(condition: Condition, fields: Fields, input: PolicyInput, record: PolicyRecord): boolean {
  switch (condition.node) {
    case 'constant':
      return condition.holds
    case 'all':
      return condition.parts.every((part) => evaluateCondition(part, fields, input, record))
    case 'either':
      return condition.parts.some((part) => evaluateCondition(part, fields, input, record))
    case 'not':
      return !evaluateCondition(condition.part, fields, input, record)
    case 'compare':
      return evaluateComparison(condition, fields, input, record)
    case 'nothing':
      return readOperand(condition.operand, input, record) == null
    case 'role':
      return input.actor.roles.includes(condition.role)
    case 'permission':
      return input.actor.permissions.includes(condition.permission)
    case 'kind':
      return input.actor.kind === condition.kind
    case 'time-of-day': {
      const { minuteOfDay } = wallClock(condition.zone, input.nowMs)
      return minuteOfDay >= condition.fromMinute && minuteOfDay < condition.toMinute
    }
    case 'weekday':
      return condition.days.includes(wallClock(condition.zone, input.nowMs).weekday)
    case 'address':
      return condition.ranges.some((range) => isInRange(input.address, range))
    case 'device': {
      const device = input.actor.session?.device ?? null
      return device !== null && condition.devices.includes(device)
    }
    case 'proof': {
      const shownAtMs = proofShownAtMs(input.actor, condition.proof)
      return shownAtMs !== null && input.nowMs - shownAtMs <= condition.withinS * 1_000
    }
  }
}

/** When the actor showed this last; null for never, or where their token does not tell. */
export function proofShownAtMs({ session }: Actor, proof: Proof): number | null {
  if (session === undefined) return null
  return proof === 'sign-in' ? session.authenticatedAtMs : session.secondFactorAtMs
}

function evaluateComparison(
  condition: Condition & { node: 'compare' },
  fields: Fields,
  input: PolicyInput,
  record: PolicyRecord,
): boolean {
  const left = readOperand(condition.left, input, record)
  const right = readOperand(condition.right, input, record)
  // Nothing compares with nothing: two-valued where SQL has three.
  if (left == null || right == null) return false
  const kind = kindOf(condition.left, fields) ?? kindOf(condition.right, fields)
  return compares(condition.comparison, kind === undefined ? compareTexts(left, right) : kind.compare(left, right))
}

/** Something about the actor with a constant: both are text. Anything else has no order and is never equal. */
function compareTexts(left: unknown, right: unknown): number {
  if (typeof left !== 'string' || typeof right !== 'string') return Number.NaN
  return left === right ? 0 : left < right ? -1 : 1
}

function compares(comparison: Comparison, order: number): boolean {
  switch (comparison) {
    case 'eq':
      return order === 0
    case 'gt':
      return order > 0
    case 'gte':
      return order >= 0
    case 'lt':
      return order < 0
    case 'lte':
      return order <= 0
  }
}

function readOperand(operand: Operand, input: PolicyInput, record: PolicyRecord): unknown {
  switch (operand.from) {
    case 'record':
      return record[operand.field]
    case 'actor':
      return input.actor[operand.property]
    case 'constant':
      return operand.value
  }
}

function kindOf(operand: Operand, fields: Fields): FieldModel['kind'] | undefined {
  return operand.from === 'record' ? fields.get(operand.field)?.kind : undefined
}
