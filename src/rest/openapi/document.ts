/** Prints the OpenAPI 3.1 document of a domain: every path, parameter, body, status, header, error code, with examples. */
import type { Domain, Json } from '../../model/index.ts'
import { deprecationOf, type RestDeprecations } from '../deprecations.ts'
import { type RestRoute, restRoutes, serviceTitle } from '../routes.ts'
import { type DescribedGroup, renderDescribed } from './described.ts'
import { ErrorResponses } from './errors.ts'
import { HEADER_COMPONENTS } from './headers.ts'
import { renderOperation, renderTags } from './operation.ts'
import { PARAMETER_COMPONENTS, pathTemplate } from './parameters.ts'
import { resourceSchemas, type Schemas, sharedSchemas } from './schemas.ts'

export type OpenApiDocument = Readonly<Record<string, Json>>

export interface OpenApiOptions {
  /** How the service is reached from outside. Default: the address that serves the document. */
  readonly origin?: string
  /** The version of the service. Default `1.0.0`. */
  readonly version?: string
  readonly deprecations?: RestDeprecations
  /** What the service does beside its resources. */
  readonly described?: readonly DescribedGroup[]
}

/**
 * Prints the document of the whole REST surface, as plain data.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 * @example
 * const document = renderOpenApi(domain, { origin: 'https://api.example.com', version: '2.3.0' })
 */
export function renderOpenApi(domain: Domain, options: OpenApiOptions = {}): OpenApiDocument {
  const { origin = '', version = '1.0.0', deprecations = {}, described = [] } = options
  const routes = restRoutes(domain)
  const errors = new ErrorResponses(domain, origin)
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of routes) {
    const template = pathTemplate(route.path)
    paths[template] = {
      ...paths[template],
      [route.method.toLowerCase()]: renderOperation(route, errors, deprecationOf(route, deprecations)),
    }
  }
  for (const group of described) Object.assign(paths, renderDescribed(group, errors))
  return {
    openapi: '3.1.1',
    info: {
      title: serviceTitle(domain),
      version,
      summary: `The REST interface of ${domain.name}.`,
      description: DESCRIPTION,
    },
    servers: [{ url: origin === '' ? '/' : origin }],
    tags: [...renderTags(domain), ...described.map(({ tag, description }) => ({ name: tag, description }))],
    paths,
    components: {
      schemas: renderSchemas(domain, routes),
      responses: errors.components,
      parameters: PARAMETER_COMPONENTS,
      headers: HEADER_COMPONENTS,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token: `Authorization: Bearer <token>`.',
        },
      },
    },
    externalDocs: { description: 'All error codes, with cause and cure', url: `${origin}/docs/errors` },
  }
}

function renderSchemas(domain: Domain, routes: readonly RestRoute[]): Schemas {
  const schemas = sharedSchemas()
  for (const resource of domain.resources) {
    Object.assign(
      schemas,
      resourceSchemas(
        resource,
        routes.filter((route) => route.resource === resource),
      ),
    )
  }
  return schemas
}

const DESCRIPTION = [
  'Answers are JSON: `data`, `meta` and `links`. Errors are `error`, with a `code` for programs and a `message` for people; `docs_url` leads to cause and cure.',
  'Lists are read page by page: follow `links.next` until it is null.',
  'A record carries its version in `ETag`. Send it in `If-Match` with a change, and a change that somebody else has overtaken is refused with 409 and changes nothing.',
  '`RateLimit` says how many requests are left to the account, or to the address that sends no token; past that the answer is 429, and `Retry-After` says when to come again.',
  'A parameter or field that an operation does not know is refused with 400, never ignored.',
].join('\n\n')
