/**
 * Mounts the REST surface of a domain on a server: one route for each row of the table, the OpenAPI document and the pages about
 * it.
 */
import type { Engine } from '../engine/index.ts'
import type { HttpServer } from '../http/index.ts'
import type { Clock } from '../kernel/index.ts'
import type { Domain, FieldModel } from '../model/index.ts'
import { deprecationOf, expectOperations, type RestDeprecations } from './deprecations.ts'
import { mountDocs } from './docs/mount-docs.ts'
import { handlerOf } from './handle.ts'
import type { DescribedGroup } from './openapi/described.ts'
import { renderOpenApi } from './openapi/document.ts'
import { mountOpenApi } from './openapi/mount-openapi.ts'
import { bodyMode, type RestRoute, restRoutes } from './routes.ts'

export interface RestOptions {
  readonly domain: Domain
  readonly engine: Engine
  readonly server: HttpServer
  /** The wall clock that policies read. Default the system's. */
  readonly clock?: Pick<Clock, 'now'>
  /**
   * How the service is reached from outside (`https://api.example.com`), for the OpenAPI document. Default: the address that
   * serves it.
   */
  readonly origin?: string
  /** The version of the service, for the OpenAPI document. Default `1.0.0`. */
  readonly version?: string
  readonly deprecations?: RestDeprecations
  /** What the service does beside its resources, for the OpenAPI document; others mount it. */
  readonly described?: readonly DescribedGroup[]
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
  expectOperations(routes, deprecations)
  for (const route of routes) {
    server.route({
      method: route.method,
      path: route.path,
      operation: route.operation,
      body: bodyMode(route),
      renderField: fieldRenderer(route),
      handle: handlerOf({ route, engine, clock, deprecation: deprecationOf(route, deprecations) }),
    })
  }
  mountOpenApi(server, () => renderOpenApi(domain, options))
  mountDocs(server, domain)
}

/** Fields that the store names in camelCase, as REST spells them; all other names stay as they came. */
function fieldRenderer({ resource, action }: RestRoute): (field: string) => string {
  const fields: readonly FieldModel[] = [...resource.fields, ...(action?.input ?? [])]
  const columns = new Map(
    fields.flatMap((field) => [[field.name, field.column] as const, [field.publicName, field.column] as const]),
  )
  return (field) => columns.get(field) ?? field
}
