/**
 * The HTTP server: routes in, limits around them, one way out for answers and errors.
 *
 * Fastify routes and owns the life of the server; a request is run whole in its first hook, so that nothing is read from a caller
 * before the limits and the token were looked at, and no step is paid for that an answer of prepared bytes does not need.
 */
import type { Server } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { PlinthError } from '../kernel/index.ts'
import { NOBODY } from '../model/index.ts'
import { createDenialLog, createUserHash, type Logger, type OperationMetrics } from '../observe/index.ts'
import type { RateLimitStore } from '../resilience/index.ts'
import { callerReader } from './caller-address.ts'
import { createCalls, type OpenCalls } from './calls.ts'
import { createCors } from './cors.ts'
import { JSON_HEADERS } from './header-block.ts'
import { createReadiness, type Readiness } from './health.ts'
import * as limits from './limits.ts'
import { LoopClock } from './load.ts'
import { createNodeServer, type NodeServerOptions, type Refuse } from './node-server.ts'
import { OpenStreams } from './open-streams.ts'
import { renderOrigin } from './origin.ts'
import { createBudgets, createNamedLimits, type NamedLimits, type RateLimits } from './rate-limits.ts'
import type { DocsUrl, RenderField } from './render-error.ts'
import { requestIdReader } from './request-id.ts'
import type { Authenticate, ServerState } from './route.ts'
import { type HttpRoute, METHODS, RouteTable } from './route-table.ts'
import { runRoute } from './run.ts'
import { type UpgradeRoute, Upgrades } from './upgrade.ts'

export interface HttpServerOptions extends NodeServerOptions {
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
  /** Ranges in CIDR notation: proxies whose `X-Forwarded-For` says who asks. Default: none. */
  readonly trustedProxies?: readonly string[]
  /**
   * How often an address without a token, or an account, may ask; addresses with tokens and OAuth clients have ten times as much.
   * Default: no limits.
   */
  readonly rateLimits?: RateLimits
  /** Where they are counted. Default: in the memory of this process. */
  readonly rateLimitStore?: RateLimitStore | undefined
  /** How the names of fields are spelt in error details. Default: as they are. */
  readonly renderField?: RenderField
  readonly inFlightMax?: number
  readonly requestBudgetMs?: number
  /** Between two pings of a web socket; one that does not answer until the next is cut off. Default 25 s. */
  readonly socketKeepAliveMs?: number
  /** Web sockets of one address. Default 200. */
  readonly socketsPerAddressMax?: number
  /** Answers of one address that go on, of events or of messages. Default 200. */
  readonly streamsPerAddressMax?: number | undefined
}

export interface HttpServer {
  /** Adds an operation. A GET answers HEAD too; every path answers OPTIONS, and 405 to the other methods. */
  route(route: HttpRoute): void
  /** Lets clients open web sockets on a path. A `GET` there that asks for none is answered by its route. */
  upgrade(route: UpgradeRoute): void
  /** Starts to accept connections. `port` 0 takes a free one. */
  listen(options: { readonly port: number; readonly host?: string }): Promise<{ readonly port: number; readonly origin: string }>
  /**
   * Drains and closes. `/readyz` turns 503 and every answer closes its connection; after `lingerMs` no connection is accepted, and those
   * that are open have as long again to send a request; requests under way finish. What is left after `graceMs` is cut off.
   *
   * @returns how many requests were cut off
   */
  stop(options?: { readonly graceMs?: number; readonly lingerMs?: number }): Promise<{ readonly cutOff: number }>
  /** For handlers that count by more than address and account. */
  readonly limits: NamedLimits
  /** Lets in, counts and logs what comes over another transport, as if it came over this one. */
  readonly calls: OpenCalls
  /** Where a code is explained. */
  readonly docsUrl: DocsUrl
  /** Says who asks: for whoever keeps a connection and asks again. */
  readonly authenticate: Authenticate
  readonly inFlight: number
  readonly connections: number
  /** Web sockets among them. */
  readonly webSockets: number
  /** How late the event loop was when it was last looked at, in milliseconds; it is looked at while there are requests. */
  readonly loopDelayMs: number
}

const GRACE_MS = 10_000
/** Time for callers with a connection in use to hear `Connection: close`. */
const LINGER_MS = 500
const POLL_MS = 10

