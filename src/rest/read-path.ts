/**
 * Reads the ids in a path. An id of another form, or of another resource, is the caller's mistake: a 400 that names the
 * parameter.
 */

import type { ParentInput } from '../engine/index.ts'
import type { HttpRequest } from '../http/index.ts'
import { decodeTypeId, invalid, PlinthError, type Uuid } from '../kernel/index.ts'
import type { ResourceModel } from '../model/index.ts'
import { type Nesting, PARENT_PARAMETER } from './routes.ts'

/** @throws `VALIDATION_FAILED`, naming the parameter */
export function readId(request: HttpRequest, parameter: string, resource: ResourceModel): Uuid {
  const text = request.params[parameter] ?? ''
  const id = decodeTypeId(resource.idPrefix, text)
  if (id !== undefined) return id
  // `/posts/` is neither the collection nor a record.
  if (text === '') throw new PlinthError('NOT_FOUND_ROUTE')
  const message = `Cannot read ${parameter} ${JSON.stringify(text)}: it is no id of ${resource.plural}, expected ${resource.idPrefix}_ and 26 characters`
  throw invalid([{ field: parameter, code: 'id', message }])
}

export function readParent(request: HttpRequest, nesting: Nesting | undefined): ParentInput | undefined {
  if (nesting === undefined) return undefined
  return { child: nesting.child, parent: nesting.parent, id: readId(request, PARENT_PARAMETER, nesting.parent) }
}
