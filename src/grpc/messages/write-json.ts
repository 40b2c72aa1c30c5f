/** Writes JSON as `google.protobuf.Value`, by the numbers of `google/protobuf/struct.proto`. */
import { WireType } from '@bufbuild/protobuf/wire'
import type { Json } from '../../model/index.ts'
import type { ByteWriter } from './byte-writer.ts'

// google.protobuf.Value: one of these is set.
const NULL_VALUE = 1
const NUMBER_VALUE = 2
const STRING_VALUE = 3
const BOOL_VALUE = 4
const STRUCT_VALUE = 5
const LIST_VALUE = 6
// google.protobuf.Struct and ListValue have one field each; an entry of a map has two.
const ONLY_FIELD = 1
const ENTRY_KEY = 1
const ENTRY_VALUE = 2

/** Writes the length and the inside of a `Value`; its tag stands already. */
export function writeJsonValue(writer: ByteWriter, json: Json): void {
  writer.enclose(() => writeKind(writer, json))
}

function writeKind(writer: ByteWriter, json: Json): void {
  if (json === null) writer.tag(NULL_VALUE, WireType.Varint).uint32(0)
  else if (typeof json === 'number') writer.tag(NUMBER_VALUE, WireType.Bit64).double(json)
  else if (typeof json === 'string') writer.tag(STRING_VALUE, WireType.LengthDelimited).text(json)
  else if (typeof json === 'boolean') writer.tag(BOOL_VALUE, WireType.Varint).bool(json)
  else if (isList(json)) writer.tag(LIST_VALUE, WireType.LengthDelimited).enclose(() => writeItems(writer, json))
  else writer.tag(STRUCT_VALUE, WireType.LengthDelimited).enclose(() => writeEntries(writer, json))
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json)
}

function writeItems(writer: ByteWriter, items: readonly Json[]): void {
  for (const item of items) writeJsonValue(writer.tag(ONLY_FIELD, WireType.LengthDelimited), item)
}

function writeEntries(writer: ByteWriter, object: { readonly [key: string]: Json }): void {
  for (const [key, value] of Object.entries(object)) {
    writer.tag(ONLY_FIELD, WireType.LengthDelimited).enclose(() => {
      writer.tag(ENTRY_KEY, WireType.LengthDelimited).text(key)
      writeJsonValue(writer.tag(ENTRY_VALUE, WireType.LengthDelimited), value)
    })
  }
}
