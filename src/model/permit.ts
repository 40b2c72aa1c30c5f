/** Policies as they are declared: which verbs a rule permits, to whom, and when. What is not permitted is refused. */
import type { Uuid } from '../kernel/index.ts'
import type { Device } from './actor.ts'
import { ALWAYS, all, type Condition, either, not, type Proof, Reference } from './condition.ts'
import type { FieldMap } from './field.ts'
import type { ValueOf } from './infer.ts'

/** What can be done with the records of every resource; `read-deleted` is to see those that were deleted. */
export const STANDARD_VERBS = ['read', 'create', 'update', 'delete', 'restore', 'read-deleted'] as const

/** What a rule can permit: the standard verbs, or the name of an action. */
export type Verb = (typeof STANDARD_VERBS)[number] | (string & {})

/** One rule. A record operation is permitted when any rule for its verb holds. */
export interface Rule {
  readonly verbs: readonly Verb[]
  /** The actor must have one of these roles; empty: anybody. */
  readonly roles: readonly string[]
  /** The actor must have all of these permissions; empty: none needed. */
  readonly permissions: readonly string[]
  readonly condition: Condition
}

/** A rule in the making. */
export class RuleBuilder implements Rule {
  readonly verbs: readonly Verb[]
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  readonly condition: Condition

  constructor(rule: Rule) {
    this.verbs = rule.verbs
    this.roles = rule.roles
    this.permissions = rule.permissions
    this.condition = rule.condition
  }

  /** Only actors with one of these roles. */
  to(...roles: readonly [string, ...string[]]): RuleBuilder {
    // No role would mean anybody: what an empty list must never come to mean.
    if (roles.length === 0) throw new TypeError('Cannot permit to no role: the list is empty, expected at least one role')
    return new RuleBuilder({ ...this, roles: [...this.roles, ...roles] })
  }

  /** Only actors with this permission, `<resource>:<verb>`. */
  needs(permission: string): RuleBuilder {
    return new RuleBuilder({ ...this, permissions: [...this.permissions, permission] })
  }

  /** Only when the condition holds; several calls must all hold. */
  when(condition: Condition): RuleBuilder {
    return new RuleBuilder({ ...this, condition: this.condition === ALWAYS ? condition : all(this.condition, condition) })
  }
}

/**
 * Begins a rule that permits these verbs.
 *
 * @example
 * permit('update', 'delete').to('editor').when(record.author.is(actor.id))
 */
export function permit(...verbs: readonly [Verb, ...Verb[]]): RuleBuilder {
  return new RuleBuilder({ verbs, roles: [], permissions: [], condition: ALWAYS })
}

export interface ActorReferences {
  readonly id: Reference<Uuid>
  hasRole(...roles: readonly [string, ...string[]]): Condition
  hasPermission(permission: string): Condition
  readonly isUser: Condition
  readonly isService: Condition
  readonly isNobody: Condition
}

/** A length of time: `'30 s'`, `'5 min'`, `'1 h'`. */
export type Duration = `${number} ${'s' | 'min' | 'h'}`

export interface ContextReferences {
  /** The wall clock in a zone of the IANA database, `from` included, `to` not: `'09:00'` to `'18:00'`. */
  timeOfDay(zone: string): { isBetween(from: string, to: string): Condition }
  /** Days of the week in a zone; Monday is 1, Sunday 7. */
  weekday(zone: string): { isOneOf(days: readonly number[]): Condition }
  /** The caller's network address, in CIDR notation: `'10.0.0.0/8'`. */
  readonly address: { isIn(...ranges: readonly [string, ...string[]]): Condition }
  /** What the caller signed in on. Where the token does not tell, it is none of them. */
  readonly device: { isOneOf(...devices: readonly [Device, ...Device[]]): Condition }
  /**
   * The caller's last second factor is at most this old; never, where none was shown. Whoever is refused for this alone is told
   * `AUTH_STEP_UP_REQUIRED`.
   *
   * @example
   * permit('delete').to('admin').when(context.secondFactor.isWithin('5 min'))
   */
  readonly secondFactor: { isWithin(age: Duration): Condition }
  /** The caller's last sign-in is at most this old. */
  readonly signIn: { isWithin(age: Duration): Condition }
}

