/** What a handler sees of an exchange: the request that it may read, and the reply by which it answers. */
import type { PlinthError } from '../kernel/index.ts'
import type { Actor } from '../model/index.ts'
import type { TraceContext } from '../observe/index.ts'
import type { AnswerStream } from './answer-stream.ts'
import type { Cookies } from './cookies.ts'
import type { EventStream } from './event-stream.ts'
import type { HeaderBlock } from './header-block.ts'
import type { JsonObject } from './json.ts'
import type { Query } from './query.ts'
import type { TakenOver } from './take-over.ts'
import type { Waiter } from './waiter.ts'

/** What a handler may read. */
export interface HttpRequest {
  readonly method: string
  /** Path and query as they came. */
  readonly url: string
  /** The URL without its query. */
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  /** Each parameter once, decoded. Reading it throws `VALIDATION_FAILED` for a broken query. */
  readonly query: Query
  /** By name; one that comes twice is absent. Read when first asked for. */
  readonly cookies: Cookies
  /** The strictly read body; an empty object where the route takes none. A form is flat, and all text. */
  readonly body: JsonObject
  /** The body as it came, on a route with `body: 'bytes'` or `'packed'`; else empty. */
  readonly bytes: Buffer
  readonly requestId: string
  readonly trace: TraceContext
  /** Who asks, as `authenticate` said; `NOBODY` on public routes. */
  readonly actor: Actor
  /** The address of the peer on the socket; behind a trusted proxy, the one that it forwards for. */
  readonly address: string
  /** Milliseconds of the monotonic clock (`performance.now()`). */
  readonly startedAtMs: number
  /** When the caller no longer wants the answer, on the same clock. */
  readonly deadlineAtMs: number
  /** Aborted when the client goes away. Made when first read. */
  readonly signal: AbortSignal
  /** Whether the caller has hung up before they had their answer. */
  readonly isGone: boolean
  /** The same, for work that may outlive the request. */
  readonly waiter: Waiter
  /** A header by its lower-case name. */
  header(name: string): string | undefined
}

/** How a handler answers: exactly once. */
export interface HttpReply {
  /** True when the answer is written, or was taken over. */
  readonly isSent: boolean
  /**
   * Sends a prepared answer.
   *
   * @param headers a block made at start by `headerBlock`
   * @param body as it goes over the wire; left out for 204 and 304
   * @param extra names and values in turn that only this answer has: `['etag', '"1"']`
   */
  send(status: number, headers: HeaderBlock, body?: string | Uint8Array, extra?: readonly string[]): void
  /**
   * Hands both sides of the request to code that writes the answer itself: a mounted library, a stream of events.
   *
   * `x-request-id`, the security headers, `cache-control: no-store`, `vary` and CORS are set on the response; that code may replace each of
   * them. The request counts as under way, and is counted and logged, until the response closes. What the handler throws afterwards is
   * answered as every failure of the route while no header has gone out; later it cuts the connection.
   *
   * A route with `body: 'raw'` leaves the body unread, and cuts off what is longer than `bodyBytesMax`.
   *
   * @throws `INTERNAL_ERROR` when the request has its answer already
   * @example
   * server.route({
   *   method: 'POST',
   *   path: '/oauth/token',
   *   operation: 'oauth.token',
   *   body: 'raw',
   *   isPublic: true,
   *   handle(_: HttpRequest, reply: HttpReply) {
   *     const { request, response } = reply.takeOver()
   *     return provider.callback()(request, response)
   *   },
   * })
   */
  takeOver(): TakenOver
  /**
   * Answers 200 with a stream of events, which goes on until it is ended, the client goes away, or the service stops. It does not count as a
   * request under way.
   *
   * @throws `RATE_LIMIT_EXCEEDED` where its address has as many as it may; `INTERNAL_ERROR` when the request has its answer already
   */
  openEvents(): EventStream
  /**
   * Answers 200 with bytes that go on until they are ended, the client goes away, or the service stops, which `stopping` tells in time for a
   * last word. It does not count as a request under way. A failure that is told in the stream is kept by `note`.
   *
   * @throws `RATE_LIMIT_EXCEEDED` where its address has as many as it may; `INTERNAL_ERROR` when the request has its answer already
   */
  openStream(contentType: string): AnswerStream
  /**
   * Says which of the route's `variants` the request turned out to be, once its body was read: it is counted, logged and limited as that.
   *
   * @throws `RATE_LIMIT_EXCEEDED` where the variant has a limit of its own and that is used up
   */
  turnInto(operation: string): Promise<void>
  /**
   * Takes what the request costs beyond the one that was taken when it was let in, or turned into what it is; as often as it goes on to cost.
   *
   * @param cost in requests, that one included; what is more than a whole budget costs that
   * @throws `RATE_LIMIT_EXCEEDED`, with the time after which the same request would pass
   */
  charge(cost: number): Promise<void>
  /**
   * Keeps a failure that the answer tells in its own way, beside what succeeded: log and metrics have it like those that are the whole answer.
   *
   * @returns the error that may be told
   */
  note(thrown: unknown): PlinthError
  /** Answers whatever was thrown in the form of the route: the error envelope, unless it has another. */
  fail(thrown: unknown): void
}

export type Handle = (request: HttpRequest, reply: HttpReply) => unknown
