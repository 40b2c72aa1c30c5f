/**
 * Drafts the protobuf file of one resource: its record, what can be said of it, and a service with the operations that a rule permits to
 * somebody. Knows the model, no numbers.
 */
import { toPascalCase } from '../../kernel/index.ts'
import { isOffered, type ResourceModel } from '../../model/index.ts'
import type { DraftEnum, DraftFile, DraftMessage, DraftMethod, MethodKind, MethodMeaning } from './draft.ts'
import {
  draftComparisons,
  draftEnums,
  draftInput,
  draftOutput,
  type FieldScope,
  inputFields,
  outputFields,
} from './draft-fields.ts'
import { answerOwner, draftChangeKind, draftRequest, draftResponse } from './draft-messages.ts'
import { packageOf, recordName } from './names.ts'

/** Undefined where nothing is offered to anybody. */
export function draftResource(resource: ResourceModel): DraftFile | undefined {
  const methods = draftMethods(resource)
  if (methods.length === 0) return undefined
  const segment = recordName(resource)
  return {
    path: `${segment}/v1/${segment}.proto`,
    package: packageOf(resource),
    resource,
    service: `${resource.typeName}Service`,
    methods,
    messages: [...draftShared(resource, methods), ...methods.flatMap((method) => [draftRequest(method), draftResponse(method)])],
    enums: draftAllEnums(resource, methods),
  }
}

function draftMethods(resource: ResourceModel): readonly DraftMethod[] {
  const { typeName } = resource
  const plural = toPascalCase(resource.plural)
  const standard = (kind: MethodKind, verb: string, name: string, description: string): readonly DraftMethod[] =>
    isOffered(resource, verb) ? [{ name, description, meaning: { kind, resource } }] : []
  const actions = resource.actions.filter((action) => isOffered(resource, action.verb))
  return [
    ...standard('get', 'read', `Get${typeName}`, 'Gives one record by its id.'),
    ...standard('list', 'read', `List${plural}`, 'Gives a page of the records that the caller may read.'),
    ...standard('create', 'create', `Create${typeName}`, 'Makes a record.'),
    ...standard('update', 'update', `Update${typeName}`, 'Changes the fields that the mask names.'),
    ...standard('delete', 'delete', `Delete${typeName}`, 'Hides a record; it can be restored.'),
    ...standard('restore', 'restore', `Restore${typeName}`, 'Brings a deleted record back.'),
    ...actions.map((action): DraftMethod => {
      const name = toPascalCase(action.name) + typeName
      const { description = `Runs the action ${action.name}.` } = action
      return { name, description, meaning: { kind: 'act', resource, action } }
    }),
    ...resource.exchanges
      .filter((exchange) => isOffered(resource, exchange.verb))
      .map((exchange): DraftMethod => {
        const name = toPascalCase(exchange.name) + typeName
        const { description = `Opens the exchange ${exchange.name}.` } = exchange
        return { name, description, meaning: { kind: 'exchange', resource, exchange } }
      }),
    ...standard('watch', 'read', `Watch${plural}`, 'Tells each change of a record that the caller may read, as it is committed.'),
  ]
}

/** What several methods speak of: the record, its input, its filter. */
function draftShared(resource: ResourceModel, methods: readonly DraftMethod[]): readonly DraftMessage[] {
  const scope = scopeOf(resource)
  const offers = (...kinds: readonly MethodKind[]): boolean =>
    methods.some(({ meaning }) => kinds.some((kind) => kind === meaning.kind))
  const { typeName, description = `A record of ${resource.plural}.` } = resource
  const shown = outputFields(resource, isOffered(resource, 'read-deleted'))
  const record = { name: typeName, description, fields: shown.map((field) => draftOutput(field, scope)) }
  const input = {
    name: `${typeName}Input`,
    description: `What a caller may set of a ${typeName}.`,
    fields: inputFields(resource).map((field) => draftInput(field, scope)),
  }
  const { filterable } = resource.list
  const filter = {
    name: `${typeName}Filter`,
    description: 'Which records a list holds; all that is given must hold.',
    fields: filterable.map((field) => ({
      name: field.column,
      type: { kind: 'message', name: `${scope.package}.${typeName}Filter.${toPascalCase(field.publicName)}` } as const,
      label: 'singular' as const,
      isDeprecated: field.rules.deprecation !== undefined,
    })),
    nested: filterable.map((field) => draftComparisons(field, scope)),
  }
  return [record, ...(offers('create', 'update') ? [input] : []), ...(offers('list') && filterable.length > 0 ? [filter] : [])]
}

function draftAllEnums(resource: ResourceModel, methods: readonly DraftMethod[]): readonly DraftEnum[] {
  const used = new Set([...outputFields(resource, false), ...inputFields(resource), ...resource.list.filterable])
  return [
    ...draftEnums([...used], scopeOf(resource)),
    ...methods.flatMap(({ name, meaning }) => draftOwnEnums(name, meaning)),
    ...(methods.some(({ meaning }) => meaning.kind === 'watch') ? [draftChangeKind(resource)] : []),
  ]
}

/** Those that the messages of one method alone speak of. */
function draftOwnEnums(name: string, meaning: MethodMeaning): readonly DraftEnum[] {
  const scope = { package: packageOf(meaning.resource), owner: name }
  switch (meaning.kind) {
    case 'act':
      return draftEnums(meaning.action.input, scope)
    case 'exchange':
      return [
        ...draftEnums(meaning.exchange.receives, scope),
        ...draftEnums(meaning.exchange.sends, { ...scope, owner: answerOwner(name) }),
      ]
    default:
      return []
  }
}

function scopeOf(resource: ResourceModel): FieldScope {
  return { package: packageOf(resource), owner: resource.typeName }
}
