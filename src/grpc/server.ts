/** The server of gRPC over HTTP/2: methods by path, one way in for calls, one way out for answers and failures. Knows no resource. */
import { once } from 'node:events'
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { payWhenPossible } from '../http/index.ts'
import { PlinthError, toPlinthError } from '../kernel/index.ts'
import type { ArriveCall, ArrivedCall } from './admit-call.ts'
import type { GrpcCall, MethodHandler, StreamAnswer } from './call.ts'
import type { GrpcMethod } from './describe/describe-grpc.ts'
import type { DescribeFailure } from './errors.ts'
import * as limits from './limits.ts'
import { refuseRequest } from './wire/call-head.ts'
import { CallStream } from './wire/call-stream.ts'
import { Connections } from './wire/connections.ts'
import { answerLines, failureLines } from './wire/status-lines.ts'

/** A message of an exchange costs what a call does, beside the call itself. */
const MESSAGE_COST = 1

export interface ServerTls {
  /** PEM: the certificate and those between it and the root. */
  readonly certificate: Buffer
  /** PEM. */
  readonly key: Buffer
}

export interface GrpcServerOptions {
  readonly describeFailure: DescribeFailure
  /** Lets in what calls a method that there is not, so that it is counted and logged too. */
  readonly arriveUnknown: ArriveCall
  /** Default: no TLS; HTTP/2 in clear. */
  readonly tls?: ServerTls | undefined
  /** How long the message of a call may take to come; default 30 s. */
  readonly messageTimeoutMs?: number
}

/** What answers at a path. */
export interface ServedMethod {
  /** Whose request the fields of failures are paths of; none for a method that no resource has. */
  readonly method?: GrpcMethod | undefined
  readonly arrive: ArriveCall
  readonly handler: MethodHandler
}

/** nginx's word for a client that went away before its answer. */
const CLIENT_GONE_STATUS = 499
/** Clients try again elsewhere when they are told `UNAVAILABLE`. */
const STOPPING = 'The service stops: go on elsewhere, behind the last change'
const GRACE_MS = 10_000
const NO_LINES = Object.freeze([])

/**
 * The server behind `GRPC_PORT`. Nothing listens until `listen`.
 *
 * @example
 * const server = new GrpcServer({ describeFailure: failureDescriber({ domain: 'blog', docsUrl }), arriveUnknown })
 * server.serve('/post.v1.PostService/GetPost', { method, arrive: arrivals(method, scope), handler: handlerOf(method, engine) })
 * const address = await server.listen('127.0.0.1', 0)
 */
export class GrpcServer {
  readonly #server: Http2Server
  readonly #connections: Connections
  readonly #options: GrpcServerOptions
  readonly #methods = new Map<string, ServedMethod>()
  /** Calls whose message has not come, with the time when they began. */
  readonly #waiting = new Map<CallStream, number>()
  readonly #timer: NodeJS.Timeout
  /** Aborts all streams when the server drains. */
  readonly #draining = new AbortController()

