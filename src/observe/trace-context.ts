/**
 * W3C trace context: reads the `traceparent` of a caller, or starts a trace. An invalid header is as no header: a new trace.
 *
 * @see https://www.w3.org/TR/trace-context/
 */
import { randomFillSync } from 'node:crypto'

export interface TraceContext {
  /** 32 hexadecimal digits, the same for everything that one outside event set off. */
  readonly traceId: string
  /** 16 hexadecimal digits: this request. */
  readonly spanId: string
  /** The span of the caller; null where the trace begins here. */
  readonly parentId: string | null
  /** The low bit says that the caller records the trace. */
  readonly flags: number
  /** Passed on unread; null when the caller sent none. */
  readonly tracestate: string | null
}

/** Version, trace id, parent id, flags; versions above 00 may append more parts. */
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const TRACE_ID_NONE = '0'.repeat(32)
const SPAN_ID_NONE = '0'.repeat(16)
const FLAG_RANDOM = 2
/** The specification asks to pass on at least this many characters; more is dropped whole, as it allows. */
const TRACESTATE_LENGTH_MAX = 512
/** Random digits are made for this many spans at a time: one system call instead of a thousand. */
const POOL = Buffer.alloc(8 * 1024)

let digits = ''
let at = 0

function randomDigits(length: number): string {
  if (at + length > digits.length) {
    digits = randomFillSync(POOL).toString('hex')
    at = 0
  }
  at += length
  return digits.slice(at - length, at)
}

/** Starts a trace that this process is the root of. */
export function newTraceContext(): TraceContext {
  return { traceId: randomDigits(32), spanId: randomDigits(16), parentId: null, flags: FLAG_RANDOM, tracestate: null }
}

/** Reads the headers of a caller and gives this process a span of its own in that trace. */
export function readTraceContext(traceparent: string | undefined, tracestate?: string): TraceContext {
  if (traceparent === undefined) return newTraceContext()
  const parts = FORM.exec(traceparent)
  if (parts === null) return newTraceContext()
  const [, version = '', traceId = '', parentId = '', flags = '', more] = parts
  const isKnown = version !== 'ff' && (version !== '00' || more === undefined)
  if (!isKnown || traceId === TRACE_ID_NONE || parentId === SPAN_ID_NONE) return newTraceContext()
  const isStateFit = tracestate !== undefined && tracestate !== '' && tracestate.length <= TRACESTATE_LENGTH_MAX
  return {
    traceId,
    spanId: randomDigits(16),
    parentId,
    // Only the two bits that version 00 and its successor define are ours to pass on.
    flags: Number.parseInt(flags, 16) & 3,
    tracestate: isStateFit ? tracestate : null,
  }
}

/** The `traceparent` to send to a server that this request calls. */
export function renderTraceparent(context: TraceContext): string {
  return `00-${context.traceId}-${context.spanId}-0${context.flags}`
}
