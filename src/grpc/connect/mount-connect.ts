/**
 * Puts the methods of a domain on the HTTP server, as Connect and gRPC-Web have them: for browsers, and for curl.
 *
 * A call is a request like others: the server admits, counts and logs it. Its handler is that of the port of gRPC.
 */
import type { Engine, WatchContext } from '../../engine/index.ts'
import { type HttpReply, type HttpRequest, type HttpServer, headerBlock, type RenderFailure, Waiter } from '../../http/index.ts'
import { type Clock, PlinthError } from '../../kernel/index.ts'
import { pathOf } from '../admit-call.ts'
import type { CallMetadata, GrpcCall, RunStream, RunUnary } from '../call.ts'
import type { GrpcDescription, GrpcMethod } from '../describe/describe-grpc.ts'
import type { DescribeFailure } from '../errors.ts'
import { handlerOf } from '../handle.ts'
import { readSpeech } from './content-types.ts'
import { type Dialect, deadlinePassed, dialectsOf, readDeadlineMs } from './dialect.ts'
import { connectFailure, connectStatus } from './failure-json.ts'
import { BODY_BYTES_MAX, readMessage } from './read-message.ts'
import { writeEnd, writeMessage, writeWhole } from './write-message.ts'

export interface MountConnectOptions {
  readonly description: GrpcDescription
  readonly engine: Engine
  readonly server: HttpServer
  /** The wall clock that policies read. */
  readonly clock: Pick<Clock, 'now'>
  readonly describeFailure: DescribeFailure
}

/** What all calls of one method share. */
interface Served extends Pick<MountConnectOptions, 'server' | 'clock' | 'describeFailure'> {
  readonly method: GrpcMethod
  readonly dialects: readonly Dialect[]
}

const SURFACE = 'connect'
const JSON_HEAD = headerBlock({ 'content-type': 'application/json' })
const STOPPING = 'The service stops; the stream can go on elsewhere behind the last message'

/**
 * Adds a path for each method, such as `POST /post.v1.PostService/GetPost`, to a server that does not listen yet.
 *
 * @example mountConnect({ description: describeGrpc(domain, lock), engine, server, clock, describeFailure: failureDescriber(names) })
 */
export function mountConnect({ description, engine, ...scope }: MountConnectOptions): void {
  const { server, describeFailure } = scope
  for (const method of description.methods) {
    const handler = handlerOf(method, engine)
    // Who answers before the question is over needs HTTP/2.
    if (handler.kind === 'exchange') continue
    const dialects = dialectsOf(method.descMethod, handler.kind)
    const served = { ...scope, method, dialects }
    const isRead = method.kind === 'get' || method.kind === 'list' || method.kind === 'watch'
    server.route({
      method: 'POST',
      path: pathOf(method),
      operation: method.operation,
      surface: SURFACE,
      limit: isRead ? 'read' : 'write',
      body: 'packed',
      bodyBytesMax: BODY_BYTES_MAX,
      renderFailure: failureRenderer(describeFailure, dialects, method),
      handle: (request, reply) =>
        handler.kind === 'unary'
          ? answerOne(served, handler.run, request, reply)
          : answerMany(served, handler.run, request, reply),
    })
  }
  const services = new Set(description.methods.map(({ descMethod }) => descMethod.parent.typeName))
  for (const service of services) {
    server.route({
      method: 'POST',
      path: `/${service}/*`,
      operation: 'http.unknown',
      surface: 'http',
      limit: 'read',
      isPublic: true,
      body: 'none',
      renderFailure: failureRenderer(describeFailure, [], undefined),
      handle() {
        throw new PlinthError('NOT_FOUND_ROUTE', `Cannot find the method: ${service} has none of this name`)
      },
    })
  }
}

async function answerOne(served: Served, run: RunUnary, request: HttpRequest, reply: HttpReply): Promise<void> {
  const dialect = dialectOf(served, request)
  const deadline = new Deadline(readDeadlineMs(dialect, request))
  const waiter = new Waiter(() => deadline.signal.aborted || request.isGone)
  try {
    const bytes = await readMessage(dialect, request)
    const { message, metadata } = await deadline.before(() => run(callOf(served, request, deadline.signal, waiter), bytes))
    reply.send(200, dialect.head, writeWhole(dialect, message), metadata.flat())
    waiter.release()
  } finally {
    deadline.clear()
  }
}

