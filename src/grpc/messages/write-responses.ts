/** Writes the responses of methods: a record, a page, a change, each in the message that wraps it. */
import type { DescMessage } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import type { Answer, Change, Page, StoredRecord } from '../../engine/index.ts'
import { encodeTypeId } from '../../kernel/index.ts'
import type { FieldModel, ResourceModel } from '../../model/index.ts'
import { CHANGE_KINDS } from '../describe/draft-messages.ts'
import { recordName, recordsName } from '../describe/names.ts'
import { ByteWriter } from './byte-writer.ts'
import { changeKindNumber } from './change-kinds.ts'
import { fieldOf } from './members.ts'
import { columnsWriter, recordWriter } from './write-record.ts'
import { writeMoment } from './write-value.ts'

/** What has no fields: the response of `Delete`. */
export const EMPTY_RESPONSE: Uint8Array = new Uint8Array(0)

/** One for all: a response is written in one turn of the event loop. */
const WRITER = new ByteWriter()

export function recordResponse(resource: ResourceModel, schema: DescMessage): (record: Pick<StoredRecord, 'json'>) => Uint8Array {
  const { write, number } = writerOf(resource, schema, recordName(resource))
  return ({ json }) => {
    const writer = WRITER.begin()
    writer.tag(number, WireType.LengthDelimited).enclose(() => write(writer, json), json.length)
    return writer.finish()
  }
}

export function pageResponse(resource: ResourceModel, schema: DescMessage): (page: Page) => Uint8Array {
  const { write, number } = writerOf(resource, schema, recordsName(resource))
  const isNumbered = resource.list.pages === 'numbered'
  const next = isNumbered ? 0 : fieldOf(schema, 'next_page_token').number
  const previous = isNumbered ? 0 : fieldOf(schema, 'previous_page_token').number
  const total = isNumbered ? fieldOf(schema, 'total_size').number : 0
  return (page) => {
    const writer = WRITER.begin()
    for (const { json } of page.records) {
      writer.tag(number, WireType.LengthDelimited).enclose(() => write(writer, json), json.length)
    }
    if (page.next !== undefined) writer.tag(next, WireType.LengthDelimited).text(page.next)
    if (page.previous !== undefined) writer.tag(previous, WireType.LengthDelimited).text(page.previous)
    if (page.total !== undefined && page.total > 0) writer.tag(total, WireType.Varint).integer(page.total)
    return writer.finish()
  }
}

export function changeResponse(resource: ResourceModel, schema: DescMessage): (change: Change) => Uint8Array {
  const { write, number } = writerOf(resource, schema, recordName(resource))
  const numberOf = (name: string): number => fieldOf(schema, name).number
  const numbers = {
    kind: numberOf('kind'),
    id: numberOf('id'),
    operation: numberOf('operation'),
    changedAt: numberOf('changed_at'),
    cursor: numberOf('cursor'),
    version: numberOf('version'),
  }
  const kinds = new Map(CHANGE_KINDS.map((kind) => [kind, changeKindNumber(fieldOf(schema, 'kind'), kind)]))
  return ({ kind, id, record, operation, at, cursor, version }) => {
    const writer = WRITER.begin()
    writer.tag(numbers.kind, WireType.Varint).integer(kinds.get(kind) ?? 0)
    writer.tag(numbers.id, WireType.LengthDelimited).text(encodeTypeId(resource.idPrefix, id))
    writer.tag(number, WireType.LengthDelimited).enclose(() => write(writer, record.json), record.json.length)
    writer.tag(numbers.operation, WireType.LengthDelimited).text(operation)
    writeMoment(writer.tag(numbers.changedAt, WireType.LengthDelimited), at.getTime())
    writer.tag(numbers.cursor, WireType.LengthDelimited).text(cursor)
    writer.tag(numbers.version, WireType.Varint).integer(version)
    return writer.finish()
  }
}

/** What an exchange tells stands in the response itself. */
export function answerResponse(sends: readonly FieldModel[], schema: DescMessage): (answer: Answer) => Uint8Array {
  const write = columnsWriter(new Map(sends.map((field) => [field.column, field])), schema)
  return (answer) => {
    const writer = WRITER.begin()
    write(writer, answer)
    return writer.finish()
  }
}

function writerOf(resource: ResourceModel, schema: DescMessage, name: string) {
  const { number, message } = fieldOf(schema, name)
  if (message === undefined) throw new TypeError(`Cannot write ${schema.typeName}: "${name}" is no message`)
  return { number, write: recordWriter(resource, message) }
}
