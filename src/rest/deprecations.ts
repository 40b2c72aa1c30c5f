/** Which operations should no longer be used: read by the routes, which say so in headers, and by the OpenAPI document. */
import type { Deprecation } from '../model/index.ts'
import type { RestRoute } from './routes.ts'

/** What should no longer be used: announced in the headers of each answer and in the OpenAPI document. */
export interface RestDeprecations {
  /** The whole version of the API. */
  readonly version?: Deprecation
  /** Operations by their `operationId`: `{ createPost: { since: '2026-01-31' } }`. */
  readonly operations?: Readonly<Record<string, Deprecation>>
}

/** The operation's own deprecation, else that of the whole version. */
export function deprecationOf({ operationId }: RestRoute, { version, operations }: RestDeprecations): Deprecation | undefined {
  return operations?.[operationId] ?? version
}

/** @throws `TypeError` for a deprecation of an operation that there is not */
export function expectOperations(routes: readonly RestRoute[], { operations = {} }: RestDeprecations): void {
  const known = routes.map((route) => route.operationId)
  for (const name of Object.keys(operations)) {
    if (!known.includes(name))
      throw new TypeError(`Cannot deprecate operation "${name}": there is none of this name, expected one of ${known.join(', ')}`)
  }
}
