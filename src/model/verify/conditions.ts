/**
 * A condition must ask what memory and SQL can both answer, and answer alike: fields that are there, values that fit, zones and
 * networks that exist.
 */

import { isAddressRange } from '../../kernel/index.ts'
import { DEVICES } from '../actor.ts'
import type { Comparison, Condition, Operand } from '../condition.ts'
import type { AnyKind, Flaw } from '../kind.ts'
import { idKind } from '../kinds/id.ts'
import { timestampKind } from '../kinds/timestamp.ts'
import type { Resource } from '../resource.ts'
import { findMisfit } from './fields.ts'
import { STANDARD_TIMES } from './problem.ts'

/** 30 days: no session lasts longer. */
const PROOF_AGE_S_MAX = 2_592_000

export interface ConditionScope {
  readonly resource: Resource
  readonly roles: ReadonlySet<string>
  readonly permissions: ReadonlySet<string>
}

export function findConditionFlaws(scope: ConditionScope, condition: Condition): readonly Flaw[] {
  switch (condition.node) {
    case 'all':
    case 'either':
      return condition.parts.length === 0
        ? [emptyFlaw(condition.node)]
        : condition.parts.flatMap((part) => findConditionFlaws(scope, part))
    case 'not':
      return findConditionFlaws(scope, condition.part)
    case 'role':
      return scope.roles.has(condition.role)
        ? []
        : [
            {
              what: `a condition names the role "${condition.role}", which is not declared`,
              mend: `roles: { ${condition.role}: [] }`,
            },
          ]
    case 'permission':
      return scope.permissions.has(condition.permission)
        ? []
        : [
            {
              what: `a condition names the permission "${condition.permission}", which no role has`,
              mend: `roles: { admin: ['${condition.permission}'] }`,
            },
          ]
    case 'compare':
      return findComparisonFlaws(scope.resource, condition.comparison, condition.left, condition.right)
    case 'nothing':
      return findMissing(scope.resource, condition.operand)
    case 'time-of-day':
      return [
        ...findZoneFlaws(condition.zone),
        ...(condition.fromMinute === condition.toMinute
          ? [{ what: 'a condition names a time of day that lasts no time', mend: `isBetween('09:00', '18:00')` }]
          : []),
      ]
    case 'weekday':
      return [...findZoneFlaws(condition.zone), ...findDayFlaws(condition.days)]
    case 'address':
      return condition.ranges
        .filter((range) => !isAddressRange(range))
        .map((range) => ({
          what: `a condition names the network "${range}", which is none`,
          mend: `context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
        }))
    case 'device':
      return findDeviceFlaws(condition.devices)
    case 'proof':
      return condition.withinS > PROOF_AGE_S_MAX
        ? [
            {
              what: `a condition lets a proof be ${condition.withinS / 3_600} hours old: it would ask for nothing`,
              mend: `isWithin('5 min'); at most ${PROOF_AGE_S_MAX / 3_600} h`,
            },
          ]
        : []
    case 'constant':
    case 'kind':
      return []
    default:
      // Reached from JavaScript only: a boolean, or a reference that was not compared.
      return [{ what: 'a rule has something under when(…) that is no condition', mend: `when(record.status.is('published'))` }]
  }
}

function findDeviceFlaws(devices: readonly string[]): readonly Flaw[] {
  const mend = `context.device.isOneOf('${DEVICES.join("', '")}')`
  if (devices.length === 0) return [{ what: 'a condition names no device: it would never hold', mend }]
  return devices
    .filter((device) => !DEVICES.some((known) => known === device))
    .map((device) => ({ what: `a condition names the device "${device}", which there is not`, mend }))
}

function emptyFlaw(node: 'all' | 'either'): Flaw {
  if (node === 'all')
    return { what: 'a condition joins nothing with all(): it would hold always', mend: 'Leave it out, or give it parts.' }
  return {
    what: 'a condition has nothing to choose from, in either() or isOneOf([]): it would never hold',
    mend: 'Give it parts, or leave out the rule.',
  }
}

function findComparisonFlaws(resource: Resource, comparison: Comparison, left: Operand, right: Operand): readonly Flaw[] {
  const missing = [left, right].flatMap((operand) => findMissing(resource, operand))
  if (missing.length > 0) return missing
  const leftKind = kindOf(resource, left)
  const rightKind = kindOf(resource, right)
  return [
    ...findUseFlaws(left, leftKind, comparison),
    ...findUseFlaws(right, rightKind, comparison),
    ...findPairFlaws(left, leftKind, right, rightKind),
    ...findConstantFlaws(left, leftKind, right),
  ]
}

/** The kind of a field of the record; undefined for what is no field. */
function kindOf(resource: Resource, operand: Operand): AnyKind | undefined {
  if (operand.from !== 'record') return undefined
  if (Object.hasOwn(resource.fields, operand.field)) return resource.fields[operand.field]?.kind
  return operand.field === 'id' ? idKind(resource.idPrefix) : STANDARD_TIMES.includes(operand.field) ? timestampKind() : undefined
}

function findMissing(resource: Resource, operand: Operand): readonly Flaw[] {
  if (operand.from !== 'record' || kindOf(resource, operand) !== undefined) return []
  return [
    {
      what: `a condition reads record.${operand.field}, and there is no such field`,
      mend: `Fields are ${['id', ...Object.keys(resource.fields), ...STANDARD_TIMES].join(', ')}.`,
    },
  ]
}

/** Texts are ordered by the database's collation, which memory does not know: only numbers, dates and times may be ordered. */
function findUseFlaws(operand: Operand, kind: AnyKind | undefined, comparison: Comparison): readonly Flaw[] {
  if (kind === undefined || operand.from !== 'record') return []
  if (kind.operators.length === 0)
    return [
      { what: `a condition compares "${operand.field}", and a ${kind.name} cannot be compared`, mend: 'Compare another field.' },
    ]
  if (comparison === 'eq') return []
  if (kind.sqlType === 'text')
    return [{ what: `a condition orders the text "${operand.field}"`, mend: 'Compare texts with is(…) or isOneOf(…).' }]
  return kind.operators.includes(comparison)
    ? []
    : [
        {
          what: `a condition orders "${operand.field}" (${kind.name}), which has no order`,
          mend: 'Compare it with is(…) or isOneOf(…).',
        },
      ]
}

/** SQL compares like with like: a text with a text, a key with a key to the same resource. */
function findPairFlaws(
  left: Operand,
  leftKind: AnyKind | undefined,
  right: Operand,
  rightKind: AnyKind | undefined,
): readonly Flaw[] {
  if (left.from === 'constant' || right.from === 'constant') return []
  const flaw: Flaw = {
    what: `a condition compares ${nameOf(left, leftKind)} with ${nameOf(right, rightKind)}`,
    mend: 'Compare values of one kind.',
  }
  if (familyOf(left, leftKind) !== familyOf(right, rightKind)) return [flaw]
  const areKeys = leftKind?.idPrefix !== undefined && rightKind?.idPrefix !== undefined
  return areKeys && leftKind.idPrefix !== rightKind.idPrefix
    ? [{ ...flaw, mend: 'They are keys of different resources: they are never equal.' }]
    : []
}

function familyOf(operand: Operand, kind: AnyKind | undefined): string {
  if (operand.from === 'actor') return operand.property === 'id' ? 'uuid' : 'text'
  const type = kind?.sqlType.replace(/\(.*\)/, '') ?? ''
  return type === 'bigint' ? 'integer' : type
}

function nameOf(operand: Operand, kind: AnyKind | undefined): string {
  return operand.from === 'record'
    ? `record.${operand.field} (${kind?.name})`
    : operand.from === 'actor'
      ? `actor.${operand.property}`
      : 'a constant'
}

function findConstantFlaws(left: Operand, kind: AnyKind | undefined, right: Operand): readonly Flaw[] {
  if (right.from !== 'constant' || left.from === 'constant') return []
  const name = left.from === 'record' ? `record.${left.field}` : `actor.${left.property}`
  if (right.value === null || right.value === undefined)
    return [{ what: `a condition compares ${name} with nothing: it would never hold`, mend: `${name}.isNothing()` }]
  // What cannot be compared at all has been told already.
  if (kind === undefined || kind.operators.length === 0) return []
  const misfit = findMisfit(kind, right.value)
  return misfit === undefined
    ? []
    : [
        {
          what: `a condition compares ${name} with ${show(right.value)}, which ${misfit}`,
          mend: 'Compare it with a value that the field can have.',
        },
      ]
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

function findZoneFlaws(zone: string): readonly Flaw[] {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return []
  } catch {
    return [
      { what: `a condition names the time zone "${zone}", which does not exist`, mend: `context.timeOfDay('Europe/Berlin')` },
    ]
  }
}

function findDayFlaws(days: readonly number[]): readonly Flaw[] {
  const areDays = days.length > 0 && days.every((day) => Number.isInteger(day) && day >= 1 && day <= 7)
  return areDays
    ? []
    : [{ what: `a condition names the days [${days.join(', ')}]`, mend: 'isOneOf([1, 2, 3, 4, 5]): Monday is 1, Sunday 7.' }]
}
