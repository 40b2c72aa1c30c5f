/** Says a condition in words, and what it compared when it was decided: for people who ask why. Decides nothing by itself. */
import { encodeTypeId, type Uuid } from '../kernel/index.ts'
import type { Comparison, Condition, FieldModel, Operand } from '../model/index.ts'
import { evaluateCondition, type Fields, proofShownAtMs } from './evaluate.ts'
import type { PolicyInput, PolicyRecord } from './input.ts'
import { wallClock } from './zone.ts'

/** One comparison within a condition, as it came out. */
export interface ConditionFinding {
  /** `record.status is "published"` */
  readonly text: string
  readonly holds: boolean
  /** What was found: `record.status is "draft"`. Personal data is left out. */
  readonly found: string
}

const COMPARISONS: Readonly<Record<Comparison, string>> = {
  eq: 'is',
  gt: 'is more than',
  gte: 'is at least',
  lt: 'is less than',
  lte: 'is at most',
}
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** The condition in words: `record.status is "published" or record.author is actor.id`. */
export function describeCondition(condition: Condition, fields: Fields): string {
  switch (condition.node) {
    case 'constant':
      return condition.holds ? 'always' : 'never'
    case 'all':
      return condition.parts.map((part) => inBrackets(part, fields)).join(' and ')
    case 'either':
      return condition.parts.map((part) => inBrackets(part, fields)).join(' or ')
    case 'not':
      return negate(condition.part, describeCondition(condition.part, fields))
    case 'compare': {
      const field = fieldOf(condition.left, fields) ?? fieldOf(condition.right, fields)
      return `${nameOf(condition.left, field)} ${COMPARISONS[condition.comparison]} ${nameOf(condition.right, field)}`
    }
    case 'nothing':
      return `${nameOf(condition.operand, undefined)} is nothing`
    case 'role':
      return `the role ${condition.role}`
    case 'permission':
      return `the permission ${condition.permission}`
    case 'kind':
      return `the actor is ${condition.kind === 'nobody' ? 'nobody' : `a ${condition.kind}`}`
    case 'time-of-day':
      return `the time in ${condition.zone} is from ${clockText(condition.fromMinute)} to ${clockText(condition.toMinute)}`
    case 'weekday':
      return `the day in ${condition.zone} is ${condition.days.map(dayText).join(' or ')}`
    case 'address':
      return `the address is in ${condition.ranges.join(' or ')}`
    case 'device':
      return `the device is ${condition.devices.join(' or ')}`
    case 'proof':
      return `the last ${proofText(condition.proof)} is at most ${condition.withinS} s old`
  }
}

/** Every comparison within the condition, in order, and how it came out. */
export function explainCondition(
  condition: Condition,
  fields: Fields,
  input: PolicyInput,
  record: PolicyRecord,
): readonly ConditionFinding[] {
  switch (condition.node) {
    case 'all':
    case 'either':
      return condition.parts.flatMap((part) => explainCondition(part, fields, input, record))
    case 'not':
      // By De Morgan: what is wanted of the whole is wanted of each of its comparisons.
      return explainCondition(condition.part, fields, input, record).map((finding) => ({
        ...finding,
        text: negate(condition.part, finding.text),
        holds: !finding.holds,
      }))
    default:
      return [
        {
          text: describeCondition(condition, fields),
          holds: evaluateCondition(condition, fields, input, record),
          found: describeFound(condition, fields, input, record),
        },
      ]
  }
}

function describeFound(condition: Condition, fields: Fields, input: PolicyInput, record: PolicyRecord): string {
  const { actor } = input
  switch (condition.node) {
    case 'compare': {
      const field = fieldOf(condition.left, fields) ?? fieldOf(condition.right, fields)
      return [condition.left, condition.right]
        .filter(({ from }) => from !== 'constant')
        .map((operand) => foundOf(operand, fieldOf(operand, fields) ?? field, input, record))
        .join(', ')
    }
    case 'nothing':
      return foundOf(condition.operand, fieldOf(condition.operand, fields), input, record)
    case 'role':
      return actor.roles.length === 0 ? 'no role' : `roles: ${actor.roles.join(', ')}`
    case 'permission':
      return actor.permissions.length === 0 ? 'no permission' : `permissions: ${actor.permissions.join(', ')}`
    case 'kind':
      return `the actor is ${actor.kind === 'nobody' ? 'nobody' : `a ${actor.kind}`}`
    case 'time-of-day':
      return `the time there is ${clockText(wallClock(condition.zone, input.nowMs).minuteOfDay)}`
    case 'weekday':
      return `the day there is ${dayText(wallClock(condition.zone, input.nowMs).weekday)}`
    case 'address':
      return `the address is ${input.address ?? 'not known'}`
    case 'device':
      return `the device is ${actor.session?.device ?? 'not known'}`
    case 'proof': {
      const shownAtMs = proofShownAtMs(actor, condition.proof)
      if (shownAtMs === null) return `there was no ${proofText(condition.proof)}`
      return `it is ${Math.round((input.nowMs - shownAtMs) / 1_000)} s old`
    }
    default:
      return ''
  }
}

function foundOf(operand: Operand, field: FieldModel | undefined, input: PolicyInput, record: PolicyRecord): string {
  const name = nameOf(operand, field)
  if (operand.from === 'actor') {
    const value = input.actor[operand.property]
    if (operand.property !== 'id') return `${name} is ${value ?? 'nothing'}`
    // As a key of what it is compared with; else as it is known by.
    const isKey = value === null || field?.kind.idPrefix !== undefined
    return `${name} is ${isKey ? valueText(value, field) : input.actor.subject}`
  }
  if (operand.from === 'constant') return name
  const isHidden = field === undefined || field.rules.isSensitive || field.kind.isSecret === true
  const value = record[operand.field]
  return `${name} is ${value != null && isHidden ? '(not shown)' : valueText(value, field)}`
}

function negate({ node }: Condition, text: string): string {
  return node === 'nothing' ? text.replace(/nothing$/, 'something') : `not (${text})`
}

function inBrackets(part: Condition, fields: Fields): string {
  const text = describeCondition(part, fields)
  const isJoined = (part.node === 'all' || part.node === 'either') && part.parts.length > 1
  return isJoined ? `(${text})` : text
}

function nameOf(operand: Operand, field: FieldModel | undefined): string {
  switch (operand.from) {
    case 'record':
      return `record.${operand.field}`
    case 'actor':
      return `actor.${operand.property}`
    case 'constant':
      return valueText(operand.value, field)
  }
}

function fieldOf(operand: Operand, fields: Fields): FieldModel | undefined {
  return operand.from === 'record' ? fields.get(operand.field) : undefined
}

function valueText(value: unknown, field: FieldModel | undefined): string {
  if (value === null || value === undefined) return 'nothing'
  const prefix = field?.kind.idPrefix
  // A field with a prefix holds the key of a record.
  if (prefix !== undefined) return encodeTypeId(prefix, value as Uuid)
  return value instanceof Date ? value.toISOString() : JSON.stringify(value)
}

function proofText(proof: 'sign-in' | 'second-factor'): string {
  return proof === 'sign-in' ? 'sign-in' : 'second factor'
}

function clockText(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}

function dayText(day: number): string {
  return DAYS[day - 1] ?? String(day)
}
