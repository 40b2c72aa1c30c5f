/** A call that was let in, as every transport hands it on. Knows messages as bytes and metadata as text; not the transport or the token. */
import type { WatchContext } from '../engine/index.ts'

/** The text values of the metadata of a call. */
export interface CallMetadata {
  /** All values of a key, in the order in which they came; none for a key that was not sent. `name` is in lower case. */
  all(name: string): readonly string[]
}

/**
 * One call, let in already: over the port of gRPC by `admit-call.ts`, over that of HTTP by the HTTP server, whose routes authenticate, count and
 * log.
 */
export interface GrpcCall {
  /** Who asks, from where, and under which request id. */
  readonly context: WatchContext
  readonly metadata: CallMetadata
  /** Aborted at the deadline, or when the caller goes away. */
  readonly signal: AbortSignal
}

/** What is sent back beside the message, in order; names in lower case. */
export type AnswerMetadata = readonly (readonly [name: string, value: string])[]

export interface UnaryAnswer {
  readonly message: Uint8Array
  readonly metadata: AnswerMetadata
}

/** Answers one message with one. Failures are thrown as `PlinthError`; `errors.ts` renders them. */
export type RunUnary = (call: GrpcCall, request: Uint8Array) => Promise<UnaryAnswer>

/** Many messages, one at a time; the next is asked for when there is room for it. */
export interface StreamAnswer extends AsyncIterable<Uint8Array> {
  /** Resolves when nothing that happens from now on is missed: the time for the headers. Rejects as the first message would. */
  readonly ready: Promise<void>
}

/** Answers one message with many. Failures are thrown as `PlinthError`. */
export type RunStream = (call: GrpcCall, request: Uint8Array) => StreamAnswer

/** A call whose messages are paid for as they come. */
export interface ExchangeCall extends GrpcCall {
  /** Takes what one message costs from the caller's budget: waits until there is room for it. */
  pay(): Promise<void>
}

/** Answers messages as they come with messages of its own. Failures are thrown as `PlinthError`. */
export type RunExchange = (call: ExchangeCall, messages: AsyncIterable<Uint8Array>) => StreamAnswer

/** How a method is run, whatever transport it came over. */
export type MethodHandler =
  | { readonly kind: 'unary'; readonly run: RunUnary }
  | { readonly kind: 'stream'; readonly run: RunStream }
  | { readonly kind: 'exchange'; readonly run: RunExchange }
