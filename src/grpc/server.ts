/** The server of gRPC over HTTP/2: methods in, limits around them, one way out for answers and failures. Knows the wire; no resource. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import type { WatchContext } from '../engine/index.ts'
import { PlinthError, toPlinthError } from '../kernel/index.ts'
import { type ArriveCall, type ArrivedCall, pathOf } from './admit-call.ts'
import type { CallMetadata, GrpcCall, RunStream, RunUnary } from './call.ts'
import type { GrpcMethod } from './describe/describe-grpc.ts'
import { type DescribeFailure, writeStatus } from './errors.ts'
import * as limits from './limits.ts'

export interface ServerTls {
  /** PEM: the certificate and those between it and the root. */
  readonly certificate: Buffer
  /** PEM. */
  readonly key: Buffer
}

export interface GrpcServerOptions {
  readonly describeFailure: DescribeFailure
  /** Default: no TLS; HTTP/2 in clear. */
  readonly tls?: ServerTls | undefined
}

/** nginx's word for a client that went away before its answer. */
const CLIENT_GONE_STATUS = 499
/** Clients try again elsewhere when they are told `UNAVAILABLE`. */
const STOPPING = 'The service stops: go on elsewhere, behind the last change'
const GRACE_MS = 10_000
const DETAILS = 'grpc-status-details-bin'

/**
 * The server behind `GRPC_PORT`. Nothing listens until `listen`.
 *
 * @example
 * const server = new GrpcServer({ describeFailure: failureDescriber({ domain: 'blog', docsUrl }) })
 * server.unary(method, arrivals(method, scope), run)
 * const address = await server.listen('127.0.0.1', 0)
 */
export class GrpcServer {
  readonly #server: Server
  readonly #options: GrpcServerOptions
  readonly #listener = createServer({ noDelay: true })
  /** Aborts all streams when the server drains. */
  readonly #draining = new AbortController()

