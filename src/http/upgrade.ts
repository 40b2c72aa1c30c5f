/**
 * Web sockets over the port of the HTTP server: which requests become one, how many there may be, and that each comes to an end.
 *
 * A browser lets any page open a socket to any host, and sends no preflight before (cross-site web socket hijacking); so a page must be of
 * this origin, or of one that CORS allows. A caller without `Origin` is no page. @see https://www.rfc-editor.org/rfc/rfc6455#section-10.2
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { PlinthError, toPlinthError } from '../kernel/index.ts'
import { type AccessLog, type Logger, type OperationHandle, type OperationMetrics, readTraceContext } from '../observe/index.ts'
import { renderRawAnswer } from './client-error.ts'
import type { ServerState } from './route.ts'
import { checkHead } from './run.ts'
import * as limits from './socket-limits.ts'
import { WebSocketChannel } from './web-socket.ts'

/** One path on which clients open web sockets. */
export interface UpgradeRoute {
  readonly path: string
  /** The label in metrics and log: `graphql.socket`. */
  readonly operation: string
  readonly surface: string
  /** Sub-protocols, the best first; a client must offer one of them. */
  readonly protocols: readonly string[]
  /** Called when the socket is open; it must not throw. */
  readonly handle: (channel: WebSocketChannel) => void
}

export interface UpgradesOptions {
  readonly logger: Logger
  readonly metrics: OperationMetrics
  readonly publicOrigin?: string | undefined
  readonly corsOrigins?: readonly string[] | undefined
  /** Between two pings; a socket that does not answer until the next is cut off. Default 25 s. */
  readonly socketKeepAliveMs?: number
  /** Default 200. */
  readonly socketsPerAddressMax?: number
}

