/** The names in protobuf that come from a resource's own: whoever drafts, reads or writes messages asks here. */
import { toSnakeCase } from '../../kernel/index.ts'
import type { ResourceModel } from '../../model/index.ts'

/** The field that holds a record, and the file that describes it: `order_line`. */
export function recordName(resource: ResourceModel): string {
  return toSnakeCase(resource.name)
}

/** The field that holds the records of a page: `order_lines`. */
export function recordsName(resource: ResourceModel): string {
  return toSnakeCase(resource.plural)
}

/** `order_line.v1`: breaking changes would go into a `v2` beside it. */
export function packageOf(resource: ResourceModel): string {
  return `${recordName(resource)}.v1`
}
