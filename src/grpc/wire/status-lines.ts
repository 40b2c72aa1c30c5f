/**
 * Prints how a call ended as the lines of its trailers.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
import type { OutgoingHttpHeaders } from 'node:http2'
import type { CountedCall } from '../admit-call.ts'
import type { AnswerMetadata } from '../call.ts'
import { type GrpcFailure, writeStatus } from '../errors.ts'

/** Outside printable ASCII, and the sign that escapes. */
const UNPRINTABLE = /[^ -$&-~]+/g

/** What every answer says beside its message: under which id it was logged, and how the caller stands with its limit. */
export function answerLines({ requestId, limitHeaders }: CountedCall, own: AnswerMetadata): OutgoingHttpHeaders {
  const lines: OutgoingHttpHeaders = requestId === '' ? {} : { 'x-request-id': requestId }
  for (let at = 0; at < limitHeaders.length; at += 2) lines[limitHeaders[at] ?? ''] = limitHeaders[at + 1]
  for (const [name, value] of own) lines[name] = value
  return lines
}

/** The lines of a failure: its number, its sentence, and the details that a program can read. */
export function failureLines(failure: GrpcFailure): OutgoingHttpHeaders {
  return {
    'grpc-status': String(failure.number),
    'grpc-message': percentEncode(failure.message),
    'grpc-status-details-bin': Buffer.from(writeStatus(failure)).toString('base64').replaceAll('=', ''),
  }
}

/** Percent-encoding, byte for byte, of what a header cannot hold. */
function percentEncode(text: string): string {
  return text.replace(UNPRINTABLE, (part) =>
    Buffer.from(part).reduce((escaped, byte) => `${escaped}%${byte.toString(16).toUpperCase().padStart(2, '0')}`, ''),
  )
}