async function answerMany(served: Served, run: RunStream, request: HttpRequest, reply: HttpReply): Promise<void> {
  const dialect = dialectOf(served, request)
  const deadline = new Deadline(readDeadlineMs(dialect, request))
  const waiter = new Waiter(() => deadline.signal.aborted || request.isGone)
  const stop = new AbortController()
  try {
    const bytes = await readMessage(dialect, request)
    const signal = AbortSignal.any([request.signal, deadline.signal, stop.signal])
    const answer = await deadline.before(async () => {
      const made = run(callOf(served, request, signal, waiter), bytes)
      await made.ready
      return made
    })
    const stream = reply.openStream(dialect.answerType)
    if (stream.stopping.aborted) stop.abort()
    stream.stopping.addEventListener('abort', () => stop.abort())
    try {
      for await (const message of answer) await stream.send(writeMessage(dialect, message))
      if (stop.signal.aborted) throw new PlinthError('RATE_LIMIT_OVERLOADED', STOPPING)
      deadline.expectTime()
      stream.end(writeEnd(dialect))
      waiter.release()
    } catch (thrown) {
      if (stream.signal.aborted) return
      const error = reply.note(deadline.signal.aborted ? deadlinePassed() : thrown)
      stream.end(writeEnd(dialect, served.describeFailure(error, served.method, request.requestId)))
    }
  } finally {
    // What was begun for a stream that may not be opened ends too.
    stop.abort()
    deadline.clear()
  }
}

function dialectOf({ dialects }: Served, request: HttpRequest): Dialect {
  const dialect = readSpeech(dialects, request.header('content-type'))
  if (dialect !== undefined) return dialect
  const known = dialects.map(({ answerType }) => answerType).join(', ')
  throw new PlinthError('VALIDATION_CONTENT_TYPE', `Cannot read the body: expected Content-Type to be one of ${known}`)
}

function callOf({ server, clock }: Served, request: HttpRequest, signal: AbortSignal, waiter: Waiter): GrpcCall {
  const { actor, address, requestId } = request
  const context: WatchContext = {
    actor,
    address,
    requestId,
    nowMs: clock.now(),
    caller: waiter,
    // An async function, so that what it throws at once rejects.
    renew: async () => server.authenticate(request.header('authorization')),
  }
  const metadata: CallMetadata = {
    all(name) {
      const value = request.header(name)
      return value === undefined ? [] : [value]
    },
  }
  return { context, metadata, signal }
}

/** How the callers of a method are told what went wrong before anything of their answer was out: each in the way it speaks. */
function failureRenderer(
  describeFailure: DescribeFailure,
  dialects: readonly Dialect[],
  method: GrpcMethod | undefined,
): RenderFailure {
  return (error, requestId, request) => {
    const failure = describeFailure(error, method, requestId)
    const dialect = readSpeech(dialects, request.header('content-type'))
    if (dialect === undefined || dialect.protocol === 'connect')
      return { status: connectStatus(error), headers: JSON_HEAD, body: JSON.stringify(connectFailure(failure)) }
    return { status: 200, headers: dialect.head, body: writeEnd(dialect, failure) }
  }
}

/** How long the caller of one call waits. */
class Deadline {
  readonly #abort = new AbortController()
  readonly #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number | undefined) {
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.#abort.abort(), timeoutMs)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Runs `work`; what it gives behind the deadline is for nobody. @throws `VALIDATION_REQUEST_TIMEOUT` */
  async before<T>(work: () => Promise<T>): Promise<T> {
    if (this.#timer === undefined) return work()
    this.expectTime()
    const passed = Promise.withResolvers<never>()
    const fail = (): void => passed.reject(deadlinePassed())
    this.signal.addEventListener('abort', fail)
    try {
      return await Promise.race([work(), passed.promise])
    } finally {
      this.signal.removeEventListener('abort', fail)
    }
  }

  /** @throws `VALIDATION_REQUEST_TIMEOUT` */
  expectTime(): void {
    if (this.signal.aborted) throw deadlinePassed()
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}