export type RecordReferences<Fields extends FieldMap> = {
  readonly [Key in keyof Fields]: Reference<ValueOf<Fields[Key]>>
} & { readonly id: Reference<Uuid>; readonly createdAt: Reference<Date>; readonly updatedAt: Reference<Date> }

/** What the function under `policies` receives. */
export interface PolicyScope<Fields extends FieldMap> {
  readonly actor: ActorReferences
  readonly record: RecordReferences<Fields>
  readonly context: ContextReferences
}

export const ACTOR_REFERENCES: ActorReferences = Object.freeze({
  id: new Reference<Uuid>({ from: 'actor', property: 'id' }),
  hasRole: (...roles: readonly string[]) => either(...roles.map((role): Condition => Object.freeze({ node: 'role', role }))),
  hasPermission: (permission: string): Condition => Object.freeze({ node: 'permission', permission }),
  isUser: Object.freeze({ node: 'kind', kind: 'user' }),
  isService: Object.freeze({ node: 'kind', kind: 'service' }),
  isNobody: Object.freeze({ node: 'kind', kind: 'nobody' }),
} satisfies ActorReferences)

const MINUTES_OF_DAY = 24 * 60

/** Reads `'09:30'` as minutes since midnight; `'24:00'` ends the day. */
function readMinute(text: string): number {
  const parts = /^([0-9]{2}):([0-9]{2})$/.exec(text)
  const minute = Number(parts?.[1]) * 60 + Number(parts?.[2])
  if (parts === null || Number(parts[2]) > 59 || minute > MINUTES_OF_DAY) {
    throw new TypeError(`Cannot read time of day "${text}": it has another form, expected hours and minutes such as "09:30"`)
  }
  return minute
}

const UNITS_S: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3_600 }

/** Reads `'5 min'` as seconds. */
function readDurationS(text: string): number {
  const parts = /^([1-9][0-9]{0,5}) (s|min|h)$/.exec(text)
  const unitS = UNITS_S[parts?.[2] ?? '']
  if (parts === null || unitS === undefined)
    throw new TypeError(
      `Cannot read length of time "${text}": it has another form, expected a whole number from 1 and its unit such as "30 s", "5 min" or "1 h"`,
    )
  return Number(parts[1]) * unitS
}

const proofReference = (proof: Proof) => ({
  isWithin: (age: string): Condition => Object.freeze({ node: 'proof', proof, withinS: readDurationS(age) }),
})

export const CONTEXT_REFERENCES: ContextReferences = Object.freeze({
  timeOfDay: (zone: string) => ({
    isBetween: (from: string, to: string): Condition => {
      const fromMinute = readMinute(from)
      const toMinute = readMinute(to)
      // A span over midnight is all of the day but the hours between.
      if (fromMinute > toMinute)
        return not(Object.freeze({ node: 'time-of-day', zone, fromMinute: toMinute, toMinute: fromMinute }))
      return Object.freeze({ node: 'time-of-day', zone, fromMinute, toMinute })
    },
  }),
  weekday: (zone: string) => ({
    isOneOf: (days: readonly number[]): Condition => Object.freeze({ node: 'weekday', zone, days: Object.freeze([...days]) }),
  }),
  address: {
    isIn: (...ranges: readonly string[]): Condition => Object.freeze({ node: 'address', ranges: Object.freeze(ranges) }),
  },
  device: {
    isOneOf: (...devices: readonly Device[]): Condition => Object.freeze({ node: 'device', devices: Object.freeze(devices) }),
  },
  secondFactor: proofReference('second-factor'),
  signIn: proofReference('sign-in'),
} satisfies ContextReferences)

/** References to the given fields of a record. Any other name is refused at once, by sentence, for those who declare in JavaScript. */
export function recordReferences(resource: string, names: readonly string[]): Readonly<Record<string, Reference<unknown>>> {
  const references = Object.freeze(
    Object.fromEntries(names.map((field) => [field, new Reference<unknown>({ from: 'record', field })])),
  )
  return new Proxy(references, {
    get: (target, name) => {
      if (typeof name === 'string' && Object.hasOwn(target, name)) return target[name]
      throw new TypeError(
        `Cannot write a policy of resource "${resource}": record.${String(name)} is no field, expected one of ${names.join(', ')}`,
      )
    },
  })
}
