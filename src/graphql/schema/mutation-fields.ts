/** The mutations of a domain: one for each operation that a policy offers, each with one input and a payload of its own. */
import {
  type GraphQLFieldConfig,
  GraphQLID,
  type GraphQLInputFieldConfig,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
} from 'graphql'
import { toPascalCase } from '../../kernel/index.ts'
import { type ActionModel, type FieldModel, isOffered, type ResourceModel } from '../../model/index.ts'
import type { FieldMeaning } from '../meaning.ts'
import { deprecationReason, fieldType } from './field-types.ts'
import { deletedType, meant, placeOf, recordType, required } from './record-types.ts'
import { type FieldTable, type TypeNames, taken } from './type-names.ts'

export const USER_ERROR = new GraphQLObjectType({
  name: 'UserError',
  description:
    'A failure that a caller can bring about and mend: wrong values, a record that is not there, a rule of the domain.',
  fields: {
    code: { type: new GraphQLNonNull(GraphQLString), description: 'A code of the catalogue under `/docs/errors`.' },
    message: { type: new GraphQLNonNull(GraphQLString) },
    field: {
      type: new GraphQLList(new GraphQLNonNull(GraphQLString)),
      description: 'The path within `input`; null where no field is at fault.',
    },
  },
})

/** A mutation before it has its types. */
interface MutationPlan {
  /** `publishPost`. */
  readonly name: string
  readonly place: string
  readonly description: string
  readonly meaning: FieldMeaning
  /** Whether it is about a record that is there already. */
  readonly hasTarget: boolean
  readonly input: readonly FieldModel[]
  readonly isRequired: (field: FieldModel) => boolean
}

/** What the declaration of a service says of operations that should no longer be used, by their names in every surface: `createPost`. */
export type ReasonOf = (operation: string) => string | undefined

export function addMutations(
  table: FieldTable,
  domain: string,
  names: TypeNames,
  resource: ResourceModel,
  reasonOf: ReasonOf,
): void {
  for (const plan of planMutations(resource)) {
    const reason = reasonOf(plan.name)
    table.add(plan.name, plan.place, mutationField(domain, names, resource, plan, reason))
  }
}

function planMutations(resource: ResourceModel): readonly MutationPlan[] {
  const { name, typeName, fields } = resource
  const place = placeOf(resource)
  const sent = fields.filter((field) => !field.isStandard && field.rules.input !== 'none')
  const changeable = sent.filter((field) => !field.rules.isImmutable)
  const shared = { place, hasTarget: true, input: [], isRequired: () => false }
  return [
    isOffered(resource, 'create') && {
      ...shared,
      name: `create${typeName}`,
      description: `Makes a new ${name}.`,
      meaning: { kind: 'create', resource } as const,
      hasTarget: false,
      input: sent,
      isRequired: ({ rules }: FieldModel) => rules.input === 'required',
    },
    isOffered(resource, 'update') && {
      ...shared,
      name: `update${typeName}`,
      description: 'Changes the fields that are sent and leaves the others.',
      meaning: { kind: 'update', resource } as const,
      input: changeable,
    },
    isOffered(resource, 'update') && {
      ...shared,
      name: `replace${typeName}`,
      description: 'Sets all fields: what may be left out and is, becomes as if it had never been set.',
      meaning: { kind: 'replace', resource } as const,
      input: changeable,
      // What a caller may not set, or cannot send back, stays as it is.
      isRequired: ({ rules }: FieldModel) => rules.input === 'required' && rules.isOutput && rules.writableBy === undefined,
    },
    isOffered(resource, 'delete') && {
      ...shared,
      name: `delete${typeName}`,
      description: `Hides the ${name}. It is kept.`,
      meaning: { kind: 'delete', resource } as const,
    },
    isOffered(resource, 'restore') && {
      ...shared,
      name: `restore${typeName}`,
      description: `Brings a deleted ${name} back.`,
      meaning: { kind: 'restore', resource } as const,
    },
    ...resource.actions.filter(({ verb }) => isOffered(resource, verb)).map((action) => planAction(resource, action)),
  ].filter((plan) => plan !== false)
}

