/** The types of records: their fields, what they refer to, the lists that belong to them, and the pages that lists come in. */
import {
  GraphQLBoolean,
  type GraphQLFieldConfig,
  GraphQLID,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
} from 'graphql'
import { type FieldModel, isOffered, type ResourceModel } from '../../model/index.ts'
import type { FieldMeaning } from '../meaning.ts'
import { deprecationReason, fieldType, isNullableOutput } from './field-types.ts'
import { listArguments } from './list-arguments.ts'
import type { TypeNames } from './type-names.ts'

export const NODE = new GraphQLInterfaceType({
  name: 'Node',
  description: 'A record, whatever it is, by its id.',
  fields: { id: { type: new GraphQLNonNull(GraphQLID), description: 'Identifies the record among all of them, for ever.' } },
})

export const PAGE_INFO = new GraphQLObjectType({
  name: 'PageInfo',
  description: 'Where a page stands in its list.',
  fields: {
    hasNextPage: meant({ kind: 'hasNext' }, new GraphQLNonNull(GraphQLBoolean), 'Whether records follow the page.'),
    hasPreviousPage: meant({ kind: 'hasPrevious' }, new GraphQLNonNull(GraphQLBoolean), 'Whether records come before the page.'),
    startCursor: meant({ kind: 'firstCursor' }, GraphQLString, 'The cursor of the first record; null on an empty page.'),
    endCursor: meant({ kind: 'lastCursor' }, GraphQLString, 'The cursor of the last record; null on an empty page.'),
  },
})

/** A field and what it means. */
export function meant(
  meaning: FieldMeaning,
  type: GraphQLOutputType,
  description?: string,
  more: Pick<GraphQLFieldConfig<unknown, unknown>, 'args' | 'deprecationReason'> = {},
): GraphQLFieldConfig<unknown, unknown> {
  return { type, ...(description !== undefined && { description }), ...more, extensions: { meaning } }
}

/** `Post`: the fields that may leave, the records that they point to, and the lists that belong to the record. */
export function recordType(names: TypeNames, resource: ResourceModel): GraphQLObjectType {
  const { typeName, description } = resource
  return names.define(
    typeName,
    placeOf(resource),
    () =>
      new GraphQLObjectType({
        name: typeName,
        ...(description !== undefined && { description }),
        interfaces: [NODE],
        fields: () => recordFields(names, resource),
      }),
  )
}

/** What is left to say of a record that was deleted. */
export function deletedType(names: TypeNames, resource: ResourceModel): GraphQLObjectType {
  const name = `${resource.typeName}Deleted`
  return names.define(name, placeOf(resource), () => {
    const shown = resource.fields.filter((field) => field.isStandard && (field.name === 'id' || field.name === 'version'))
    return new GraphQLObjectType({
      name,
      description: `What is told of a deleted ${resource.name}.`,
      fields: Object.fromEntries(shown.map((field) => [field.publicName, outputField(names, resource, field)])),
    })
  })
}

/** `PostConnection`: one page of a list. */
export function connectionType(names: TypeNames, resource: ResourceModel): GraphQLObjectType {
  const { typeName, plural } = resource
  const name = `${typeName}Connection`
  return names.define(
    name,
    placeOf(resource),
    () =>
      new GraphQLObjectType({
        name,
        description: `A page of ${plural}.`,
        fields: () => {
          const records = required(listOf(required(recordType(names, resource))))
          return {
            edges: meant(
              { kind: 'edges' },
              required(listOf(required(edgeType(names, resource)))),
              'The records with their cursors.',
            ),
            nodes: meant({ kind: 'records' }, records, 'The records alone.'),
            pageInfo: meant({ kind: 'info' }, required(PAGE_INFO)),
            totalCount: meant(
              { kind: 'total' },
              required(GraphQLInt),
              'How many records the list has, whatever the page; costs a count.',
            ),
          }
        },
      }),
  )
}

function edgeType(names: TypeNames, resource: ResourceModel): GraphQLObjectType {
  const name = `${resource.typeName}Edge`
  return names.define(
    name,
    placeOf(resource),
    () =>
      new GraphQLObjectType({
        name,
        fields: () => ({
          cursor: meant({ kind: 'cursor' }, required(GraphQLString), 'Where the record stands in the list.'),
          node: meant({ kind: 'record' }, required(recordType(names, resource))),
        }),
      }),
  )
}

export function placeOf({ name }: ResourceModel): string {
  return `resource "${name}"`
}

export function required<Type extends GraphQLOutputType>(type: Type): GraphQLNonNull<Type> {
  return new GraphQLNonNull(type)
}

function listOf<Type extends GraphQLOutputType>(type: Type): GraphQLList<Type> {
  return new GraphQLList(type)
}

function recordFields(names: TypeNames, resource: ResourceModel) {
  const place = placeOf(resource)
  const table = names.fields(resource.typeName)
  for (const field of resource.fields.filter((one) => isShown(resource, one)))
    table.add(field.publicName, `${place}, field "${field.name}"`, outputField(names, resource, field))
  for (const reference of resource.references.filter((one) => isOffered(one.resource, 'read'))) {
    const { by } = reference
    if (!by.rules.isOutput) continue
    // Null where the caller may not know of the record, whatever the field itself says.
    const type = recordType(names, reference.resource)
    table.add(by.name, `${place}, field "${by.name}"`, meant({ kind: 'reference', reference }, type, by.rules.description))
  }
  for (const child of resource.children.filter((one) => isOffered(one.resource, 'read'))) {
    const type = required(connectionType(names, child.resource))
    const description = `The ${child.resource.plural} that belong to the ${resource.name}.`
    table.add(
      child.name,
      `${place}, relation "${child.name}"`,
      meant({ kind: 'children', child }, type, description, { args: listArguments(names, child.resource) }),
    )
  }
  return table.configs
}

/** When a record was deleted is told where deleted records may be seen; of others it is null. */
function isShown(resource: ResourceModel, field: FieldModel): boolean {
  return field.rules.isOutput || (field.isStandard && field.name === 'deletedAt' && isOffered(resource, 'read-deleted'))
}

function outputField(names: TypeNames, resource: ResourceModel, field: FieldModel): GraphQLFieldConfig<unknown, unknown> {
  const type = fieldType(names, { typeName: resource.typeName, place: placeOf(resource) }, field)
  const reason = deprecationReason(field.rules.deprecation)
  return meant({ kind: 'field', field }, isNullableOutput(field) ? type : required(type), outputDescription(field), {
    ...(reason !== undefined && { deprecationReason: reason }),
  })
}

function outputDescription({ rules }: FieldModel): string | undefined {
  const readers = rules.readableBy === undefined ? undefined : `Null for all but ${rules.readableBy.join(', ')}.`
  const parts = [rules.description, readers].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : parts.join(' ')
}
