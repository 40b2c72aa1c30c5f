/** What a handler sees of an exchange: the request that it may read, and the reply by which it answers. */
import type { Actor } from '../model/index.ts'
import type { TraceContext } from '../observe/index.ts'
import type { HeaderBlock } from './header-block.ts'
import type { JsonObject } from './json.ts'
import type { Query } from './query.ts'

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
  /** The strictly read body; an empty object where the route takes none. */
  readonly body: JsonObject
  readonly requestId: string
  readonly trace: TraceContext
  /** Who asks, as `authenticate` said; `NOBODY` on public routes. */
  readonly actor: Actor
  /** The address of the peer on the socket. Forwarding headers are not believed. */
  readonly address: string
  /** Milliseconds of the monotonic clock (`performance.now()`). */
  readonly startedAtMs: number
  /** When the caller no longer wants the answer, on the same clock. */
  readonly deadlineAtMs: number
  /** Aborted when the client goes away. Made when first read. */
  readonly signal: AbortSignal
  /** A header by its lower-case name. */
  header(name: string): string | undefined
}

/** How a handler answers: exactly once. */
export interface HttpReply {
  readonly isSent: boolean
  /**
   * Sends a prepared answer.
   *
   * @param headers a block made at start by `headerBlock`
   * @param body as it goes over the wire; left out for 204 and 304
   * @param extra names and values in turn that only this answer has: `['etag', '"1"']`
   */
  send(status: number, headers: HeaderBlock, body?: string | Uint8Array, extra?: readonly string[]): void
  /** Sends the error envelope for whatever was thrown. */
  fail(thrown: unknown): void
}

export type Handle = (request: HttpRequest, reply: HttpReply) => unknown
