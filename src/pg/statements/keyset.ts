/**
 * The order of a list, and the records behind a position in it.
 *
 * The order is total (its last key is `id`), and nulls count as greater than all values, as PostgreSQL's indexes keep them.
 */
import type { PositionPlan } from '../../engine/index.ts'
import type { SortModel } from '../../model/index.ts'
import type { Binder } from '../../sql/index.ts'
import { joinAnd } from './predicates.ts'
import { column } from './record-columns.ts'

export interface Placed {
  readonly sort: readonly SortModel[]
  readonly position: PositionPlan | undefined
}

/** @param isReversed reads the list from its end */
export function printOrder(sort: readonly SortModel[], isReversed: boolean, alias = 't'): string {
  return sort
    .map(({ field, isDescending }) => `${column(field, alias)} ${isDescending !== isReversed ? 'DESC' : 'ASC'}`)
    .join(', ')
}

/**
 * The records behind the position, in the direction that the page is read: one stretch of an index that serves the sort, or two
 * where nulls lie behind a value, or values behind null. None without a position.
 */
export function printStretches({ sort, position }: Placed, bind: Binder<Placed>, alias = 't'): readonly string[] {
  if (position === undefined) return []
  const keys = sort.map(({ field, isDescending }, at) => ({
    name: column(field, alias),
    value:
      position.values[at] == null
        ? null
        : bind(`position.${at}`, field.kind.sqlType, (plan) => plan.position?.values[at] ?? null),
    isFalling: isDescending !== position.isBackward,
    isNullable: field.rules.isNullable,
  }))
  const [first, ...rest] = keys
  if (first === undefined) throw new RangeError('Cannot place a page: the list has no order, expected at least one key')
  // Null is the greatest: falling from it come all values, rising from a value come the nulls at last.
  const isDivided = first.isNullable && first.isFalling === (first.value === null)
  if (!isDivided) return [printBehindKeys(keys)]
  return [
    printBehindKeys([{ ...first, isNullable: false }, ...rest]),
    first.value === null ? `${first.name} IS NOT NULL` : `${first.name} IS NULL`,
  ]
}

interface Key {
  readonly name: string
  /** A placeholder, or null where the position has no value. */
  readonly value: string | null
  readonly isFalling: boolean
  /** Whether nulls, or what is not null, may lie behind the value. */
  readonly isNullable: boolean
}

function printBehindKeys(keys: readonly Key[]): string {
  const [first] = keys
  // One direction and no nulls behind: a comparison of rows, which an index answers as one range.
  const isUniform = keys.every(
    (key) => key.isFalling === first?.isFalling && key.value !== null && (key.isFalling || !key.isNullable),
  )
  if (isUniform)
    return `(${keys.map((key) => key.name).join(', ')}) ${first?.isFalling === true ? '<' : '>'} (${keys.map((key) => key.value).join(', ')})`

  const cases = keys.flatMap((key, at) => {
    const behind = printBehind(key)
    return behind === undefined ? [] : [joinAnd([...keys.slice(0, at).map(printEqual), behind])]
  })
  return joinAnd([first === undefined ? undefined : printBound(first), `(${cases.join(' OR ')})`])
}

/** Implied by the cases, and what lets an index begin at the right place. */
function printBound({ name, value, isFalling }: Key): string {
  if (value === null) return `${name} IS NULL`
  return `${name} ${isFalling ? '<=' : '>='} ${value}`
}

function printEqual({ name, value }: Key): string {
  return value === null ? `${name} IS NULL` : `${name} = ${value}`
}

/**
 * What lies behind the value of this key alone; undefined where nothing does. The last key is never null, so one case always
 * stays.
 */
function printBehind({ name, value, isFalling, isNullable }: Key): string | undefined {
  if (value === null) return isFalling && isNullable ? `${name} IS NOT NULL` : undefined
  if (isFalling) return `${name} < ${value}`
  return isNullable ? `(${name} > ${value} OR ${name} IS NULL)` : `${name} > ${value}`
}
