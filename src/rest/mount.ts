/** Mounts the REST surface of a domain on a server: one route for each row of the table, the OpenAPI document and the pages about it. */
import type { Engine } from '../engine/index.ts'
import type { HttpServer } from '../http/index.ts'
import type { Clock } from '../kernel/index.ts'
import type { Deprecation, Domain, FieldModel } from '../model/index.ts'
import { mountDocs } from './docs/mount-docs.ts'
import { handlerOf } from './handle.ts'
import { renderOpenApi } from './openapi/document.ts'
import { mountOpenApi } from './openapi/mount-openapi.ts'
import { type RestRoute, restRoutes } from './routes.ts'

export interface RestOptions {
  readonly domain: Domain
  readonly engine: Engine
  readonly server: HttpServer
  /** The wall clock that policies read. Default the system's. */
  readonly clock?: Pick<Clock, 'now'>
  /** How the service is reached from outside (`https://api.example.com`), for the OpenAPI document. Default: the address that serves it. */
  readonly origin?: string
  /** The version of the service, for the OpenAPI document. Default `1.0.0`. */
  readonly version?: string
  readonly deprecations?: RestDeprecations
}

/** What should no longer be used: announced in the headers of each answer and in the OpenAPI document. */
export interface RestDeprecations {
  /** The whole version of the API. */
  readonly version?: Deprecation
  /** Operations by their `operationId`: `{ createPost: { since: '2026-01-31' } }`. */
  readonly operations?: Readonly<Record<string, Deprecation>>
}

/**
 * Adds the routes under `/api/v1`, `/openapi.json`, `/docs` and `/docs/errors` to a server that does not listen yet.
 *
 * @throws `TypeError` for a deprecation of an operation that there is not
 * @example
 * mountRest({ domain, engine, server })
 * await server.listen({ port: 3000 })
 */
export function mountRest(options: RestOptions): void {
  const { domain, engine, server, clock = Date, deprecations = {} } = options
  const routes = restRoutes(domain)
  expectOperations(routes, deprecations.operations ?? {})
  for (const route of routes) {
    const deprecation = deprecations.operations?.[route.operationId] ?? deprecations.version
    server.route({
      method: route.method,
      path: route.path,
      operation: route.operation,
      body: bodyMode(route),
      renderField: fieldRenderer(route),
      handle: handlerOf({ route, engine, clock, deprecation }),
    })
  }
  mountOpenApi(server, renderOpenApi(domain, options))
  mountDocs(server, domain)
}

function bodyMode(route: RestRoute): 'json' | 'optional' | 'none' {
  switch (route.kind) {
    case 'create':
    case 'update':
    case 'replace':
      return 'json'
    case 'restore':
      return 'optional'
    case 'act':
      return route.action?.input.some((field) => field.rules.input === 'required') === true ? 'json' : 'optional'
    case 'list':
    case 'get':
    case 'delete':
      return 'none'
  }
}

/** Fields that the store names in camelCase, as REST spells them; all other names stay as they came. */
function fieldRenderer({ resource, action }: RestRoute): (field: string) => string {
  const fields: readonly FieldModel[] = [...resource.fields, ...(action?.input ?? [])]
  const columns = new Map(
    fields.flatMap((field) => [[field.name, field.column] as const, [field.publicName, field.column] as const]),
  )
  return (field) => columns.get(field) ?? field
}

function expectOperations(routes: readonly RestRoute[], deprecations: Readonly<Record<string, Deprecation>>): void {
  const known = routes.map((route) => route.operationId)
  for (const name of Object.keys(deprecations)) {
    if (!known.includes(name))
      throw new TypeError(`Cannot deprecate operation "${name}": there is none of this name, expected one of ${known.join(', ')}`)
  }
}
