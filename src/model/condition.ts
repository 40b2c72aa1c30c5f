/**
 * Conditions over actor, record and context: frozen nodes that say what must hold, not how it is checked.
 *
 * A condition is two-valued: a comparison with nothing (a null field, the id of nobody) does not hold, and `not` turns exactly
 * that around. So `not(record.owner.is(actor.id))` holds for a record without an owner, in memory and in SQL alike.
 */
import type { Device } from './actor.ts'

/** What a comparison reads: a field of the record, something about the actor or the context, or a constant. */
export type Operand =
  | { readonly from: 'record'; readonly field: string }
  | { readonly from: 'actor'; readonly property: 'id' | 'subject' }
  | { readonly from: 'constant'; readonly value: unknown }

export type Comparison = 'eq' | 'gt' | 'gte' | 'lt' | 'lte'

/** By what somebody shows who they are: the sign-in itself, or the factor after it. */
export type Proof = 'sign-in' | 'second-factor'

export type Condition =
  | { readonly node: 'constant'; readonly holds: boolean }
  | { readonly node: 'compare'; readonly comparison: Comparison; readonly left: Operand; readonly right: Operand }
  | { readonly node: 'nothing'; readonly operand: Operand }
  | { readonly node: 'role'; readonly role: string }
  | { readonly node: 'permission'; readonly permission: string }
  | { readonly node: 'kind'; readonly kind: 'user' | 'service' | 'nobody' }
  | { readonly node: 'time-of-day'; readonly zone: string; readonly fromMinute: number; readonly toMinute: number }
  | { readonly node: 'weekday'; readonly zone: string; readonly days: readonly number[] }
  | { readonly node: 'address'; readonly ranges: readonly string[] }
  | { readonly node: 'device'; readonly devices: readonly Device[] }
  | { readonly node: 'proof'; readonly proof: Proof; readonly withinS: number }
  | { readonly node: 'all'; readonly parts: readonly Condition[] }
  | { readonly node: 'either'; readonly parts: readonly Condition[] }
  | { readonly node: 'not'; readonly part: Condition }

/** Holds for every record and actor: the condition of a rule without `when`. */
export const ALWAYS: Condition = Object.freeze({ node: 'constant', holds: true })
export const NEVER: Condition = Object.freeze({ node: 'constant', holds: false })

/** Holds when all parts hold. */
export function all(...parts: readonly Condition[]): Condition {
  return Object.freeze({ node: 'all', parts: Object.freeze(parts) })
}

/** Holds when at least one part holds. */
export function either(...parts: readonly Condition[]): Condition {
  return Object.freeze({ node: 'either', parts: Object.freeze(parts) })
}

/** Holds when the part does not. */
export function not(part: Condition): Condition {
  return Object.freeze({ node: 'not', part })
}

/** What a reference can be compared with: a value, or another reference to the same type. */
export type Comparand<Value> = Value | Reference<Value>

/** Something that a condition can compare: `record.status`, `actor.id`. */
export class Reference<Value> {
  declare readonly $value: Value
  readonly operand: Operand

  constructor(operand: Operand) {
    this.operand = Object.freeze(operand)
  }

  is(value: Comparand<NoInfer<Value>>): Condition {
    return this.#compare('eq', value)
  }

  isNot(value: Comparand<NoInfer<Value>>): Condition {
    return not(this.is(value))
  }

  isOneOf(values: readonly NoInfer<Value>[]): Condition {
    return either(...values.map((value) => this.is(value)))
  }

  /** The field is null, or the actor has no id. */
  isNothing(): Condition {
    return Object.freeze({ node: 'nothing', operand: this.operand })
  }

  isMoreThan(value: Comparand<NoInfer<Value>>): Condition {
    return this.#compare('gt', value)
  }

  isAtLeast(value: Comparand<NoInfer<Value>>): Condition {
    return this.#compare('gte', value)
  }

  isLessThan(value: Comparand<NoInfer<Value>>): Condition {
    return this.#compare('lt', value)
  }

  isAtMost(value: Comparand<NoInfer<Value>>): Condition {
    return this.#compare('lte', value)
  }

  #compare(comparison: Comparison, value: Comparand<Value>): Condition {
    const right: Operand = value instanceof Reference ? value.operand : Object.freeze({ from: 'constant', value })
    return Object.freeze({ node: 'compare', comparison, left: this.operand, right })
  }
}

/** Whether the condition, or any part of it, reads who asks. */
export function readsActor(condition: Condition): boolean {
  switch (condition.node) {
    case 'compare':
      return condition.left.from === 'actor' || condition.right.from === 'actor'
    case 'nothing':
      return condition.operand.from === 'actor'
    case 'all':
    case 'either':
      return condition.parts.some(readsActor)
    case 'not':
      return readsActor(condition.part)
    case 'role':
    case 'permission':
    case 'kind':
    case 'device':
    case 'proof':
      return true
    case 'constant':
    case 'time-of-day':
    case 'weekday':
    case 'address':
      return false
  }
}

/** Whether the condition, or any part of it, reads the record. */
export function readsRecord(condition: Condition): boolean {
  switch (condition.node) {
    case 'compare':
      return condition.left.from === 'record' || condition.right.from === 'record'
    case 'nothing':
      return condition.operand.from === 'record'
    case 'all':
    case 'either':
      return condition.parts.some(readsRecord)
    case 'not':
      return readsRecord(condition.part)
    case 'constant':
    case 'role':
    case 'permission':
    case 'kind':
    case 'time-of-day':
    case 'weekday':
    case 'address':
    case 'device':
    case 'proof':
      return false
  }
}
