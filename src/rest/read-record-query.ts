/**
 * The query of a single record: which fields the answer holds, and whether a deleted record may be it. Lists have these
 * parameters too.
 */
import type { FieldSelection } from '../engine/index.ts'
import { isOffered, type ResourceModel } from '../model/index.ts'
import { type Parameter, QueryParameters } from './query-parameters.ts'

export interface RecordQuery {
  fields: FieldSelection | undefined
  includesDeleted: boolean
}

export function emptyRecordQuery(): RecordQuery {
  return { fields: undefined, includesDeleted: false }
}

export function recordQueryParameters(resource: ResourceModel): QueryParameters<RecordQuery> {
  return new QueryParameters(recordParameters(resource))
}

/** `fields`, and `include_deleted` where a rule permits somebody to see deleted records. */
export function recordParameters(resource: ResourceModel): readonly Parameter<RecordQuery>[] {
  return [fieldsParameter(resource), ...(isOffered(resource, 'read-deleted') ? [includeDeletedParameter()] : [])]
}

function fieldsParameter(resource: ResourceModel): Parameter<RecordQuery> {
  const columns = resource.fields.filter((field) => field.rules.isOutput).map((field) => field.column)
  return {
    name: 'fields',
    description: 'The fields that the answer holds, with commas between; `id` is always among them. Default all.',
    schema: { type: 'array', items: { type: 'string', enum: columns }, minItems: 1, maxItems: columns.length, uniqueItems: true },
    isList: true,
    about: [],
    read(text, draft) {
      const names = text.split(',', columns.length + 1)
      if (names.length > columns.length || new Set(names).size < names.length)
        return { code: 'duplicate', message: 'names a field twice' }
      // Which of them this caller may see is the engine's question.
      draft.fields = { names, byName: resource.fieldsByColumn }
      return undefined
    },
  }
}

function includeDeletedParameter(): Parameter<RecordQuery> {
  return {
    name: 'include_deleted',
    description: 'Whether deleted records count too, each with its `deleted_at`; for those who may see them.',
    schema: { type: 'boolean', default: false },
    about: [],
    read(text, draft) {
      if (text !== 'true' && text !== 'false') return { code: 'type', message: 'must be true or false' }
      draft.includesDeleted = text === 'true'
      return undefined
    },
  }
}
