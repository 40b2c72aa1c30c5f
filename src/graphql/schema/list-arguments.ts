/** The arguments of a list: where its page begins, what is filtered, in which order. Typed, and only what the declaration allows. */
import {
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLFieldConfigArgumentMap,
  type GraphQLInputFieldConfig,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
  getNamedType,
} from 'graphql'
import { toSnakeCase } from '../../kernel/index.ts'
import { type FieldModel, isOffered, type Operator, type ResourceModel, type SortModel } from '../../model/index.ts'
import { deprecationReason, fieldType } from './field-types.ts'
import type { TypeNames } from './type-names.ts'

/** Records on a page when the caller does not say: what GQL-01 wants of every connection. */
const FIRST_DEFAULT = 10

/** Where two resources share a filter type, none of them owns its name. */
const SHARED_PLACE = 'the filters of every schema'

/** `first`, `after`, `last`, `before`, and what the resource can be filtered, sorted and searched by. */
export function listArguments(names: TypeNames, resource: ResourceModel): GraphQLFieldConfigArgumentMap {
  const { list } = resource
  const most = `at most ${list.limitMax}`
  return {
    first: {
      type: GraphQLInt,
      defaultValue: firstDefault(resource),
      description: `How many records the page has, from the beginning of the list or from \`after\`; ${most}.`,
    },
    after: { type: GraphQLString, description: 'A cursor of this list: the page begins behind it.' },
    last: {
      type: GraphQLInt,
      description: `How many records the page has, up to the end of the list or to \`before\`; ${most}.`,
    },
    before: { type: GraphQLString, description: 'A cursor of this list: the page ends in front of it.' },
    ...(list.filterable.length > 0 && { filter: { type: filterType(names, resource) } }),
    ...(list.sortable.length > 0 && {
      orderBy: { type: new GraphQLList(new GraphQLNonNull(orderType(names, resource))), description: orderDescription(resource) },
    }),
    ...(list.searchable.length > 0 && {
      search: { type: GraphQLString, description: searchDescription(resource) },
    }),
    ...(isOffered(resource, 'read-deleted') && {
      includeDeleted: {
        type: GraphQLBoolean,
        defaultValue: false,
        description: 'Whether deleted records count too; for those who may see them.',
      },
    }),
  }
}

/** How many records a page has when the caller does not say. */
export function firstDefault({ list }: ResourceModel): number {
  return Math.min(FIRST_DEFAULT, list.limitMax)
}

/** How a direction of an order is spelt: `CREATED_AT_DESC`. */
function orderName({ field, isDescending }: SortModel): string {
  return `${toSnakeCase(field.publicName).toUpperCase()}_${isDescending ? 'DESC' : 'ASC'}`
}

/** The values that a document's names stand for are `SortModel`s. */
function orderType(names: TypeNames, resource: ResourceModel): GraphQLEnumType {
  const name = `${resource.typeName}Order`
  return names.define(name, `resource "${resource.name}"`, () => {
    const keys = resource.list.sortable.flatMap((field): readonly SortModel[] => [
      { field, isDescending: false },
      { field, isDescending: true },
    ])
    return new GraphQLEnumType({ name, values: Object.fromEntries(keys.map((value) => [orderName(value), { value }])) })
  })
}

function orderDescription({ list }: ResourceModel): string {
  return `The order, the first key first. Default \`${orderName(list.defaultSort)}\`.`
}

function searchDescription({ list }: ResourceModel): string {
  return `Only records with this text in ${list.searchable.map(({ publicName }) => `\`${publicName}\``).join(' or ')}.`
}

/** One entry for each field that may be filtered by, under its public name; all of them must hold. */
function filterType(names: TypeNames, resource: ResourceModel): GraphQLInputObjectType {
  const name = `${resource.typeName}Filter`
  return names.define(name, `resource "${resource.name}"`, () => {
    const fields = resource.list.filterable.map((field) => [
      field.publicName,
      { type: comparisonType(names, resource, field), ...deprecated(field) },
    ])
    return new GraphQLInputObjectType({
      name,
      description: `What ${resource.plural} must be like; all of it must hold.`,
      fields: Object.fromEntries(fields),
    })
  })
}

function deprecated({ rules }: FieldModel): Pick<GraphQLInputFieldConfig, 'deprecationReason'> {
  const reason = deprecationReason(rules.deprecation)
  return reason === undefined ? {} : { deprecationReason: reason }
}

/** How comparisons are spelt in a filter. */
export const COMPARISON_NAMES: Readonly<Record<Operator, string>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'gt',
  gte: 'gte',
  lt: 'lt',
  lte: 'lte',
  in: 'in',
  null: 'isNull',
}

/** `DateTimeFilter`: shared by all fields that can be compared in the same ways. A choice has one of its own. */
function comparisonType(names: TypeNames, resource: ResourceModel, field: FieldModel): GraphQLInputObjectType {
  const place = `resource "${resource.name}"`
  const type = fieldType(names, { typeName: resource.typeName, place }, field)
  const { isNullable } = field.rules
  const operators = field.kind.operators.filter((operator) => operator !== 'null' || isNullable)
  // Text is the one scalar with two sets of comparisons: only short texts can be put in order.
  const isOrderedText = type === GraphQLString && operators.includes('gt')
  const base = getNamedType(type).name
  const name = `${isNullable ? 'Nullable' : ''}${isOrderedText ? 'Ordered' : ''}${base}Filter`
  return names.define(name, type instanceof GraphQLEnumType ? `${place}, field "${field.name}"` : SHARED_PLACE, () => {
    const fields = operators.map((operator) => [COMPARISON_NAMES[operator], { type: operandType(operator, type) }])
    return new GraphQLInputObjectType({ name, fields: Object.fromEntries(fields) })
  })
}

function operandType(operator: Operator, type: GraphQLInputType): GraphQLInputType {
  if (operator === 'null') return GraphQLBoolean
  return operator === 'in' ? new GraphQLList(new GraphQLNonNull(type)) : type
}
