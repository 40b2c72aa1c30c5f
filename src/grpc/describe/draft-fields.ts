/** Drafts the fields of messages from the fields of the model: which protobuf type each kind has, and what may be absent. */
import { toPascalCase } from '../../kernel/index.ts'
import { choicesOf, type FieldModel, type Operator, type ResourceModel } from '../../model/index.ts'
import type { DraftEnum, DraftField, DraftMessage, ProtoType } from './draft.ts'
import { scalar } from './draft.ts'

const REPEATED = 'repeated '

/** How each comparison is spelt in a filter. `in` and `null` are words of Python and C++. */
export const OPERATOR_NAMES: Readonly<Record<Operator, string>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'gt',
  gte: 'gte',
  lt: 'lt',
  lte: 'lte',
  in: 'any_of',
  null: 'is_null',
}

const COMPARISONS: Readonly<Record<Operator, string>> = {
  eq: 'Is this.',
  ne: 'Is not this.',
  gt: 'Is more than this.',
  gte: 'Is at least this.',
  lt: 'Is less than this.',
  lte: 'Is at most this.',
  in: 'Is one of these; an empty list does not filter.',
  null: 'Is there (`false`) or is not (`true`).',
}

/** Fields and the enums that they name, all within one package. `owner` begins the names of the enums: `Post` for `PostStatus`. */
export interface FieldScope {
  readonly package: string
  readonly owner: string
}

/** A field of a record as it goes out: `optional` where it may be null, or hidden from some. */
export function draftOutput(field: FieldModel, scope: FieldScope): DraftField {
  const mayBeAbsent = field.rules.isNullable || field.rules.readableBy !== undefined
  return { ...draftField(field, scope), label: labelOf(field, scope, mayBeAbsent) }
}

/** A field as it comes in: `optional` always, so that what was left out can be told from what is empty. */
export function draftInput(field: FieldModel, scope: FieldScope): DraftField {
  const isRequired = field.rules.input === 'required'
  const notes = [
    ...(field.rules.description === undefined ? [] : [field.rules.description]),
    ...(isRequired ? ['Required.'] : []),
    ...(field.rules.isImmutable ? ['Cannot change once the record exists.'] : []),
  ]
  const description = notes.length === 0 ? undefined : notes.join(' ')
  return { ...draftField(field, scope), description, label: labelOf(field, scope, true) }
}

/** The comparisons that a list offers for a field: `PostFilter.CreatedAt`. */
export function draftComparisons(field: FieldModel, scope: FieldScope): DraftMessage {
  const type = typeOf(field, scope)
  return {
    name: toPascalCase(field.publicName),
    description: `Comparisons with \`${field.column}\`; all that are given must hold.`,
    fields: operatorsOf(field).map((operator) => ({
      name: OPERATOR_NAMES[operator],
      type: operator === 'null' ? scalar('bool') : type,
      label: operator === 'in' ? 'repeated' : type.kind === 'message' && operator !== 'null' ? 'singular' : 'optional',
      description: COMPARISONS[operator],
    })),
  }
}

export function operatorsOf(field: FieldModel): readonly Operator[] {
  return field.kind.operators.filter((operator) => operator !== 'null' || field.rules.isNullable)
}

/** The enums that these fields name. */
export function draftEnums(fields: readonly FieldModel[], scope: FieldScope): readonly DraftEnum[] {
  return fields.flatMap((field) => {
    const choices = choicesOf(field.kind)
    if (choices === undefined) return []
    const name = enumName(field, scope)
    return [
      {
        name,
        description: field.rules.description ?? `What \`${field.column}\` can be.`,
        values: [unspecifiedOf(name), ...choices.map((choice) => enumValueName(name, choice))],
      },
    ]
  })
}

/** `PostStatus` and `in-review` give `POST_STATUS_IN_REVIEW`. */
export function enumValueName(name: string, choice: string): string {
  return `${toCapitals(name)}_${choice.toUpperCase().replaceAll('-', '_')}`
}

/** The fields that a caller may give when a record is made or changed. */
export function inputFields(resource: ResourceModel): readonly FieldModel[] {
  return resource.fields.filter((field) => !field.isStandard && field.rules.input !== 'none')
}

/** The fields that records show: `deleted_at` too, where somebody may see deleted ones. */
export function outputFields(resource: ResourceModel, showsDeleted: boolean): readonly FieldModel[] {
  return resource.fields.filter((field) => field.rules.isOutput || (showsDeleted && field.name === 'deletedAt'))
}

export function unspecifiedOf(enumeration: string): string {
  return `${toCapitals(enumeration)}_UNSPECIFIED`
}

function draftField(field: FieldModel, scope: FieldScope): DraftField {
  const { description, deprecation } = field.rules
  return {
    name: field.column,
    type: typeOf(field, scope),
    label: 'singular',
    description,
    isDeprecated: deprecation !== undefined,
  }
}

function labelOf(field: FieldModel, scope: FieldScope, mayBeAbsent: boolean): DraftField['label'] {
  if (field.kind.protobufType.startsWith(REPEATED)) return 'repeated'
  return mayBeAbsent && typeOf(field, scope).kind !== 'message' ? 'optional' : 'singular'
}

function typeOf(field: FieldModel, scope: FieldScope): ProtoType {
  const name = field.kind.protobufType.replace(REPEATED, '')
  if (name === 'enum') return { kind: 'enum', name: `${scope.package}.${enumName(field, scope)}` }
  return { kind: name.includes('.') ? 'message' : 'scalar', name }
}

function enumName(field: FieldModel, { owner }: FieldScope): string {
  return owner + toPascalCase(field.publicName)
}

/** `PostStatus` → `POST_STATUS`. */
function toCapitals(name: string): string {
  return name.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}
