/** Writes one value of a record as its type in protobuf. Trusts the value: the store printed it. */
import { type DescField, ScalarType } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import type { FieldModel, Json } from '../../model/index.ts'
import type { ByteWriter } from './byte-writer.ts'
import { choicesByNumber } from './read-value.ts'
import { writeJsonValue } from './write-json.ts'

export interface ValueWriter {
  readonly wireType: WireType
  /** Writes the value behind its tag. */
  write(writer: ByteWriter, value: Json): void
  /** Whether an absent field reads as this value. */
  isEmpty(value: Json): boolean
}

// google.protobuf.Timestamp.
const SECONDS = 1
const NANOS = 2
const MS_PER_SECOND = 1_000
const NANOS_PER_MS = 1_000_000

export function valueWriter(field: FieldModel, desc: DescField): ValueWriter {
  if (desc.enum !== undefined) return enumWriter(field, desc)
  switch (desc.message?.typeName) {
    case undefined:
      return scalarWriter(desc)
    case 'google.protobuf.Timestamp':
      return {
        wireType: WireType.LengthDelimited,
        write: (writer, value) => writeTimestamp(writer, value as string),
        isEmpty: () => false,
      }
    case 'google.protobuf.Value':
      return { wireType: WireType.LengthDelimited, write: writeJsonValue, isEmpty: () => false }
    default:
      throw new TypeError(`Cannot write ${desc.name}: no kind of field is a ${desc.message?.typeName}`)
  }
}

/** A choice that the declaration no longer has, in a record that still does, goes out as `…_UNSPECIFIED`. */
function enumWriter(field: FieldModel, desc: DescField): ValueWriter {
  const numbers = new Map<Json, number>([...choicesByNumber(field, desc)].map(([number, choice]) => [choice, number]))
  return {
    wireType: WireType.Varint,
    write: (writer, value) => void writer.uint32(numbers.get(value) ?? 0),
    isEmpty: (value) => numbers.get(value) === undefined,
  }
}

function scalarWriter({ name, scalar }: DescField): ValueWriter {
  // Each kind prints the JSON that its type in protobuf is made of.
  switch (scalar) {
    case ScalarType.STRING:
      return {
        wireType: WireType.LengthDelimited,
        write: (writer, value) => void writer.text(value as string),
        isEmpty: (value) => value === '',
      }
    case ScalarType.BOOL:
      return {
        wireType: WireType.Varint,
        write: (writer, value) => void writer.bool(value as boolean),
        isEmpty: (value) => value === false,
      }
    case ScalarType.INT32:
    case ScalarType.INT64:
      return {
        wireType: WireType.Varint,
        write: (writer, value) => void writer.integer(value as number),
        isEmpty: (value) => value === 0,
      }
    default:
      throw new TypeError(`Cannot write ${name}: no kind of field has scalar type ${scalar}`)
  }
}

/** @param text as PostgreSQL or `toISOString` print a moment */
function writeTimestamp(writer: ByteWriter, text: string): void {
  writeMoment(writer, Date.parse(text))
}

/** @param ms milliseconds since 1970 */
export function writeMoment(writer: ByteWriter, ms: number): void {
  const seconds = Math.floor(ms / MS_PER_SECOND)
  const nanos = (ms - seconds * MS_PER_SECOND) * NANOS_PER_MS
  writer.enclose(() => {
    if (seconds !== 0) writer.tag(SECONDS, WireType.Varint).integer(seconds)
    if (nanos !== 0) writer.tag(NANOS, WireType.Varint).uint32(nanos)
  })
}