/** @see https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const GOING_AWAY = 1001
const SWITCHING_PROTOCOLS = 101

interface PreparedRoute extends UpgradeRoute {
  readonly sockets: WebSocketServer
  readonly metrics: OperationHandle
  readonly accessLog: AccessLog
}

interface Open {
  readonly channel: WebSocketChannel
  readonly socket: WebSocket
  isAlive: boolean
}

export class Upgrades {
  readonly #state: ServerState
  readonly #options: UpgradesOptions
  readonly #routes = new Map<string, PreparedRoute>()
  readonly #open = new Set<Open>()
  readonly #perAddress = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(state: ServerState, options: UpgradesOptions) {
    this.#state = state
    this.#options = options
  }

  /** Sockets that are open. */
  get count(): number {
    return this.#open.size
  }

  add(route: UpgradeRoute): void {
    const { path, operation, surface, protocols } = route
    if (this.#routes.has(path)) throw new TypeError(`Cannot add a web socket at ${path}: there is one already`)
    const sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: limits.MESSAGE_BYTES_MAX,
      maxFragments: limits.FRAGMENTS_MAX,
      // Compression of answers beside what a caller chose tells the answers by their length, and costs memory for each socket.
      perMessageDeflate: false,
      handleProtocols: (offered) => protocols.find((one) => offered.has(one)) ?? false,
    })
    sockets.on('wsClientError', (error, socket, raw) => {
      this.#refuse(raw, socket, new PlinthError('VALIDATION_FAILED', `Cannot open a web socket: ${error.message}`))
    })
    this.#routes.set(path, {
      ...route,
      sockets,
      metrics: this.#options.metrics.operation(operation, surface),
      accessLog: this.#options.logger.accessLog({ operation, surface, method: 'GET', path }),
    })
  }

  /** Whether this request asks for a web socket that there is. All others are answered as if they did not ask. */
  wants(raw: IncomingMessage): boolean {
    return raw.method === 'GET' && raw.headers.upgrade?.toLowerCase() === 'websocket' && this.#routes.has(pathOf(raw))
  }

  attach(server: Server): void {
    server.on('upgrade', (raw: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy())
      this.#upgrade(raw, socket, head).catch((error: unknown) => this.#refuse(raw, socket, error))
    })
    const everyMs = this.#options.socketKeepAliveMs ?? limits.KEEP_ALIVE_MS
    this.#timer = setInterval(() => this.#ping(), everyMs).unref()
  }

  /** Tells all that the service stops. */
  drain(): void {
    clearInterval(this.#timer)
    for (const { channel } of this.#open) channel.close(GOING_AWAY, 'The service stops')
  }

  /** Cuts off what is left. */
  terminate(): void {
    for (const { socket } of this.#open) socket.terminate()
  }

  async #upgrade(raw: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const route = this.#routes.get(pathOf(raw))
    if (route === undefined) throw new PlinthError('NOT_FOUND_ROUTE')
    checkHead(raw)
    if (this.#state.isDraining) throw new PlinthError('RATE_LIMIT_OVERLOADED')
    this.#checkOrigin(raw)
    this.#checkProtocol(raw, route)
    const { address, key } = this.#state.readCaller(raw)
    const budget = this.#state.budgets.get('read')?.address
    const outcome = await budget?.take(key, performance.now())
    if (budget !== undefined && outcome?.isAllowed === false) throw budget.exceeded(outcome)
    if ((this.#perAddress.get(key) ?? 0) >= (this.#options.socketsPerAddressMax ?? limits.SOCKETS_PER_ADDRESS_MAX))
      throw new PlinthError('RATE_LIMIT_EXCEEDED', 'Too many web sockets from this address')
    const requestId = this.#state.readRequestId(raw.headers['x-request-id'] as string | undefined)
    const traceparent = raw.headers['traceparent'] as string | undefined
    const trace = readTraceContext(traceparent, raw.headers['tracestate'] as string | undefined)
    const onFault = (error: unknown): void =>
      this.#options.logger.error('A web socket failed', { request_id: requestId, operation: route.operation, error }, { trace })
    const facts = { address, requestId, trace, onFault }
    // It calls back at once, or not at all: between the look at the count and the counting nothing else happens.
    route.sockets.handleUpgrade(raw, socket, head, (opened) =>
      this.#run(route, key, new WebSocketChannel(opened, raw, facts), opened),
    )
  }

  #run(route: PreparedRoute, key: string, channel: WebSocketChannel, socket: WebSocket): void {
    const openedAtMs = performance.now()
    const open: Open = { channel, socket, isAlive: true }
    this.#open.add(open)
    this.#perAddress.set(key, (this.#perAddress.get(key) ?? 0) + 1)
    socket.on('pong', () => {
      open.isAlive = true
    })
    socket.on('close', () => {
      this.#open.delete(open)
      const left = (this.#perAddress.get(key) ?? 1) - 1
      if (left > 0) this.#perAddress.set(key, left)
      else this.#perAddress.delete(key)
      const durationMs = performance.now() - openedAtMs
      const { requestId, trace, subject, errorCode } = channel
      route.metrics.record(SWITCHING_PROTOCOLS, durationMs, errorCode)
      const userId = subject === null ? null : this.#state.hashUserId({ subject })
      route.accessLog(SWITCHING_PROTOCOLS, durationMs, requestId, trace, userId, errorCode)
    })
    route.handle(channel)
  }

  #checkOrigin({ headers }: IncomingMessage): void {
    const { origin, host } = headers
    const { publicOrigin, corsOrigins = [] } = this.#options
    if (origin === undefined || corsOrigins.includes(origin)) return
    // Without a public origin the service is being developed, and is reached under whatever name it has.
    const isOwn = publicOrigin === undefined ? hostOf(origin) === host : origin === publicOrigin.replace(/\/$/, '')
    if (!isOwn) throw new PlinthError('AUTH_CROSS_SITE')
  }

  #checkProtocol({ headers }: IncomingMessage, { protocols }: UpgradeRoute): void {
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    if (!protocols.some((name) => offered.includes(name)))
      throw new PlinthError('VALIDATION_FAILED', `Cannot open a web socket: expected the protocol ${protocols.join(' or ')}`)
  }

  #refuse(raw: IncomingMessage, socket: Duplex, thrown: unknown): void {
    const error = toPlinthError(thrown)
    const requestId = this.#state.readRequestId(raw.headers['x-request-id'] as string | undefined)
    const fields = { request_id: requestId, status: error.status, error_code: error.code }
    if (error.code === 'INTERNAL_ERROR') this.#options.logger.error('A web socket failed', { ...fields, error })
    else this.#options.logger.info('Refused a web socket', fields)
    if (!socket.writable) socket.destroy()
    else socket.end(renderRawAnswer(error, requestId, this.#state.docsUrl), () => socket.destroy())
  }

  #ping(): void {
    for (const open of this.#open) {
      if (!open.isAlive) {
        open.socket.terminate()
        continue
      }
      open.isAlive = false
      open.socket.ping()
    }
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const at = url.indexOf('?')
  return at < 0 ? url : url.slice(0, at)
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