function planAction(resource: ResourceModel, action: ActionModel): MutationPlan {
  return {
    name: `${action.name}${resource.typeName}`,
    place: `${placeOf(resource)}, action "${action.name}"`,
    description: action.description ?? `Runs ${action.name} on the ${resource.name}.`,
    meaning: { kind: 'act', resource, action },
    hasTarget: true,
    input: action.input,
    isRequired: ({ rules }) => rules.input === 'required',
  }
}

function mutationField(
  domain: string,
  names: TypeNames,
  resource: ResourceModel,
  plan: MutationPlan,
  reason: string | undefined,
): GraphQLFieldConfig<unknown, unknown> {
  const input = inputType(domain, names, resource, plan)
  return meant(plan.meaning, payloadType(names, resource, plan), plan.description, {
    args: { input: { type: new GraphQLNonNull(input) } },
    ...(reason !== undefined && { deprecationReason: reason }),
  })
}

function inputType(domain: string, names: TypeNames, resource: ResourceModel, plan: MutationPlan): GraphQLInputObjectType {
  const name = `${toPascalCase(plan.name)}Input`
  const { meaning, place } = plan
  const typeName = meaning.kind === 'act' ? toPascalCase(plan.name) : resource.typeName
  const fields: Record<string, GraphQLInputFieldConfig> = plan.hasTarget ? { ...TARGET_FIELDS } : {}
  for (const field of plan.input) {
    if (Object.hasOwn(fields, field.publicName))
      throw taken(
        domain,
        `${place}, input "${field.name}"`,
        `its GraphQL field "${name}.${field.publicName}"`,
        'every input on a record',
      )
    const type = fieldType(names, { typeName, place }, field)
    fields[field.publicName] = inputField(field, plan.isRequired(field) ? new GraphQLNonNull(type) : type)
  }
  return names.define(name, place, () => new GraphQLInputObjectType({ name, fields }))
}

const TARGET_FIELDS: Readonly<Record<string, GraphQLInputFieldConfig>> = {
  id: { type: new GraphQLNonNull(GraphQLID), description: 'Which record: its global id, or its id in REST.' },
  version: { type: GraphQLInt, description: 'The version that the record must have; any, if left out.' },
}

function inputField({ rules }: FieldModel, type: GraphQLInputFieldConfig['type']): GraphQLInputFieldConfig {
  const { description, writableBy, fallback } = rules
  const writers = writableBy === undefined ? undefined : `Only for ${writableBy.join(', ')}.`
  const byDefault = fallback === undefined ? undefined : 'Has a default.'
  const parts = [description, writers, byDefault].filter((part) => part !== undefined)
  const reason = type instanceof GraphQLNonNull ? undefined : deprecationReason(rules.deprecation)
  return {
    type,
    ...(parts.length > 0 && { description: parts.join(' ') }),
    ...(reason !== undefined && { deprecationReason: reason }),
  }
}

/** The record as it is then; null beside `errors` when nothing was changed. */
function payloadType(names: TypeNames, resource: ResourceModel, { name, place, meaning }: MutationPlan): GraphQLObjectType {
  const typeName = `${toPascalCase(name)}Payload`
  const changed = meaning.kind === 'delete' ? deletedType(names, resource) : recordType(names, resource)
  return names.define(typeName, place, () => {
    const table = names.fields(typeName)
    table.add(resource.name, place, meant({ kind: 'changed', resource }, changed, 'Null when it did not succeed.'))
    const errors = required(new GraphQLList(new GraphQLNonNull(USER_ERROR)))
    table.add('errors', 'every payload', meant({ kind: 'errors' }, errors, 'Why it did not succeed; empty when it did.'))
    return new GraphQLObjectType({ name: typeName, fields: table.configs })
  })
}
