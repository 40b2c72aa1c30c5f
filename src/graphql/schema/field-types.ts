/** Says which GraphQL type a field of the model has, going in and coming out. Knows kinds by the name of their type only. */
import {
  GraphQLEnumType,
  GraphQLList,
  type GraphQLNamedInputType,
  type GraphQLNamedOutputType,
  GraphQLNonNull,
  specifiedScalarTypes,
} from 'graphql'
import { toPascalCase } from '../../kernel/index.ts'
import { choicesOf, type Deprecation, type FieldModel } from '../../model/index.ts'
import { SCALARS } from './scalars.ts'
import type { Place, TypeNames } from './type-names.ts'

const SCALARS_BY_NAME = new Map([...specifiedScalarTypes, ...SCALARS].map((scalar) => [scalar.name, scalar]))

/** What a field belongs to. */
export interface FieldOwner {
  /** In front of the name of an enum: `Post` makes `PostStatus`. */
  readonly typeName: string
  readonly place: Place
}

type FieldType = (GraphQLNamedInputType & GraphQLNamedOutputType) | GraphQLList<GraphQLNonNull<FieldItem>>
type FieldItem = GraphQLNamedInputType & GraphQLNamedOutputType

/** The type of the field's values, null left aside; the same for input and output. */
export function fieldType(names: TypeNames, owner: FieldOwner, field: FieldModel): FieldType {
  const item = itemType(names, owner, field)
  return isList(field) ? new GraphQLList(new GraphQLNonNull(item)) : item
}

/** Whether the answer may be null, though the record has a value: the field is for some roles only. */
export function isNullableOutput({ rules }: FieldModel): boolean {
  return rules.isNullable || rules.readableBy !== undefined
}

/** The reason that tools show beside what should no longer be used. */
export function deprecationReason(deprecation: Deprecation | undefined): string | undefined {
  if (deprecation === undefined) return undefined
  const { since, sunset, reason } = deprecation
  const end = sunset === undefined ? '' : `, may be gone from ${sunset}`
  return `Since ${since}${end}.${reason === undefined ? '' : ` ${reason}`}`
}

/** How a choice is spelt in a document: `in-review` is `IN_REVIEW`. */
export function enumName(choice: string): string {
  return choice.toUpperCase().replaceAll('-', '_')
}

function isList({ kind }: FieldModel): boolean {
  return kind.graphqlType.startsWith('[')
}

function itemType(names: TypeNames, owner: FieldOwner, field: FieldModel): FieldItem {
  const name = isList(field) ? field.kind.graphqlType.slice(1, -2) : field.kind.graphqlType
  if (name === 'Enum') return enumType(names, owner, field)
  const scalar = SCALARS_BY_NAME.get(name)
  if (scalar === undefined)
    throw new TypeError(
      `Cannot derive a schema: kind "${field.kind.name}" has the GraphQL type "${name}", expected one of ${[...SCALARS_BY_NAME.keys()].join(', ')} or Enum`,
    )
  return scalar
}

function enumType(names: TypeNames, owner: FieldOwner, field: FieldModel): GraphQLEnumType {
  const name = `${owner.typeName}${toPascalCase(field.name)}`
  const place = `${owner.place}, field "${field.name}"`
  return names.define(
    name,
    place,
    () =>
      new GraphQLEnumType({
        name,
        values: Object.fromEntries((choicesOf(field.kind) ?? []).map((value) => [enumName(value), { value }])),
      }),
  )
}