  constructor(options: GrpcServerOptions) {
    this.#options = options
    this.#server = createHttp2Server(options.tls)
    this.#server.maxConnections = limits.CONNECTIONS_MAX
    this.#connections = new Connections(this.#server)
    this.#server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, lines: string[]) =>
      this.#accept(stream, headers, lines),
    )
    this.#timer = setInterval(() => this.#look(performance.now()), limits.LOOK_EVERY_MS).unref()
  }

  /** Aborted when the server begins to stop. */
  get draining(): AbortSignal {
    return this.#draining.signal
  }

  /** @param path `/post.v1.PostService/GetPost` */
  serve(path: string, served: ServedMethod): void {
    this.#methods.set(path, served)
  }

  /**
   * Starts to accept connections. `port` 0 takes a free one.
   *
   * @returns the address as clients name it: `127.0.0.1:50051`
   */
  async listen(host: string, port: number): Promise<string> {
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
    const bound = (this.#server.address() as AddressInfo).port
    return `${host.includes(':') ? `[${host}]` : host}:${bound}`
  }

  /** Ends the streams, finishes the calls under way, refuses new ones. What is left after `graceMs` is cut off. */
  async stop({ graceMs = GRACE_MS }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#draining.abort(new PlinthError('RATE_LIMIT_OVERLOADED', STOPPING))
    clearInterval(this.#timer)
    this.#server.close()
    await this.#connections.close(graceMs)
  }

  #accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, lines: readonly string[]): void {
    const remoteAddress = this.#connections.countCall(stream)
    const wire = new CallStream(stream, lines)
    const refused = refuseRequest(headers)
    if (refused !== undefined) {
      const code = refused === 405 ? 'VALIDATION_METHOD_NOT_ALLOWED' : 'VALIDATION_CONTENT_TYPE'
      this.#options.arriveUnknown(wire.metadata, { remoteAddress }).opened.end(refused, new PlinthError(code))
      wire.refuse(refused)
      return
    }
    const served = this.#methods.get(headers[':path'] ?? '')
    if (served === undefined) void this.#refuseUnknown(wire, remoteAddress)
    else void this.#serve(served, wire, remoteAddress)
  }

  async #refuseUnknown(wire: CallStream, remoteAddress: string): Promise<void> {
    const arrived = this.#options.arriveUnknown(wire.metadata, { remoteAddress })
    try {
      await arrived.admit()
      this.#fail(wire, arrived, undefined, new PlinthError('NOT_FOUND_ROUTE', 'There is no such method'))
    } catch (thrown) {
      this.#fail(wire, arrived, undefined, thrown)
    }
  }

  async #serve({ method, arrive, handler }: ServedMethod, wire: CallStream, remoteAddress: string): Promise<void> {
    let request: Buffer | undefined
    let unread: unknown
    try {
      wire.readHead()
      if (handler.kind !== 'exchange') request = await this.#readOne(wire)
    } catch (thrown) {
      unread = thrown
    }
    const arrived = arrive(wire.metadata, { remoteAddress })
    try {
      const context = await arrived.admit(wire.waiter)
      if (unread !== undefined) throw unread
      // What nobody waits for any more is not begun.
      if (wire.abandoned !== undefined) throw new PlinthError('VALIDATION_REQUEST_TIMEOUT')
      if (handler.kind === 'unary') {
        const { message, metadata } = await handler.run(new Call(context, wire), request as Buffer)
        if (wire.abandoned === undefined) wire.answer(message, answerLines(arrived.opened, metadata))
      } else {
        const signal = AbortSignal.any([wire.signal, this.#draining.signal])
        const live: GrpcCall = { context, metadata: wire.metadata, signal }
        const answer =
          handler.kind === 'stream'
            ? handler.run(live, request as Buffer)
            : handler.run({ ...live, pay: () => this.#pay(arrived, live) }, this.#readAll(wire, signal))
        await this.#stream(answer, wire, arrived, signal)
      }
      if (wire.abandoned !== undefined) throw new PlinthError('VALIDATION_REQUEST_TIMEOUT')
      arrived.opened.end(200)
    } catch (thrown) {
      this.#fail(wire, arrived, method, thrown)
    }
  }

  async #stream(answer: StreamAnswer, wire: CallStream, { opened }: ArrivedCall, signal: AbortSignal): Promise<void> {
    opened.release()
    await answer.ready
    wire.open(answerLines(opened, NO_LINES))
    for await (const message of answer) {
      // The caller reads at its own pace: the next one is asked for when this one has left.
      await wire.send(message, signal)
      if (signal.aborted) break
    }
    if (this.#draining.signal.aborted) throw new PlinthError('RATE_LIMIT_OVERLOADED', STOPPING)
    if (wire.abandoned === undefined) wire.end()
  }

  async #readOne(wire: CallStream): Promise<Buffer> {
    this.#waiting.set(wire, performance.now())
    try {
      return await wire.readOne()
    } finally {
      this.#waiting.delete(wire)
    }
  }

  /** The first message is waited for as long as the only one of others; those behind it as long as the caller stays. */
  async *#readAll(wire: CallStream, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    this.#waiting.set(wire, performance.now())
    try {
      for await (const message of wire.readAll(signal)) {
        this.#waiting.delete(wire)
        yield message
      }
    } finally {
      this.#waiting.delete(wire)
    }
  }

  #pay({ opened }: ArrivedCall, { context, signal }: GrpcCall): Promise<void> {
    return payWhenPossible(() => opened.charge(1 + MESSAGE_COST), context, signal)
  }

  #look(nowMs: number): void {
    for (const [wire, beganAtMs] of this.#waiting) {
      // They stand in the order in which they began.
      if (nowMs - beganAtMs < (this.#options.messageTimeoutMs ?? limits.MESSAGE_TIMEOUT_MS)) return
      wire.stopReading(new PlinthError('VALIDATION_REQUEST_TIMEOUT'))
    }
  }

  #fail(wire: CallStream, { opened }: ArrivedCall, method: GrpcMethod | undefined, thrown: unknown): void {
    const { abandoned } = wire
    const error =
      abandoned === undefined
        ? toPlinthError(thrown)
        : new PlinthError('VALIDATION_REQUEST_TIMEOUT', 'The deadline of the call has passed')
    if (abandoned === undefined) opened.end(error.status, error)
    else opened.end(CLIENT_GONE_STATUS)
    if (abandoned === 'gone') return
    const failure = this.#options.describeFailure(error, method, opened.requestId)
    wire.fail({ ...answerLines(opened, NO_LINES), ...failureLines(failure) })
  }
}

/** What a handler is given; its signal is made when it is asked for. */
class Call implements GrpcCall {
  readonly context: GrpcCall['context']
  readonly #wire: CallStream

  constructor(context: GrpcCall['context'], wire: CallStream) {
    this.context = context
    this.#wire = wire
  }

  get metadata(): GrpcCall['metadata'] {
    return this.#wire.metadata
  }

  get signal(): AbortSignal {
    return this.#wire.signal
  }
}

function createHttp2Server(tls: ServerTls | undefined): Http2Server {
  const options: ServerOptions = {
    settings: { maxConcurrentStreams: limits.STREAMS_MAX, maxHeaderListSize: limits.HEAD_BYTES_MAX, enablePush: false },
    maxHeaderListPairs: limits.HEAD_LINES_MAX,
    maxSessionMemory: limits.SESSION_MEMORY_MB,
  }
  if (tls === undefined) return createServer(options)
  const { certificate: cert, key } = tls
  return createSecureServer({ ...options, cert, key, allowHTTP1: false, handshakeTimeout: limits.HANDSHAKE_TIMEOUT_MS })
}
