/**
 * Prints a failure as callers of Connect see it: JSON, and the status of HTTP that its code has there.
 * @see https://connectrpc.com/docs/protocol#error-codes
 */
import type { GrpcCode, PlinthError } from '../../kernel/index.ts'
import type { GrpcFailure } from '../errors.ts'
import { debugOf } from './detail-debug.ts'

const STATUSES: Readonly<Record<GrpcCode, number>> = {
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  UNAUTHENTICATED: 401,
}
/** What HTTP itself has to say, before there is a call: nothing here, not by this method, not in this type. */
const OF_HTTP: ReadonlySet<number> = new Set([404, 405, 415])

/** The status of an answer that is one message. */
export function connectStatus({ grpc, status }: PlinthError): number {
  return grpc === 'UNIMPLEMENTED' && OF_HTTP.has(status) ? status : STATUSES[grpc]
}

/** `{ code, message, details }`, the value of each detail in base64 and, for people, as JSON. */
export function connectFailure({ code, message, details }: GrpcFailure): object {
  return {
    code: code.toLowerCase(),
    message,
    details: details.map((detail) => ({
      type: detail.type,
      value: Buffer.from(detail.value).toString('base64').replaceAll('=', ''),
      debug: debugOf(detail),
    })),
  }
}
