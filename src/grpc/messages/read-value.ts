/**
 * Turns the value of a message's field into what the kind of the model's field reads: JSON, as REST would have it. Judges nothing: what no
 * JSON says becomes something that every kind refuses.
 */
import type { DescField } from '@bufbuild/protobuf'
import type { ListValue, Struct, Timestamp, Value } from '@bufbuild/protobuf/wkt'
import { isoTime } from '../../kernel/index.ts'
import { choicesOf, type FieldModel } from '../../model/index.ts'
import { enumValueName } from '../describe/draft-fields.ts'

/** @returns undefined for what is absent */
export type ValueReader = (value: unknown) => unknown

/** No kind of field takes it. */
const NOTHING = Symbol('nothing that JSON can say')

/** 0001-01-01 and 9999-12-31, in seconds: what google.protobuf.Timestamp can hold. */
const SECONDS_MIN = -62_135_596_800n
const SECONDS_MAX = 253_402_300_799n
const NANOS_PER_MS = 1_000_000
const NANOS_MAX = 999_999_999

/** Makes the reader for one field. @param desc the field of the message that the value stands in; of a list, its items are read alike */
export function valueReader(field: FieldModel, desc: DescField): ValueReader {
  const read = itemReader(field, desc)
  if (desc.fieldKind !== 'list') return (value) => (value === undefined ? undefined : read(value))
  // The decoder gives a list for each repeated field.
  return (value) => (value as readonly unknown[]).map(read)
}

/** The word of each number of a choice; `…_UNSPECIFIED` and unknown numbers are no words. */
export function choicesByNumber(field: FieldModel, desc: DescField): ReadonlyMap<number, string> {
  const values = desc.enum?.values ?? []
  const name = desc.enum?.name ?? ''
  const choices = new Map((choicesOf(field.kind) ?? []).map((choice) => [enumValueName(name, choice), choice]))
  return new Map(values.flatMap(({ number, name: value }) => [[number, choices.get(value)] as const]).filter(isKnown))
}

function isKnown(entry: readonly [number, string | undefined]): entry is readonly [number, string] {
  return entry[1] !== undefined
}

function itemReader(field: FieldModel, desc: DescField): (value: unknown) => unknown {
  if (desc.enum !== undefined) {
    const choices = choicesByNumber(field, desc)
    return (value) => choices.get(value as number) ?? NOTHING
  }
  switch (desc.message?.typeName) {
    case undefined:
      // 64 bits come as bigint; beyond 2^53 the nearest number is no safe integer, and refused as such.
      return (value) => (typeof value === 'bigint' ? Number(value) : value)
    case 'google.protobuf.Timestamp':
      return (value) => readTimestamp(value as Timestamp)
    case 'google.protobuf.Value':
      return (value) => readJson(value as Value)
    default:
      throw new TypeError(`Cannot read ${desc.name}: no kind of field is a ${desc.message?.typeName}`)
  }
}

function readTimestamp({ seconds, nanos }: Timestamp): unknown {
  const isMoment = seconds >= SECONDS_MIN && seconds <= SECONDS_MAX && nanos >= 0 && nanos <= NANOS_MAX
  // Finer digits than milliseconds are cut, as the kind itself does.
  return isMoment ? isoTime(Number(seconds) * 1_000 + Math.floor(nanos / NANOS_PER_MS)) : NOTHING
}

/** No deeper than the decoder has followed. A `Value` that says nothing is nothing. */
function readJson({ kind }: Value): unknown {
  switch (kind.case) {
    case undefined:
      return NOTHING
    case 'nullValue':
      return null
    case 'boolValue':
    case 'numberValue':
    case 'stringValue':
      return kind.value
    case 'listValue':
      return readJsonList(kind.value)
    case 'structValue':
      return readJsonObject(kind.value)
  }
}

function readJsonList({ values }: ListValue): readonly unknown[] {
  return values.map(readJson)
}

/** `fromEntries` makes a key of its own of `__proto__`, which the kind refuses by name. */
function readJsonObject({ fields }: Struct): unknown {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, readJson(value)]))
}
