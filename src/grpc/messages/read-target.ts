/** Reads which record a request is about, which version of it, and which of its fields the answer holds. */
import type { DescMessage, Message } from '@bufbuild/protobuf'
import type { FieldMask } from '@bufbuild/protobuf/wkt'
import type { FieldSelection, GetInput } from '../../engine/index.ts'
import { decodeTypeId, invalid, NAME_SHOWN_MAX, shorten, type Uuid } from '../../kernel/index.ts'
import type { ResourceModel } from '../../model/index.ts'
import { memberOf } from './members.ts'

/** @throws `VALIDATION_FAILED`, naming `id` */
export function idReader(resource: ResourceModel, schema: DescMessage): (request: Message) => Uuid {
  const member = memberOf(schema, 'id')
  return (request) => {
    // A string, absent or not: the field has no presence.
    const text = member(request) as string
    const id = decodeTypeId(resource.idPrefix, text)
    if (id !== undefined) return id
    const shown = JSON.stringify(shorten(text, NAME_SHOWN_MAX))
    const message = `Cannot read id ${shown}: it is no id of ${resource.plural}, expected ${resource.idPrefix}_ and 26 characters`
    throw invalid([{ field: 'id', code: text === '' ? 'required' : 'id', message }])
  }
}

/** The version that may be overwritten; null: whichever it is. */
export function versionReader(schema: DescMessage): (request: Message) => number | null {
  const member = memberOf(schema, 'version')
  return (request) => (member(request) as number | undefined) ?? null
}

/** The fields that the answer is to hold; undefined: all. Which of them the caller may see is the engine's question. */
export function selectionReader(resource: ResourceModel, schema: DescMessage): (request: Message) => FieldSelection | undefined {
  const member = memberOf(schema, 'read_mask')
  return (request) => {
    const mask = member(request) as FieldMask | undefined
    if (mask === undefined || mask.paths.length === 0 || mask.paths.includes('*')) return undefined
    const names = [...new Set(mask.paths)]
    if (names.length > resource.fields.length) {
      const message = `read_mask must name at most ${resource.fields.length} fields`
      throw invalid([{ field: 'read_mask', code: 'too_many', message }])
    }
    return { names, byName: resource.fieldsByColumn }
  }
}

/** Whether deleted records count too; where nobody may see them the message has no such field. */
export function deletedReader(schema: DescMessage): (request: Message) => boolean {
  if (schema.fields.every(({ name }) => name !== 'include_deleted')) return () => false
  const member = memberOf(schema, 'include_deleted')
  return (request) => member(request) === true
}

export function getReader(resource: ResourceModel, schema: DescMessage): (request: Message) => GetInput {
  const readId = idReader(resource, schema)
  const readFields = selectionReader(resource, schema)
  const readDeleted = deletedReader(schema)
  return (request) => ({ id: readId(request), fields: readFields(request), includesDeleted: readDeleted(request) })
}
