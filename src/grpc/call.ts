/** A call as every transport hands it on. Knows messages as bytes and metadata as text; not the transport, the engine or the caller. */
import type { GrpcMethod } from './describe/describe-grpc.ts'

/** The text values of the metadata of a call. */
export interface CallMetadata {
  /** All values of a key, in the order in which they came; none for a key that was not sent. `name` is in lower case. */
  all(name: string): readonly string[]
}

/** One call, with its limits: whole messages go in and out as bytes, and `signal` ends with the deadline or the caller. */
export interface GrpcCall {
  readonly method: GrpcMethod
  readonly metadata: CallMetadata
  /** The address of the socket's other end. */
  readonly remoteAddress: string
  /** Milliseconds from the start of the call; `undefined` when the caller set none. */
  readonly deadlineMs: number | undefined
  readonly signal: AbortSignal
}

/** What is sent back beside the message, in order; names in lower case. */
export type AnswerMetadata = readonly (readonly [name: string, value: string])[]

/** Answers one message with one. Failures are thrown as `PlinthError`; `errors.ts` renders them. */
export type RunUnary = (
  call: GrpcCall,
  request: Uint8Array,
) => Promise<{ readonly message: Uint8Array; readonly metadata: AnswerMetadata }>

/** Answers one message with many. Failures are thrown as `PlinthError`. */
export type RunStream = (call: GrpcCall, request: Uint8Array) => AsyncIterable<Uint8Array>
