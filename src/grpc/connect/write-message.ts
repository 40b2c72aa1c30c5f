/** Puts the messages of an answer, and its end, into bytes. Where the end is a frame, its first byte says so. */
import type { GrpcFailure } from '../errors.ts'
import { frame } from '../wire/frames.ts'
import { failureLines } from '../wire/status-lines.ts'
import type { Dialect } from './dialect.ts'
import { connectFailure } from './failure-json.ts'

/** @see https://connectrpc.com/docs/protocol#streaming-response */
const CONNECT_END = 0x02
/** @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md#protocol-differences-vs-grpc-over-http2 */
const WEB_TRAILERS = 0x80

/** The whole body of an answer that is one message. */
export function writeWhole(dialect: Dialect, message: Uint8Array): Uint8Array {
  if (dialect.protocol === 'connect') return dialect.codec.write(message)
  return asText(dialect, Buffer.concat([frame(dialect.codec.write(message)), endFrame(dialect, undefined)]))
}

/** One of many messages. */
export function writeMessage(dialect: Dialect, message: Uint8Array): Uint8Array {
  return asText(dialect, frame(dialect.codec.write(message)))
}

/** What stands behind the last message: that all went well, or what did not. */
export function writeEnd(dialect: Dialect, failure?: GrpcFailure): Uint8Array {
  return asText(dialect, endFrame(dialect, failure))
}

function endFrame({ protocol }: Dialect, failure: GrpcFailure | undefined): Buffer {
  if (protocol === 'connect-stream') {
    const json = failure === undefined ? {} : { error: connectFailure(failure) }
    return flagged(CONNECT_END, JSON.stringify(json))
  }
  const lines = failure === undefined ? { 'grpc-status': '0' } : failureLines(failure)
  const text = Object.entries(lines).map(([name, value]) => `${name}: ${String(value)}\r\n`)
  return flagged(WEB_TRAILERS, text.join(''))
}

function flagged(flag: number, text: string): Buffer {
  const bytes = frame(Buffer.from(text))
  bytes[0] = flag
  return bytes
}

/** Each piece is base64 of its own, padded, so that it can be read as soon as it comes. */
function asText({ protocol }: Dialect, bytes: Buffer): Uint8Array {
  return protocol === 'web-text' ? Buffer.from(bytes.toString('base64')) : bytes
}
