/**
 * The HTTP server: routes in, limits around them, one way out for answers and errors.
 *
 * Fastify routes and owns the life of the server; a request is run whole in its first hook, so that nothing is read from a caller
 * before the limits and the token were looked at, and no step is paid for that an answer of prepared bytes does not need.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { PlinthError, toPlinthError } from '../kernel/index.ts'
import { NOBODY } from '../model/index.ts'
import { createUserHash, type Logger, type OperationMetrics } from '../observe/index.ts'
import { type ClientError, decideClientError, isAnswerUnderWay, renderRawAnswer } from './client-error.ts'
import { createCors } from './cors.ts'
import { EMPTY_HEADERS, JSON_HEADERS } from './header-block.ts'
import { createReadiness, type Readiness } from './health.ts'
import * as limits from './limits.ts'
import type { DocsUrl, RenderField } from './render-error.ts'
import { requestIdReader } from './request-id.ts'
import type { Authenticate, BodyMode, Handle, HttpMethod, Route, ServerState } from './route.ts'
import { runRoute } from './run.ts'

export interface HttpServerOptions {
  readonly logger: Logger
  readonly metrics: OperationMetrics
  /** Says who asks, from the `Authorization` header; throws `AUTH_*`. Default: nobody. */
  readonly authenticate?: Authenticate
  /** What `/readyz` asks. Default: nothing, always ready. */
  readonly readiness?: Readiness
  /** How this service is reached from outside (`https://api.example.com`), for `docs_url`. Default: a path without origin. */
  readonly publicOrigin?: string
  /** Key of the user hash in the log; the same on all instances. Default: random. */
  readonly userHashKey?: string | Uint8Array
  /** Exact origins whose pages may call the API. Default: none. */
  readonly corsOrigins?: readonly string[]
  /** How the names of fields are spelt in error details. Default: as they are. */
  readonly renderField?: RenderField
  readonly inFlightMax?: number
  readonly connectionsMax?: number
  readonly requestBudgetMs?: number
  readonly headersTimeoutMs?: number
  readonly requestTimeoutMs?: number
  readonly keepAliveTimeoutMs?: number
}

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
  /** Overrides that of the server. */
  readonly renderField?: RenderField
  /** Answers through `reply`, at once or later; what it throws or rejects with becomes the error envelope. */
  readonly handle: Handle
}

export interface HttpServer {
  /** Adds an operation. A GET answers HEAD too; every path answers OPTIONS, and 405 to the other methods. */
  route(route: HttpRoute): void
  /** Starts to accept connections. `port` 0 takes a free one. */
  listen(options: { readonly port: number; readonly host?: string }): Promise<{ readonly port: number; readonly origin: string }>
  /**
   * Drains and closes: `/readyz` turns 503 and answers close their connections for `lingerMs`, then no connection is accepted, and
   * requests under way finish; what is left after `graceMs` is cut off. Returns how many requests that were.
   */
  stop(options?: { readonly graceMs?: number; readonly lingerMs?: number }): Promise<{ readonly cutOff: number }>
  readonly inFlight: number
  readonly connections: number
}

const METHODS: readonly HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
const GRACE_MS = 10_000
/** Time for callers with a connection in use to hear `Connection: close`. */
const LINGER_MS = 500

/** Makes a server; nothing listens until `listen`. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const origin = (options.publicOrigin ?? '').replace(/\/$/, '')
  const docsUrl: DocsUrl = (code) => `${origin}/docs/errors#${code}`
  const state: ServerState = {
    logger: options.logger,
    readRequestId: requestIdReader(),
    hashUserId: createUserHash(options.userHashKey),
    docsUrl,
    requestBudgetMs: options.requestBudgetMs ?? limits.REQUEST_BUDGET_MS,
    inFlightMax: options.inFlightMax ?? limits.REQUESTS_IN_FLIGHT_MAX,
    authenticate: options.authenticate ?? (() => NOBODY),
    cors: createCors(options.corsOrigins ?? []),
    inFlight: 0,
    isDraining: false,
  }
  const routes = new RouteTable(state, options)
  const sockets = { count: 0 }
  const app = createFastify(state, options, routes, sockets)

  addHealthRoutes(routes, state, options.readiness ?? createReadiness({}))
  return {
    route: (route) => routes.add(route),
    get inFlight() {
      return state.inFlight
    },
    get connections() {
      return sockets.count
    },
    async listen({ port, host = '127.0.0.1' }) {
      routes.register(app)
      await app.listen({ port, host, listenTextResolver: () => '' })
      const bound = (app.server.address() as AddressInfo).port
      return { port: bound, origin: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` }
    },
    async stop({ graceMs = GRACE_MS, lingerMs = LINGER_MS } = {}) {
      state.isDraining = true
      const endMs = performance.now() + graceMs
      if (sockets.count > 0) await delay(Math.min(lingerMs, graceMs))
      const closed = app.close()
      let cutOff = 0
      const timer = setTimeout(
        () => {
          cutOff = state.inFlight
          app.server.closeAllConnections()
        },
        Math.max(0, endMs - performance.now()),
      )
      await closed
      clearTimeout(timer)
      return { cutOff }
    },
  }
}

/** The routes as they were declared, and what follows from them when all are known. */
class RouteTable {
  readonly #state: ServerState
  readonly #options: HttpServerOptions
  readonly #paths = new Map<string, Map<HttpMethod, HttpRoute & { readonly isExempt?: boolean }>>()
  readonly notFound: Route

