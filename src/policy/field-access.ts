/** Decides which fields of a resource an actor may see and set. What may not be seen may not be felt: filters and sorts ask here too. */
import type { Actor, FieldModel } from '../model/index.ts'

export function isReadable(field: FieldModel, actor: Actor): boolean {
  const { isOutput, readableBy } = field.rules
  return isOutput && (readableBy === undefined || readableBy.some((role) => actor.roles.includes(role)))
}

export function isWritable(field: FieldModel, actor: Actor): boolean {
  const { input, writableBy } = field.rules
  return input !== 'none' && (writableBy === undefined || writableBy.some((role) => actor.roles.includes(role)))
}
