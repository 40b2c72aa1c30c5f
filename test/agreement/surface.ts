/** What a surface must do to be held against the others: one operation as somebody, and what came of it in the common words. */
import { toSnakeCase } from '../../src/kernel/index.ts'
import type { ResourceModel } from '../../src/model/index.ts'
import type { TestService } from '../../src/testing/index.ts'
import type { AgreedRecord, Operation, Outcome } from './operation.ts'

export interface Surface {
  readonly name: string
  /** @returns undefined where the wire cannot carry the question: a number where protobuf has a string */
  run(operation: Operation, token: string | undefined): Promise<Outcome | undefined>
  close(): void | Promise<void>
}

/** Opens the surface of a running service. */
export type OpenSurface = (service: TestService) => Surface

/**
 * A record in the common form. Null and absent are one: REST says null, protobuf leaves out, and a hidden field is left out by REST and null in
 * GraphQL.
 *
 * @param read the value of a field as JSON, ids as TypeIDs, words as declared; undefined where the surface has none
 */
export function agreedRecord({ fields }: ResourceModel, read: (field: ResourceModel['fields'][number]) => unknown): AgreedRecord {
  const record: Record<string, AgreedRecord[string]> = {}
  for (const field of fields) {
    const value = read(field)
    if (value === undefined || value === null) continue
    // Times agree as moments: how many zeros a surface prints is its own affair.
    record[field.column] = field.kind.name === 'timestamp' ? new Date(String(value)).toISOString() : sorted(value)
  }
  return record
}

/** With the keys of objects in order. */
function sorted(value: unknown): AgreedRecord[string] {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value as AgreedRecord[string]
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]))
}

export function refused(code: string, resource: ResourceModel, fields: readonly string[]): Outcome {
  const bare = fields.map((field) => bareField(field, resource)).filter((field) => field !== '')
  return { kind: 'refused', code, fields: [...new Set(bare)].sort() }
}

const OPERATORS = new Set(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'any_of', 'null', 'is_null'])
/** What the surfaces call by names of their own. */
const ALIASES: Readonly<Record<string, string>> = {
  order_by: 'sort',
  page_size: 'limit',
  per_page: 'limit',
  first: 'limit',
  page_token: 'cursor',
  after: 'cursor',
  search: 'q',
}

/** `input.displayName`, `user.display_name`, `filter.created_at.gte` and `created_at[gte]`, without what only the surface adds. */
function bareField(field: string, { name }: ResourceModel): string {
  const parts = toSnakeCase(field.replace(/\[([a-z]+)\]$/, '.$1')).split('.')
  const wrappers = ['input', 'filter', toSnakeCase(name)]
  while (parts.length > 1 && wrappers.includes(parts[0] ?? '')) parts.shift()
  if (parts.length > 1 && OPERATORS.has(parts.at(-1) ?? '')) parts.pop()
  const bare = parts.join('.')
  return ALIASES[bare] ?? bare
}
