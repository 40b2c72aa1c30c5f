/** Prints the details of a failure for people: with curl they would be bytes in base64. Programs read the bytes. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import type { FailureDetail } from '../errors.ts'

/** What the fields of a message are called in JSON, by number; a list holds messages of one shape. */
interface Shape {
  readonly [number: number]:
    | string
    | { readonly name: string; readonly items: Shape }
    | { readonly name: string; readonly seconds: true }
}

/** @see https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto */
const SHAPES: Readonly<Record<string, Shape>> = {
  'google.rpc.ErrorInfo': { 1: 'reason', 2: 'domain' },
  'google.rpc.RequestInfo': { 1: 'requestId' },
  'google.rpc.Help': { 1: { name: 'links', items: { 1: 'description', 2: 'url' } } },
  'google.rpc.BadRequest': { 1: { name: 'fieldViolations', items: { 1: 'field', 2: 'description', 3: 'reason' } } },
  'google.rpc.RetryInfo': { 1: { name: 'retryDelay', seconds: true } },
}

/** @returns the detail as JSON; undefined for one whose shape is not known here */
export function debugOf({ type, value }: FailureDetail): object | undefined {
  const shape = SHAPES[type]
  return shape === undefined ? undefined : read(shape, value)
}

function read(shape: Shape, bytes: Uint8Array): object {
  const message: Record<string, unknown> = {}
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    const member = shape[number]
    if (member === undefined || wireType !== WireType.LengthDelimited) reader.skip(wireType)
    else if (typeof member === 'string') message[member] = reader.string()
    else if ('seconds' in member) message[member.name] = `${readSeconds(reader.bytes())}s`
    else message[member.name] = [...((message[member.name] as unknown[] | undefined) ?? []), read(member.items, reader.bytes())]
  }
  return message
}

/** A duration of whole seconds: its first field. */
function readSeconds(bytes: Uint8Array): number {
  const reader = new BinaryReader(bytes)
  reader.tag()
  return reader.int32()
}