/** Makes a server; nothing listens until `listen`. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const origin = (options.publicOrigin ?? '').replace(/\/$/, '')
  const docsUrl: DocsUrl = (code) => `${origin}/docs/errors#${code}`
  const state: ServerState = {
    logger: options.logger,
    denials: createDenialLog(options.logger),
    readRequestId: requestIdReader(),
    hashUserId: createUserHash(options.userHashKey),
    docsUrl,
    requestBudgetMs: options.requestBudgetMs ?? limits.REQUEST_BUDGET_MS,
    inFlightMax: options.inFlightMax ?? limits.REQUESTS_IN_FLIGHT_MAX,
    authenticate: options.authenticate ?? (() => NOBODY),
    readCaller: callerReader(options.trustedProxies ?? []),
    budgets: createBudgets(options),
    cors: createCors(options.corsOrigins ?? []),
    loop: new LoopClock(),
    streams: new OpenStreams(options.streamsPerAddressMax),
    inFlight: 0,
    isDraining: false,
  }
  const routes = new RouteTable(state, options)
  const sockets = new Set<Socket>()
  const upgrades = new Upgrades(state, options)
  const app = createFastify(state, options, { routes, sockets, upgrades })

  addHealthRoutes(routes, state, options.readiness ?? createReadiness({}))
  return {
    route: (route) => routes.add(route),
    upgrade: (route) => upgrades.add(route),
    limits: createNamedLimits(state.budgets),
    calls: createCalls(state, options),
    docsUrl,
    authenticate: state.authenticate,
    get inFlight() {
      return state.inFlight
    },
    get connections() {
      return sockets.size
    },
    get webSockets() {
      return upgrades.count
    },
    get loopDelayMs() {
      return state.loop.delayMs
    },
    async listen({ port, host = '127.0.0.1' }) {
      routes.register(app)
      await app.listen({ port, host, listenTextResolver: () => '' })
      const bound = (app.server.address() as AddressInfo).port
      return { port: bound, origin: renderOrigin(host, bound) }
    },
    async stop({ graceMs = GRACE_MS, lingerMs = LINGER_MS } = {}) {
      state.isDraining = true
      const endMs = performance.now() + graceMs
      upgrades.drain()
      state.streams.endAll()
      if (sockets.size > 0) await delay(Math.min(lingerMs, graceMs))
      await stopAccepting(app.server)
      // A connection that was just accepted has no request yet, and to Node looks idle: it gets time to send one.
      const quietMs = Math.min(performance.now() + lingerMs, endMs)
      while (sockets.size > 0 && performance.now() < quietMs) await delay(POLL_MS)
      closeUnused(sockets)
      const closed = app.close()
      let cutOff = 0
      const timer = setTimeout(
        () => {
          cutOff = state.inFlight
          app.server.closeAllConnections()
          upgrades.terminate()
        },
        Math.max(0, endMs - performance.now()),
      )
      await closed
      clearTimeout(timer)
      return { cutOff }
    },
  }
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

interface ServerParts {
  readonly routes: RouteTable
  readonly sockets: Set<Socket>
  readonly upgrades: Upgrades
}

function createFastify(
  state: ServerState,
  options: HttpServerOptions,
  { routes, sockets, upgrades }: ServerParts,
): FastifyInstance {
  const refuse: Refuse = (raw, response, error) => {
    runRoute(state, { ...routes.notFound, handle: () => Promise.reject(error) }, raw, response, {})
  }
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    genReqId: () => '',
    schemaController: { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } },
    routerOptions: { maxParamLength: limits.PARAM_LENGTH_MAX, querystringParser: () => NO_QUERY },
    // A path that cannot be decoded, or a parameter that is too long: no route has such an address.
    frameworkErrors: (error, request, reply) => {
      ;(reply as FastifyReply).hijack()
      refuse((request as FastifyRequest).raw, (reply as FastifyReply).raw, toRouteError(error))
    },
    serverFactory: (handler) => createNodeServer(handler, state, options, sockets, refuse, upgrades),
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

/** Routes have no schemas of Fastify's. Named as the compilers, it leaves those it comes with unloaded. */
function refuseSchema(): never {
  throw new TypeError('Cannot compile a schema of a route: the engine reads inputs, and answers are rendered bytes')
}

const NO_QUERY: Record<string, unknown> = Object.freeze(Object.create(null) as Record<string, unknown>)

function toRouteError(error: unknown): PlinthError {
  return error instanceof PlinthError ? error : new PlinthError('NOT_FOUND_ROUTE', undefined, { cause: error })
}

/**
 * Closes the listening socket and leaves the connections alone; the `close` of an HTTP server would drop those that are idle.
 *
 * It happens right behind the phase of the event loop that accepts, so that as few as possible wait in the kernel, which resets them.
 */
async function stopAccepting(server: Server): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  NetServer.prototype.close.call(server)
}

/**
 * Closes the connections that never carried a byte: browsers and pools of clients open them ahead of requests, and Node does not count them
 * as idle, so that each would hold the service for the whole grace.
 */
function closeUnused(sockets: Iterable<Socket>): void {
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
}