  constructor(state: ServerState, options: HttpServerOptions) {
    this.#state = state
    this.#options = options
    this.notFound = this.#prepare({ method: 'GET', path: '*', operation: 'http.unknown', surface: 'http', isPublic: true, body: 'none', handle: refuseUnknown }, 'GET', '')
  }

  add(route: HttpRoute & { readonly isExempt?: boolean }): void {
    const methods = this.#paths.get(route.path) ?? new Map<HttpMethod, HttpRoute>()
    if (methods.has(route.method)) throw new TypeError(`Cannot add route ${route.method} ${route.path}: it exists already`)
    methods.set(route.method, route)
    if (route.method === 'GET') methods.set('HEAD', route)
    this.#paths.set(route.path, methods)
  }

  register(app: FastifyInstance): void {
    for (const [path, methods] of this.#paths) {
      const allow = [...methods.keys(), 'OPTIONS'].join(', ')
      for (const [method, route] of methods) this.#mount(app, path, method, this.#prepare(route, method, allow))
      const other = { path, method: 'GET', surface: 'http', body: 'none', isPublic: true } as const
      this.#mount(app, path, 'OPTIONS', this.#prepare({ ...other, operation: 'http.options', handle: this.#answerOptions(allow) }, 'OPTIONS', allow))
      const refused = this.#prepare({ ...other, operation: 'http.method', handle: refuseMethod }, 'GET', allow)
      for (const method of METHODS) {
        if (method !== 'OPTIONS' && !methods.has(method)) this.#mount(app, path, method, refused)
      }
    }
    for (const method of METHODS) this.#mount(app, '/*', method, this.notFound)
  }

