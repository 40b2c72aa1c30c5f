/**
 * Derives the GraphQL schema of a domain. Knows the model alone: what a field means stands beside it, how it is answered is the business of
 * those who read that.
 *
 * Fields of the roots are nullable: one that is refused is null beside its error, and the answers of its neighbours stay.
 */
import {
  type GraphQLFieldConfig,
  GraphQLID,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  specifiedDirectives,
  specifiedScalarTypes,
} from 'graphql'
import { toPascalCase } from '../../kernel/index.ts'
import { type Deprecation, type Domain, isOffered, type ResourceModel } from '../../model/index.ts'
import { deprecationReason } from './field-types.ts'
import { listArguments } from './list-arguments.ts'
import { addMutations, type ReasonOf, USER_ERROR } from './mutation-fields.ts'
import { connectionType, deletedType, meant, NODE, PAGE_INFO, placeOf, recordType, required } from './record-types.ts'
import { SCALARS } from './scalars.ts'
import { type FieldTable, TypeNames } from './type-names.ts'

/** What should no longer be used, by the names that operations have in the OpenAPI document: `createPost`, `listPosts`. */
export interface GraphqlDeprecations {
  readonly operations?: Readonly<Record<string, Deprecation>>
}

const ROOTS = ['Query', 'Mutation', 'Subscription'] as const

/**
 * Makes the schema.
 *
 * @throws `DeclarationError` when two parts of the declaration would have one name, with the mend
 * @example
 * const schema = deriveSchema(blog)
 * process.stdout.write(renderSdl(schema))
 */
export function deriveSchema(domain: Domain, { operations = {} }: GraphqlDeprecations = {}): GraphQLSchema {
  const roots = ROOTS.map((name) => new GraphQLObjectType({ name, fields: {} }))
  const names = new TypeNames(domain.name, [...specifiedScalarTypes, ...SCALARS, NODE, PAGE_INFO, USER_ERROR, ...roots])
  const reasonOf: ReasonOf = (operation) => deprecationReason(operations[operation])
  const [query, mutation, subscription] = [names.fields('Query'), names.fields('Mutation'), names.fields('Subscription')]
  addNodeQueries(query)
  const read = domain.resources.filter((resource) => isOffered(resource, 'read'))
  for (const resource of read) {
    addQueries(query, names, resource, reasonOf)
    addSubscriptions(subscription, names, resource)
  }
  for (const resource of domain.resources) addMutations(mutation, domain.name, names, resource, reasonOf)
  return new GraphQLSchema({
    query: rootType('Query', query),
    ...(!mutation.isEmpty && { mutation: rootType('Mutation', mutation) }),
    ...(!subscription.isEmpty && { subscription: rootType('Subscription', subscription) }),
    types: read.map((resource) => recordType(names, resource)),
    directives: specifiedDirectives,
  })
}

function rootType(name: (typeof ROOTS)[number], { configs }: FieldTable): GraphQLObjectType {
  return new GraphQLObjectType({ name, fields: configs })
}

/** Most records that `nodes` gives at once: as many as the largest page. */
export const NODES_MAX = 100

function addNodeQueries(query: FieldTable): void {
  const place = 'every schema'
  const ids = new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLID)))
  const found = new GraphQLNonNull(new GraphQLList(NODE))
  const nodesDescription = `Records by their ids, in that order, null for each that is not there; at most ${NODES_MAX}.`
  query.add('node', place, meant({ kind: 'node' }, NODE, 'A record by its id.', { args: { id: ID_ARGUMENT } }))
  query.add('nodes', place, meant({ kind: 'nodes' }, found, nodesDescription, { args: { ids: { type: ids } } }))
}

const ID_ARGUMENT = { type: new GraphQLNonNull(GraphQLID), description: 'Its global id, or its id in REST.' }

function addQueries(query: FieldTable, names: TypeNames, resource: ResourceModel, reasonOf: ReasonOf): void {
  const { name, plural, typeName } = resource
  const place = placeOf(resource)
  query.add(
    name,
    place,
    meant({ kind: 'get', resource }, recordType(names, resource), `The ${name} with this id; null when there is none.`, {
      args: { id: ID_ARGUMENT },
      ...deprecated(reasonOf(`get${typeName}`)),
    }),
  )
  query.add(
    plural,
    `${place}, its plural`,
    meant({ kind: 'list', resource }, connectionType(names, resource), `A page of ${plural}.`, {
      args: listArguments(names, resource),
      ...deprecated(reasonOf(`list${toPascalCase(plural)}`)),
    }),
  )
}

function deprecated(reason: string | undefined): Pick<GraphQLFieldConfig<unknown, unknown>, 'deprecationReason'> {
  return reason === undefined ? {} : { deprecationReason: reason }
}

function addSubscriptions(subscription: FieldTable, names: TypeNames, resource: ResourceModel): void {
  const { name } = resource
  const place = placeOf(resource)
  const record = required(recordType(names, resource))
  const args = { id: { type: GraphQLID, description: `Only this ${name}.` } }
  const made = meant({ kind: 'watch', resource, change: 'created' }, record, `Each ${name} that is made or brought back.`)
  const changed = meant({ kind: 'watch', resource, change: 'updated' }, record, `Each ${name} that changes.`, { args })
  subscription.add(`${name}Created`, place, made)
  subscription.add(`${name}Updated`, place, changed)
  if (!isOffered(resource, 'delete')) return
  const gone = required(deletedType(names, resource))
  subscription.add(
    `${name}Deleted`,
    place,
    meant({ kind: 'watch', resource, change: 'deleted' }, gone, `Each ${name} that is deleted.`, { args }),
  )
}
