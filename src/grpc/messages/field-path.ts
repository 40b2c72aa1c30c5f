/** Where a field that an error names stands in the request: `title` of a new post is `post.title`, `authorId` is `post.author_id`. */
import { toSnakeCase } from '../../kernel/index.ts'
import type { FieldModel } from '../../model/index.ts'
import type { GrpcMethod } from '../describe/describe-grpc.ts'
import { inputFields } from '../describe/draft-fields.ts'
import { recordName } from '../describe/names.ts'

/** What the engine calls by its own names. */
const NAMES: Readonly<Record<string, string>> = { fields: 'read_mask' }
const CURSOR_NAMES: Readonly<Record<string, string>> = { list: 'page_token', watch: 'after' }

/**
 * Makes the mapping for the errors of one method, for the door where they become `google.rpc.Status`.
 *
 * @returns a function from the field of an `ErrorDetail`, as the engine or the readers here spell it, to the path in the request
 */
export function fieldPathOf(method: GrpcMethod): (field: string) => string {
  const { kind } = method
  const prefix = kind === 'exchange' ? 'input.' : `${recordName(method.resource)}.`
  const wrapped = new Set(wrappedFields(method).map(({ column }) => column))
  return (field) => {
    if (field === 'cursor') return CURSOR_NAMES[kind] ?? field
    const spelt = NAMES[field] ?? toSnakeCase(field)
    const [first = ''] = spelt.split('.', 1)
    return wrapped.has(first) ? prefix + spelt : spelt
  }
}

/** The fields that stand in a message of their own within the request. */
function wrappedFields(method: GrpcMethod): readonly FieldModel[] {
  switch (method.kind) {
    case 'create':
    case 'update':
      return inputFields(method.resource)
    case 'exchange':
      return method.exchange.receives
    default:
      return []
  }
}
