/**
 * Decides which fields of a resource an actor may see and set. What may not be seen may not be felt: filters and sorts ask here too.
 *
 * An application that somebody lent their account to was lent permissions, and no role: what a role alone opens is closed to it, as with rules. The
 * failure this prevents is an application that may change users and gives itself an account with every right.
 */
import type { Actor, FieldModel } from '../model/index.ts'
import { isLent } from './lent.ts'

export function isReadable(field: FieldModel, actor: Actor): boolean {
  const { isOutput, readableBy } = field.rules
  return isOutput && (readableBy === undefined || hasOneOf(actor, readableBy))
}

export function isWritable(field: FieldModel, actor: Actor): boolean {
  const { input, writableBy } = field.rules
  return input !== 'none' && (writableBy === undefined || hasOneOf(actor, writableBy))
}

function hasOneOf(actor: Actor, roles: readonly string[]): boolean {
  return !isLent(actor) && roles.some((role) => actor.roles.includes(role))
}
