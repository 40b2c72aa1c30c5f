/**
 * Turns selections of a validated document into the parts of a tree: the fields of records, what they refer to, the pages that belong to them.
 * What a field means stands beside it in the schema. Knows nothing of who asks.
 */
import { type FieldNode, type GraphQLField, type GraphQLObjectType, getArgumentValues, getNamedType, isObjectType } from 'graphql'
import type { ConstantTree, EdgePart, PageInfoPart, PagePart, PageTree, RecordPart, RecordSelection } from '../engine/index.ts'
import { type ErrorDetail, invalid } from '../kernel/index.ts'
import type { ResourceModel } from '../model/index.ts'
import { keepConstant } from './constant-parts.ts'
import { type CollectedFields, type CollectScope, collectFields } from './document/collect-fields.ts'
import { expectCoerced } from './document/expect-coerced.ts'
import { type FieldMeaning, meaningOf } from './meaning.ts'
import { type ArgumentValues, isArgumentGiven, readListArguments } from './read-list-arguments.ts'

/** The nodes of one response key: they ask for the same field, and select below it together. */
export type FieldNodes = readonly [FieldNode, ...FieldNode[]]

/** A field of a selection, found in its type. */
export interface FoundField {
  readonly as: string
  /** Where the document names the key, as the caller may. */
  readonly isAlias: boolean
  readonly nodes: FieldNodes
  readonly field: GraphQLField<unknown, unknown>
  readonly meaning: FieldMeaning | undefined
}

/** The fields that the selections below `nodes` ask of a type, in order. */
function findFields(scope: CollectScope, type: GraphQLObjectType, nodes: FieldNodes): readonly (FoundField | ConstantTree)[] {
  return foundIn(collectBelow(scope, type, nodes), type)
}

export function collectBelow(scope: CollectScope, type: GraphQLObjectType, nodes: FieldNodes): CollectedFields {
  return collectFields(
    scope,
    type,
    nodes.map((node) => node.selectionSet),
  )
}

/** Fields in their type; `__typename` as what it is. */
export function foundIn(collected: CollectedFields, type: GraphQLObjectType): readonly (FoundField | ConstantTree)[] {
  const fields = type.getFields()
  return [...collected].map(([as, nodes]) => {
    const [node] = nodes
    const isAlias = node.alias !== undefined
    if (node.name.value === '__typename') return { kind: 'constant', as, isAlias, value: type.name }
    const field = fields[node.name.value]
    // Validation has found every field that is there, but for those of the schema itself.
    if (field === undefined) return { kind: 'constant', as, isAlias, value: null }
    return { as, isAlias, nodes, field, meaning: meaningOf(field) }
  })
}

/**
 * What is wanted of a record.
 *
 * @param type the type of the record
 * @param collected what was selected of it
 * @param path the keys of the answer that lead to the record, for what is wrong with arguments below it
 * @throws `VALIDATION_FAILED` with all that is wrong with the arguments of one list
 */
export function planRecord(
  scope: CollectScope,
  type: GraphQLObjectType,
  collected: CollectedFields,
  path: readonly string[] = [],
): RecordSelection {
  return foundIn(collected, type).map(
    (found): RecordPart => ('kind' in found ? found : keepConstant(type, found.nodes, () => planPart(scope, found, path))),
  )
}

function planBelow(
  scope: CollectScope,
  field: GraphQLField<unknown, unknown>,
  nodes: FieldNodes,
  path: readonly string[],
): RecordSelection {
  const type = typeOf(field)
  return planRecord(scope, type, collectBelow(scope, type, nodes), path)
}

function planPart(scope: CollectScope, { as, isAlias, field, meaning, nodes }: FoundField, path: readonly string[]): RecordPart {
  switch (meaning?.kind) {
    case 'field':
      return { kind: 'field', as, isAlias, field: meaning.field }
    case 'reference':
      return {
        kind: 'reference',
        as,
        isAlias,
        reference: meaning.reference,
        select: planBelow(scope, field, nodes, [...path, as]),
      }
    case 'children': {
      const { child } = meaning
      return { kind: 'children', as, isAlias, child, page: planPage(scope, child.resource, field, nodes, [...path, as]) }
    }
    default:
      throw strange(field)
  }
}

/** @throws `VALIDATION_FAILED` with all that is wrong with the arguments */
export function planPage(
  scope: CollectScope,
  resource: ResourceModel,
  field: GraphQLField<unknown, unknown>,
  nodes: FieldNodes,
  path: readonly string[],
): PageTree {
  const [node] = nodes
  const findings: ErrorDetail[] = []
  const isGiven = (name: string): boolean => isArgumentGiven(node, name, scope.variables)
  const read = readListArguments(resource, readArguments(scope, field, node), isGiven, findings)
  if (findings.length > 0) throw invalid(findings.map((one) => placed(one, path)))
  const type = typeOf(field)
  const select = findFields(scope, type, nodes).map(
    (found): PagePart => ('kind' in found ? found : keepConstant(type, found.nodes, () => planPagePart(scope, found, path))),
  )
  return { resource, ...read, select }
}

function planPagePart(
  scope: CollectScope,
  { as, isAlias, field, meaning, nodes }: FoundField,
  path: readonly string[],
): PagePart {
  const below = [...path, as]
  switch (meaning?.kind) {
    case 'records':
      return { kind: 'records', as, isAlias, select: planBelow(scope, field, nodes, below) }
    case 'total':
      return { kind: 'total', as, isAlias }
    case 'edges': {
      const select = findFields(scope, typeOf(field), nodes).map(
        (found): EdgePart => ('kind' in found ? found : planEdge(scope, found, below)),
      )
      return { kind: 'edges', as, isAlias, select }
    }
    case 'info': {
      const select = findFields(scope, typeOf(field), nodes).map(
        (found): PageInfoPart => ('kind' in found ? found : planInfo(found)),
      )
      return { kind: 'info', as, isAlias, select }
    }
    default:
      throw strange(field)
  }
}

function planEdge(scope: CollectScope, { as, isAlias, field, meaning, nodes }: FoundField, path: readonly string[]): EdgePart {
  if (meaning?.kind === 'cursor') return { kind: 'cursor', as, isAlias }
  if (meaning?.kind !== 'record') throw strange(field)
  return { kind: 'record', as, isAlias, select: planBelow(scope, field, nodes, [...path, as]) }
}

function planInfo({ as, isAlias, field, meaning }: FoundField): PageInfoPart {
  switch (meaning?.kind) {
    case 'hasNext':
    case 'hasPrevious':
    case 'firstCursor':
    case 'lastCursor':
      return { kind: meaning.kind, as, isAlias }
    default:
      throw strange(field)
  }
}

/** @throws `VALIDATION_FAILED` for a variable that holds null where there must be a value */
export function readArguments(scope: CollectScope, field: GraphQLField<unknown, unknown>, node: FieldNode): ArgumentValues {
  return expectCoerced(field.name, () => getArgumentValues(field, node, scope.variables))
}

/** What is wrong with an argument, by the keys of the answer that lead to it. */
function placed({ field, code, message }: ErrorDetail, path: readonly string[]): ErrorDetail {
  return { field: [...path, field].join('.'), code, message }
}

function typeOf(field: GraphQLField<unknown, unknown>): GraphQLObjectType {
  const type = getNamedType(field.type)
  if (!isObjectType(type)) throw strange(field)
  return type
}

/** A mistake of the schema, not of a caller. */
function strange({ name }: GraphQLField<unknown, unknown>): TypeError {
  return new TypeError(`Cannot plan the field "${name}": the schema does not say what it means here`)
}
