/**
 * Writes records as protobuf, straight from the JSON that the store printed: no message is made in between. A property test holds the bytes
 * equal to those of the library's own encoder. Why not that one: `decisions/0021-grpc.md` has the figures.
 */
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'
import { parseJson } from '../../kernel/index.ts'
import type { FieldModel, Json, ResourceModel } from '../../model/index.ts'
import type { ByteWriter } from './byte-writer.ts'
import { valueWriter } from './write-value.ts'

/** Writes the fields of one record, without a tag or a length in front. */
export type RecordWriter = (writer: ByteWriter, json: string) => void

/** Values by the names of their columns. */
type Columns = Readonly<Record<string, Json>>

interface FieldWriter {
  readonly column: string
  /** With its tag; never asked for null. */
  write(writer: ByteWriter, value: Json): void
}

/** Makes the writer for records of a resource, in the message that describes them. */
export function recordWriter(resource: ResourceModel, schema: DescMessage): RecordWriter {
  const write = columnsWriter(resource.fieldsByColumn, schema)
  // The store printed it: one object, columns by name.
  return (writer, json) => write(writer, parseJson(json) as Columns)
}

/** Makes the writer for what has these fields, in the message that describes it. */
export function columnsWriter(
  fields: ReadonlyMap<string, FieldModel>,
  schema: DescMessage,
): (writer: ByteWriter, columns: Columns) => void {
  // In the order of their numbers, as all encoders do.
  const writers = [...schema.fields]
    .sort((left, right) => left.number - right.number)
    .flatMap((desc): readonly FieldWriter[] => {
      const field = fields.get(desc.name)
      return field === undefined ? [] : [{ column: field.column, write: fieldWriter(field, desc) }]
    })
  return (writer, columns) => {
    for (const { column, write } of writers) {
      const value = columns[column]
      if (value !== undefined && value !== null) write(writer, value)
    }
  }
}

function fieldWriter(field: FieldModel, desc: DescField): FieldWriter['write'] {
  const { number, presence } = desc
  const { wireType, write, isEmpty } = valueWriter(field, desc)
  if (desc.fieldKind !== 'list') {
    // Without presence what is empty is left out, and read as empty.
    const isImplicit = presence === FeatureSet_FieldPresence.IMPLICIT
    return (writer, value) => {
      if (!isImplicit || !isEmpty(value)) write(writer.tag(number, wireType), value)
    }
  }
  // A column of a list holds a JSON array.
  const itemsOf = (value: Json): readonly Json[] => value as readonly Json[]
  if (wireType === WireType.LengthDelimited) {
    return (writer, value) => {
      for (const item of itemsOf(value)) write(writer.tag(number, wireType), item)
    }
  }
  return (writer, value) => {
    if (itemsOf(value).length === 0) return
    writer.tag(number, WireType.LengthDelimited).enclose(() => {
      for (const item of itemsOf(value)) write(writer, item)
    })
  }
}