  constructor(options: GrpcServerOptions) {
    this.#options = options
    this.#server = new Server({
      'grpc.max_receive_message_length': limits.MESSAGE_BYTES_MAX,
      'grpc.max_concurrent_streams': limits.STREAMS_MAX,
      'grpc.max_connection_age_ms': limits.CONNECTION_AGE_MS,
      'grpc.max_connection_age_grace_ms': limits.CONNECTION_AGE_GRACE_MS,
      'grpc.max_connection_idle_ms': limits.CONNECTION_IDLE_MS,
      'grpc.keepalive_time_ms': limits.KEEP_ALIVE_MS,
      'grpc.keepalive_timeout_ms': limits.KEEP_ALIVE_TIMEOUT_MS,
      'grpc-node.max_session_memory': limits.SESSION_MEMORY_MB,
      'grpc.enable_channelz': 0,
    })
  }

  /** Aborted when the server begins to stop. */
  get draining(): AbortSignal {
    return this.#draining.signal
  }

  /** Registers foreign services: health, reflection. */
  addService(...service: Parameters<Server['addService']>): void {
    this.#server.addService(...service)
  }

  unary(method: GrpcMethod, arrive: ArriveCall, run: RunUnary): void {
    const handle = (wire: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
      void this.#serve(method, arrive, wire, async (arrived, call) => {
        const { message, metadata } = await run(call, wire.request)
        const trailers = new Metadata()
        addAll(trailers, arrived, metadata)
        answer(null, asBuffer(message), trailers)
      }).then((failure) => {
        if (failure !== undefined) answer(failure)
      })
    }
    this.#server.register(pathOf(method), handle, asBuffer, asBuffer, 'unary')
  }

  stream(method: GrpcMethod, arrive: ArriveCall, run: RunStream): void {
    const handle = (wire: ServerWritableStream<Buffer, Buffer>): void => {
      void this.#serve(method, arrive, wire, async (arrived, call) => {
        arrived.opened.release()
        const signal = AbortSignal.any([call.signal, this.#draining.signal])
        const answer = run({ ...call, signal }, wire.request)
        await answer.ready
        const headers = new Metadata()
        addAll(headers, arrived, [])
        wire.sendMetadata(headers)
        for await (const message of answer) {
          // The caller reads at its own pace: the next one is asked for when this one has left.
          if (!wire.write(asBuffer(message))) await once(wire, 'drain', { signal })
        }
        if (this.#draining.signal.aborted) throw new PlinthError('RATE_LIMIT_OVERLOADED', STOPPING)
        wire.end()
      }).then((failure) => {
        if (failure !== undefined) wire.emit('error', failure)
      })
    }
    this.#server.register(pathOf(method), handle, asBuffer, asBuffer, 'serverStream')
  }

  /**
   * Starts to accept connections. `port` 0 takes a free one.
   *
   * @returns the address as clients name it: `127.0.0.1:50051`
   */
  async listen(host: string, port: number): Promise<string> {
    const { tls } = this.#options
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [{ cert_chain: tls.certificate, private_key: tls.key }])
    // The library's own listener has no bound on connections, and does not say which port was taken by another.
    const injector = this.#server.createConnectionInjector(credentials)
    this.#listener.on('connection', (socket: Socket) => {
      // A session forwards the errors of its socket to nobody while it is being made.
      socket.on('error', () => socket.destroy())
      injector.injectConnection(socket)
    })
    this.#listener.maxConnections = limits.CONNECTIONS_MAX
    this.#listener.listen(port, host)
    await once(this.#listener, 'listening')
    const bound = (this.#listener.address() as AddressInfo).port
    return `${host.includes(':') ? `[${host}]` : host}:${bound}`
  }

  /** Ends the streams, finishes the calls under way, refuses new ones. What is left after `graceMs` is cut off. */
  async stop({ graceMs = GRACE_MS }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#draining.abort()
    this.#listener.close()
    const closed = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()))
    const timer = setTimeout(() => this.#server.forceShutdown(), graceMs)
    await closed
    clearTimeout(timer)
  }

  /** @returns what a call that failed is answered with */
  async #serve(
    method: GrpcMethod,
    arrive: ArriveCall,
    wire: ServerUnaryCall<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>,
    work: (arrived: ArrivedCall, call: GrpcCall) => Promise<void>,
  ): Promise<Partial<StatusObject> | undefined> {
    const metadata = readMetadata(wire.metadata)
    const arrived = arrive(metadata, { remoteAddress: addressOf(wire.getPeer()) })
    const { opened } = arrived
    const abort = new AbortController()
    // At the deadline too; and behind every answer, when it has no effect.
    wire.on('cancelled', () => abort.abort())
    // It may have gone while the handler was on its way.
    if (wire.cancelled) abort.abort()
    try {
      const context: WatchContext = await arrived.admit()
      // What nobody waits for any more is not begun.
      abort.signal.throwIfAborted()
      await work(arrived, { method, context, metadata, signal: abort.signal })
      opened.end(abort.signal.aborted ? CLIENT_GONE_STATUS : 200)
      return undefined
    } catch (thrown) {
      if (abort.signal.aborted) {
        opened.end(CLIENT_GONE_STATUS)
        return { code: status.CANCELLED }
      }
      const error = toPlinthError(thrown)
      opened.end(error.status, error)
      const failure = this.#options.describeFailure(error, method, opened.requestId)
      const trailers = new Metadata()
      addAll(trailers, arrived, [])
      trailers.set(DETAILS, Buffer.from(writeStatus(failure)))
      return { code: failure.number, details: failure.message, metadata: trailers }
    }
  }
}

function addAll(target: Metadata, { opened }: ArrivedCall, own: readonly (readonly [name: string, value: string])[]): void {
  target.set('x-request-id', opened.requestId)
  const lines = opened.limitHeaders
  for (let at = 0; at < lines.length; at += 2) target.set(lines[at] ?? '', lines[at + 1] ?? '')
  for (const [name, value] of own) target.add(name, value)
}

function readMetadata(metadata: Metadata): CallMetadata {
  return { all: (name) => metadata.get(name).filter((value) => typeof value === 'string') }
}

/** `127.0.0.1:5432`, `::1:5432`. */
function addressOf(peer: string): string {
  const colon = peer.lastIndexOf(':')
  return colon < 0 ? peer : peer.slice(0, colon)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
