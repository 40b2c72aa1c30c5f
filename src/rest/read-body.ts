/** Reads the fields of a body, together with what the path has said about them. */
import { FieldReader, type FieldValues, type ParentInput, type ReadMode } from '../engine/index.ts'
import type { HttpRequest } from '../http/index.ts'
import { PlinthError } from '../kernel/index.ts'
import type { FieldModel } from '../model/index.ts'
import { isWritable } from '../policy/index.ts'

export type BodyReader = (request: HttpRequest, parent?: ParentInput) => FieldValues

/** Makes a reader for bodies of one mode. */
export function bodyReader(fields: readonly FieldModel[], mode: ReadMode): BodyReader {
  const reader = new FieldReader(fields, 'column')
  return (request, parent) => reader.read(request.body, mode, request.actor, readGiven(request, mode, parent))
}

/**
 * The path of a nested route names the parent, so the body need not; what a caller may not set in a body, no path sets either.
 */
function readGiven(request: HttpRequest, mode: ReadMode, parent: ParentInput | undefined): FieldValues | undefined {
  if (parent === undefined || mode === 'update') return undefined
  const { by } = parent.child
  if (isWritable(by, request.actor)) return new Map([[by, parent.id]])
  if (mode === 'replace') return undefined
  const message = `${by.column} may be set by others only`
  throw new PlinthError('AUTH_FIELD_FORBIDDEN', message, { details: [{ field: by.column, code: 'forbidden', message }] })
}
