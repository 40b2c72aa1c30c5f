/** The routes as they were declared, and what follows from them once all are known: HEAD, OPTIONS, 405 and 404. */
import type { FastifyInstance } from 'fastify'
import { PlinthError } from '../kernel/index.ts'
import type { Logger, OperationMetrics } from '../observe/index.ts'
import type { Handle } from './handle.ts'
import { EMPTY_HEADERS } from './header-block.ts'
import { BODY_BYTES_MAX } from './limits.ts'
import type { RouteLimit } from './rate-limits.ts'
import { envelopeRenderer, type RenderFailure, type RenderField } from './render-error.ts'
import type { BodyMode, HttpMethod, Route, ServerState } from './route.ts'
import { runRoute } from './run.ts'

/** One operation on one path. */
export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/api/v1/posts/:id`. */
  readonly path: string
  /** The label in metrics and log: `posts.get`. */
  readonly operation: string
  /** Default `rest`. */
  readonly surface?: string
  /** Default `json` for POST, PUT and PATCH, else `none`. */
  readonly body?: BodyMode
  /** Default 1 MiB. */
  readonly bodyBytesMax?: number
  /** True: the caller is not asked for a token, and `actor` is `NOBODY`. Default false. */
  readonly isPublic?: boolean
  /** Which limit counts its requests. Default `read` for GET, else `write`. */
  readonly limit?: RouteLimit
  /**
   * What a request may turn out to be once its body was read, by operation: the handler says so with `reply.turnInto`. It is then counted and
   * logged as that, and taken from that limit too. Default none.
   */
  readonly variants?: Readonly<Record<string, { readonly limit?: RouteLimit }>>
  /** Overrides that of the server. */
  readonly renderField?: RenderField
  /** How its callers are told what went wrong, also before the handler runs. Default: the error envelope. */
  readonly renderFailure?: RenderFailure
  /** Answers through `reply`, at once or later; what it throws or rejects with is answered by `renderFailure`. */
  readonly handle: Handle
}

/** A route of the server's own, which is served however busy it is. */
export type DeclaredRoute = HttpRoute & { readonly isExempt?: boolean }

export interface RouteTableOptions {
  readonly logger: Logger
  readonly metrics: OperationMetrics
  readonly renderField?: RenderField
}

export const METHODS: readonly HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

export class RouteTable {
  readonly #state: ServerState
  readonly #options: RouteTableOptions
  readonly #paths = new Map<string, Map<HttpMethod, DeclaredRoute>>()
  readonly notFound: Route

  constructor(state: ServerState, options: RouteTableOptions) {
    this.#state = state
    this.#options = options
    this.notFound = this.#prepare(
      {
        method: 'GET',
        path: '*',
        operation: 'http.unknown',
        surface: 'http',
        isPublic: true,
        body: 'none',
        handle: refuseUnknown,
      },
      'GET',
      '',
    )
  }

  add(route: DeclaredRoute): void {
    const methods = this.#paths.get(route.path) ?? new Map<HttpMethod, DeclaredRoute>()
    if (methods.has(route.method)) throw new TypeError(`Cannot add route ${route.method} ${route.path}: it exists already`)
    methods.set(route.method, route)
    if (route.method === 'GET') methods.set('HEAD', route)
    this.#paths.set(route.path, methods)
  }

  register(app: FastifyInstance): void {
    for (const [path, methods] of this.#paths) this.#mount(app, path, this.#complete(path, methods))
    this.#mount(app, '/*', new Map(METHODS.map((method) => [method, this.notFound])))
  }

  /** What a path answers to every method, also to those that nobody declared. */
  #complete(path: string, methods: ReadonlyMap<HttpMethod, DeclaredRoute>): ReadonlyMap<HttpMethod, Route> {
    const allow = [...methods.keys(), 'OPTIONS'].join(', ')
    const other = { path, method: 'GET', surface: 'http', body: 'none', isPublic: true } as const
    const options = { ...other, operation: 'http.options', handle: this.#answerOptions(allow) }
    const refused = this.#prepare({ ...other, operation: 'http.method', handle: refuseMethod }, 'GET', allow)
    const declared = [...methods].map(([method, route]) => [method, this.#prepare(route, method, allow)] as const)
    return new Map<HttpMethod, Route>([
      ...METHODS.map((method) => [method, refused] as const),
      ['OPTIONS', this.#prepare(options, 'OPTIONS', allow)],
      ...declared,
    ])
  }

  /** One route of Fastify's for all methods of a path: each is a kilobyte, and takes a tenth of a millisecond of the start. */
  #mount(app: FastifyInstance, url: string, routes: ReadonlyMap<HttpMethod, Route>): void {
    const state = this.#state
    app.route({
      method: [...METHODS],
      url,
      // The request never goes on from here: `runRoute` answers it.
      onRequest: (request, reply) => {
        reply.hijack()
        const { raw } = request
        runRoute(state, routes.get(raw.method as HttpMethod) ?? this.notFound, raw, reply.raw, request.params)
      },
      handler: () => {},
    })
  }

  #prepare(route: DeclaredRoute, method: HttpMethod, allow: string): Route {
    const { operation, surface = 'rest', path, variants = {}, ...single } = route
    const isExempt = route.isExempt === true
    const limit = isExempt ? 'none' : (route.limit ?? (route.method === 'GET' ? 'read' : 'write'))
    const renderField = route.renderField ?? this.#options.renderField ?? ((field) => field)
    return {
      operation,
      bodyMode: route.body ?? (METHODS_WITH_BODY.has(method) ? 'json' : 'none'),
      bodyBytesMax: route.bodyBytesMax ?? BODY_BYTES_MAX,
      isPublic: route.isPublic === true,
      isExempt,
      isQuiet: isExempt,
      limit,
      budgets: this.#state.budgets.get(limit),
      renderFailure: route.renderFailure ?? envelopeRenderer(this.#state.docsUrl, renderField),
      allow,
      metrics: this.#options.metrics.operation(operation, surface),
      accessLog: this.#options.logger.accessLog({ operation, surface, method, path }),
      handle: route.handle,
      variants: new Map(
        Object.entries(variants).map(([name, variant]) => [
          name,
          this.#prepare({ ...single, surface, path, operation: name, ...variant }, method, allow),
        ]),
      ),
    }
  }

  #answerOptions(allow: string): Handle {
    const cors = this.#state.cors
    return (request, reply) => {
      const headers = ['allow', allow]
      cors?.addPreflightHeaders(request.header('origin'), allow, headers)
      reply.send(204, EMPTY_HEADERS, undefined, headers)
    }
  }
}

function refuseUnknown(): never {
  throw new PlinthError('NOT_FOUND_ROUTE')
}

function refuseMethod(): never {
  throw new PlinthError('VALIDATION_METHOD_NOT_ALLOWED')
}
