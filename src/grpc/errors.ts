/**
 * Prints an error as callers of gRPC see it: a status code, a message, and details that a program can read. The same details go over every
 * transport; only their envelope differs.
 * @see https://google.aip.dev/193
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { CATALOGUE, type GrpcCode, type PlinthError, shorten } from '../kernel/index.ts'
import type { GrpcMethod } from './describe/describe-grpc.ts'
import { fieldPathOf } from './messages/field-path.ts'

/** One message of `google.rpc`, as `google.protobuf.Any` holds it. */
export interface FailureDetail {
  /** `google.rpc.ErrorInfo`. */
  readonly type: string
  readonly value: Uint8Array
}

/** What a caller may know of a failure. */
export interface GrpcFailure {
  readonly code: GrpcCode
  readonly number: number
  readonly message: string
  readonly details: readonly FailureDetail[]
}

/** @param method whose request the fields are paths of; none where it is not known which */
export type DescribeFailure = (error: PlinthError, method: GrpcMethod | undefined, requestId: string) => GrpcFailure

export interface ErrorScope {
  /** Who gives the codes their meaning: the name of the domain. */
  readonly domain: string
  /** Where a code is explained. */
  readonly docsUrl: (code: string) => string
}

/** @see https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const NUMBERS: Readonly<Record<GrpcCode, number>> = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
}

/** What a fault of ours looks like from outside, whatever its own message says. */
const FAULT_STATUS = 500
/** Details travel in the trailers, which clients refuse above 8 KiB and read as base64: so many bytes of violations are told. */
const VIOLATIONS_BYTES_MAX = 4_096
const TEXT_LENGTH_MAX = 200

/** Makes the one place where errors become `google.rpc.Status`. The message of a fault is the catalogue's: what happened is in the log. */
export function failureDescriber({ domain, docsUrl }: ErrorScope): DescribeFailure {
  return (error, method, requestId) => {
    const { code, grpc } = error
    const isFault = error.status === FAULT_STATUS
    const details = [
      detail('ErrorInfo', [text(1, code), text(2, domain)]),
      detail('RequestInfo', [text(1, requestId)]),
      detail('Help', [message(1, [text(1, `What ${code} means`), text(2, docsUrl(code))])]),
    ]
    const violations = isFault ? [] : writeViolations(error, method)
    if (violations.length > 0) details.push(detail('BadRequest', violations))
    // A duration, whose first field is whole seconds.
    if (error.retryAfterS !== undefined)
      details.push(detail('RetryInfo', [message(1, [integer(1, Math.max(1, Math.ceil(error.retryAfterS)))])]))
    return {
      code: grpc,
      number: NUMBERS[grpc],
      message: told(isFault ? CATALOGUE.INTERNAL_ERROR.message : error.message),
      details,
    }
  }
}

function writeViolations({ details }: PlinthError, method: GrpcMethod | undefined): readonly Part[] {
  const pathOf = method === undefined ? (field: string) => field : fieldPathOf(method)
  const parts: Part[] = []
  let bytes = 0
  for (const { field, message: description, code: reason } of details) {
    const violation = write([text(1, pathOf(field)), text(2, description), text(3, reason)])
    bytes += violation.length
    if (bytes > VIOLATIONS_BYTES_MAX) break
    parts.push((writer) => writer.tag(1, WireType.LengthDelimited).bytes(violation))
  }
  return parts
}

/** The bytes of `google.rpc.Status`, for the trailer `grpc-status-details-bin`. */
export function writeStatus({ number, message: sentence, details }: GrpcFailure): Uint8Array {
  const parts = details.map(({ type, value }) =>
    message(3, [text(1, `type.googleapis.com/${type}`), (writer) => writer.tag(2, WireType.LengthDelimited).bytes(value)]),
  )
  return write([integer(1, number), text(2, sentence), ...parts])
}

type Part = (writer: BinaryWriter) => unknown

function detail(name: string, parts: readonly Part[]): FailureDetail {
  return { type: `google.rpc.${name}`, value: write(parts) }
}

function text(number: number, value: string): Part {
  return (writer) => writer.tag(number, WireType.LengthDelimited).string(told(value))
}

function integer(number: number, value: number): Part {
  return (writer) => writer.tag(number, WireType.Varint).int32(value)
}

function message(number: number, parts: readonly Part[]): Part {
  return (writer) => writer.tag(number, WireType.LengthDelimited).bytes(write(parts))
}

function write(parts: readonly Part[]): Uint8Array {
  const writer = new BinaryWriter()
  for (const part of parts) part(writer)
  return writer.finish()
}

/** Well-formed, since what encodes it fails for half a character. */
function told(full: string): string {
  return shorten(full, TEXT_LENGTH_MAX).toWellFormed()
}
