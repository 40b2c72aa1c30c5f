/** Prints the payload of a mutation: the changed record, as it was stored or read anew where more than its own fields is asked, and `errors`. */
import { type GraphQLObjectType, getNamedType, isObjectType } from 'graphql'
import type { PrintedRecord, RecordSelection } from '../../engine/index.ts'
import { decodeTypeId, parseJson } from '../../kernel/index.ts'
import type { FieldModel, Json } from '../../model/index.ts'
import type { CollectedFields, CollectScope } from '../document/collect-fields.ts'
import { renderGlobalId } from '../global-id.ts'
import { meaningOf } from '../meaning.ts'
import { collectBelow, planRecord } from '../plan-records.ts'
import { enumName } from '../schema/field-types.ts'
import type { UserError } from './user-errors.ts'

/** What is asked of a payload, by response key. */
export type PayloadPart =
  | { readonly kind: 'changed'; readonly key: string; readonly select: RecordSelection }
  | { readonly kind: 'errors'; readonly key: string; readonly below: CollectedFields }
  | { readonly kind: 'typename'; readonly key: string }

/** @throws `VALIDATION_FAILED` for wrong arguments of what is asked of the record */
export function planPayload(scope: CollectScope, payload: GraphQLObjectType, fields: CollectedFields): readonly PayloadPart[] {
  return [...fields].map(([key, nodes]): PayloadPart => {
    const field = payload.getFields()[nodes[0].name.value]
    const type = field === undefined ? undefined : getNamedType(field.type)
    // Validation has found that whatever is no field is `__typename`.
    if (field === undefined || !isObjectType(type)) return { kind: 'typename', key }
    const below = collectBelow(scope, type, nodes)
    if (meaningOf(field)?.kind === 'changed') return { kind: 'changed', key, select: planRecord(scope, type, below, [key]) }
    return { kind: 'errors', key, below }
  })
}

/** @param records the text of the record for each part that asks for it */
export function renderPayload(
  payload: GraphQLObjectType,
  parts: readonly PayloadPart[],
  records: ReadonlyMap<PayloadPart, string>,
  errors: readonly UserError[],
): string {
  const texts = parts.map((part) => {
    const name = `${JSON.stringify(part.key)}:`
    if (part.kind === 'typename') return `${name}${JSON.stringify(payload.name)}`
    return `${name}${part.kind === 'changed' ? (records.get(part) ?? 'null') : renderUserErrors(errors, part.below)}`
  })
  return `{${texts.join(',')}}`
}

function renderUserErrors(errors: readonly UserError[], asked: CollectedFields): string {
  const shown = errors.map((error) => {
    const values: Readonly<Record<string, unknown>> = { ...error, __typename: 'UserError' }
    return Object.fromEntries([...asked].map(([key, [node]]) => [key, values[node.name.value] ?? null]))
  })
  return JSON.stringify(shown)
}

/** Whether the stored record tells all that is asked, so that nothing need be read. */
export function isPlain(selection: RecordSelection): boolean {
  return selection.every((part) => part.kind === 'field' || part.kind === 'constant')
}

/** Prints fields of a record out of what the store returned for the change: those that the caller may not see are not in it. */
export function renderStored(selection: RecordSelection, { json }: PrintedRecord): string {
  // Our own text, one object.
  const stored = parseJson(json) as Readonly<Record<string, Json>>
  const texts = selection.map((part) => {
    const value =
      part.kind === 'field'
        ? renderValue(part.field, stored[part.field.column] ?? null)
        : part.kind === 'constant'
          ? part.value
          : null
    return `${JSON.stringify(part.as)}:${JSON.stringify(value)}`
  })
  return `{${texts.join(',')}}`
}

/** A stored value as GraphQL spells it: ids are opaque, choices are in capitals. */
function renderValue({ kind }: FieldModel, value: Json): Json {
  if (value === null) return null
  if (kind.idPrefix !== undefined && typeof value === 'string') {
    const id = decodeTypeId(kind.idPrefix, value)
    return id === undefined ? null : renderGlobalId(kind.idPrefix, id)
  }
  if (!kind.graphqlType.includes('Enum')) return value
  return Array.isArray(value) ? value.map((word) => enumName(String(word))) : enumName(String(value))
}