  #mount(app: FastifyInstance, url: string, method: HttpMethod, route: Route): void {
    const state = this.#state
    app.route({
      method,
      url,
      // The request never goes on from here: `runRoute` answers it.
      onRequest: (request, reply) => {
        reply.hijack()
        runRoute(state, route, request.raw, reply.raw, request.params)
      },
      handler: () => {},
    })
  }

  #prepare(route: HttpRoute & { readonly isExempt?: boolean }, method: HttpMethod, allow: string): Route {
    const { operation, surface = 'rest', path } = route
    const isExempt = route.isExempt === true
    return {
      operation,
      bodyMode: route.body ?? (METHODS_WITH_BODY.has(method) ? 'json' : 'none'),
      bodyBytesMax: route.bodyBytesMax ?? limits.BODY_BYTES_MAX,
      isPublic: route.isPublic === true,
      isExempt,
      isQuiet: isExempt,
      renderField: route.renderField ?? this.#options.renderField ?? ((field) => field),
      allow,
      metrics: this.#options.metrics.operation(operation, surface),
      accessLog: this.#options.logger.accessLog({ operation, surface, method, path }),
      handle: route.handle,
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

function addHealthRoutes(routes: RouteTable, state: ServerState, readiness: Readiness): void {
  const shared = { method: 'GET', surface: 'http', isPublic: true, isExempt: true } as const
  routes.add({
    ...shared,
    path: '/healthz',
    operation: 'health.live',
    handle: (_, reply) => reply.send(200, JSON_HEADERS, '{"status":"ok"}'),
  })
  routes.add({
    ...shared,
    path: '/readyz',
    operation: 'health.ready',
    async handle(_, reply) {
      if (state.isDraining) return reply.send(503, JSON_HEADERS, '{"status":"stopping"}', ['retry-after', '1'])
      const { isReady, checks } = await readiness.read()
      const body = JSON.stringify({ status: isReady ? 'ready' : 'unready', checks })
      reply.send(isReady ? 200 : 503, JSON_HEADERS, body, isReady ? [] : ['retry-after', '1'])
    },
  })
}

function createFastify(state: ServerState, options: HttpServerOptions, routes: RouteTable, sockets: { count: number }): FastifyInstance {
  const refuse = (raw: IncomingMessage, response: ServerResponse, error: unknown): void => {
    runRoute(state, { ...routes.notFound, handle: () => Promise.reject(error) }, raw, response, {})
  }
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    genReqId: () => '',
    routerOptions: { maxParamLength: limits.PARAM_LENGTH_MAX, querystringParser: () => NO_QUERY },
    // A path that cannot be decoded, or a parameter that is too long: no route has such an address.
    frameworkErrors: (error, request, reply) => {
      ;(reply as FastifyReply).hijack()
      refuse((request as FastifyRequest).raw, (reply as FastifyReply).raw, toRouteError(error))
    },
    serverFactory: (handler) => createNodeServer(handler, state, options, sockets, refuse),
  })
  app.setNotFoundHandler({}, () => {})
  // Methods that Fastify does not route (and `OPTIONS *`) end here before their body is read.
  app.addHook('onRequest', (request, reply, next) => {
    if (!request.is404) {
      next()
      return
    }
    reply.hijack()
    const isKnown = (METHODS as readonly string[]).includes(request.raw.method ?? '')
    refuse(request.raw, reply.raw, new PlinthError(isKnown ? 'NOT_FOUND_ROUTE' : 'VALIDATION_METHOD_NOT_ALLOWED'))
  })
  return app
}

const NO_QUERY: Record<string, unknown> = Object.freeze(Object.create(null) as Record<string, unknown>)

function toRouteError(error: unknown): PlinthError {
  return error instanceof PlinthError ? error : new PlinthError('NOT_FOUND_ROUTE', undefined, { cause: error })
}

function createNodeServer(
  handler: (raw: IncomingMessage, response: ServerResponse) => void,
  state: ServerState,
  options: HttpServerOptions,
  sockets: { count: number },
  refuse: (raw: IncomingMessage, response: ServerResponse, error: unknown) => void,
): Server {
  const connectionsMax = options.connectionsMax ?? limits.CONNECTIONS_MAX
  const requestTimeout = options.requestTimeoutMs ?? limits.REQUEST_TIMEOUT_MS
  const headersTimeout = Math.min(options.headersTimeoutMs ?? limits.HEADERS_TIMEOUT_MS, requestTimeout)
  const server = createServer(
    {
      maxHeaderSize: limits.HEADER_BYTES_MAX,
      headersTimeout,
      requestTimeout,
      keepAliveTimeout: options.keepAliveTimeoutMs ?? limits.KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: Math.min(limits.TIMEOUT_CHECK_MS, headersTimeout),
      // Checked by `runRoute`, which answers with the envelope.
      requireHostHeader: false,
      insecureHTTPParser: false,
    },
    handler,
  )
  // No limit here: past it Node drops headers without a word. `runRoute` counts and refuses.
  server.maxHeadersCount = 0
  server.on('connection', (socket: Socket) => {
    sockets.count += 1
    socket.on('close', () => {
      sockets.count -= 1
    })
    if (sockets.count > connectionsMax) {
      socket.end(renderRawAnswer(new PlinthError('RATE_LIMIT_OVERLOADED', 'Too many connections'), state.readRequestId(undefined), state.docsUrl))
    }
  })
  server.on('checkExpectation', (raw: IncomingMessage, response: ServerResponse) => {
    refuse(raw, response, new PlinthError('VALIDATION_FAILED', 'Cannot meet the header "Expect": expected "100-continue" or nothing'))
  })
  server.on('clientError', (error: ClientError, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswerUnderWay(socket)) {
      socket.destroy()
      return
    }
    const refusal = toPlinthError(decideClientError(error))
    const requestId = state.readRequestId(undefined)
    state.logger.info('Refused bytes that are no request', { request_id: requestId, status: refusal.status, error_code: refusal.code, reason: error.code })
    socket.end(renderRawAnswer(refusal, requestId, state.docsUrl), () => socket.destroy())
  })
  return server
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
