/**
 * Weighs an operation by the records that its answer may hold: a list counts as many times as it may have records, variables with their
 * values. A selection weighs a fixed part and a part for each record of the page around it, so a fragment is weighed once, wherever it is spread.
 */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'
import type { FieldModel, JsonSchema, ResourceModel } from '../../model/index.ts'
import { meaningOf } from '../meaning.ts'
import { NODES_MAX } from '../schema/derive-schema.ts'
import { firstDefault } from '../schema/list-arguments.ts'

/** Weights of fields by where they stand: `{ 'User.posts': 5 }`. Each replaces what the field itself weighs otherwise. */
export type FieldWeights = Readonly<Record<string, number>>

export type VariableValues = Readonly<Record<string, unknown>>

interface Weight {
  readonly fixed: number
  /** For each record of the page that the selection describes. */
  readonly perRecord: number
  /** Counts of the list that the selection describes: what one takes is known where the list stands. */
  readonly totals: number
}

const NO_WEIGHT: Weight = { fixed: 0, perRecord: 0, totals: 0 }
const RECORD_WEIGHT = 1
/** A count of the list under one record reads its part of an index. */
const TOTAL_WEIGHT = 10
/** One of all records reads a whole index: 100 ms for 200,000 posts, in which 1,000 to 2,000 records can be read. */
const TOTAL_OF_ALL_WEIGHT = 1_000
/** And one of all records with a text in them looks into each that might have it: 500 ms for as many. */
const TOTAL_OF_SEARCH_WEIGHT = 5_000
/** A change and its journal entry. */
const CHANGE_WEIGHT = 10
/** Characters that weigh as much as a record. Shorter texts weigh their part of it, or a title under twenty names would come for nothing. */
const RECORD_CHARACTERS = 2_000
/** Ids and times come with their record. */
const SHORT_TEXT = 64
/** A value whose size the schema does not tell. */
const JSON_WEIGHT = 5

/** Weighs the operations of one document. */
export class Scales {
  readonly #schema: GraphQLSchema
  readonly #weights: FieldWeights
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** Of operations without variables. */
  readonly #constant = new Map<OperationDefinitionNode, number>()

  constructor(schema: GraphQLSchema, fragments: ReadonlyMap<string, FragmentDefinitionNode>, weights: FieldWeights) {
    this.#schema = schema
    this.#weights = weights
    this.#fragments = fragments
  }

  /** @param variables as they were coerced, defaults filled in */
  weigh(operation: OperationDefinitionNode, variables: VariableValues): number {
    const known = this.#constant.get(operation)
    if (known !== undefined) return known
    const root = this.#schema.getRootType(operation.operation) ?? undefined
    const weight = Math.round(this.#weighSelection(operation.selectionSet, root, variables, new Map()).fixed)
    if ((operation.variableDefinitions?.length ?? 0) === 0) this.#constant.set(operation, weight)
    return weight
  }

  #weighSelection(
    { selections }: SelectionSetNode,
    type: GraphQLNamedType | undefined,
    variables: VariableValues,
    weighed: Map<string, Weight>,
  ): Weight {
    let fixed = 0
    let perRecord = 0
    let totals = 0
    for (const selection of selections) {
      const weight = this.#weighOne(selection, type, variables, weighed)
      fixed += weight.fixed
      perRecord += weight.perRecord
      totals += weight.totals
    }
    return { fixed, perRecord, totals }
  }

  #weighOne(
    selection: SelectionSetNode['selections'][number],
    type: GraphQLNamedType | undefined,
    variables: VariableValues,
    weighed: Map<string, Weight>,
  ): Weight {
    if (selection.kind === Kind.FIELD) return this.#weighField(selection, type, variables, weighed)
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const condition = selection.typeCondition
      const inner = condition === undefined ? type : this.#schema.getType(condition.name.value)
      return this.#weighSelection(selection.selectionSet, inner, variables, weighed)
    }
    const name = selection.name.value
    const known = weighed.get(name)
    const fragment = this.#fragments.get(name)
    if (known !== undefined || fragment === undefined) return known ?? NO_WEIGHT
    const inner = this.#schema.getType(fragment.typeCondition.name.value)
    const weight = this.#weighSelection(fragment.selectionSet, inner, variables, weighed)
    weighed.set(name, weight)
    return weight
  }

  #weighField(
    node: FieldNode,
    type: GraphQLNamedType | undefined,
    variables: VariableValues,
    weighed: Map<string, Weight>,
  ): Weight {
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined
    if (field === undefined) return NO_WEIGHT
    const below =
      node.selectionSet === undefined
        ? NO_WEIGHT
        : this.#weighSelection(node.selectionSet, getNamedType(field.type), variables, weighed)
    const own = this.#weights[`${type?.name}.${field.name}`]
    return weighByMeaning(field, node, below, own, variables)
  }
}

function weighByMeaning(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  below: Weight,
  own: number | undefined,
  variables: VariableValues,
): Weight {
  const meaning = meaningOf(field)
  const once = (fixed: number): Weight => ({ ...NO_WEIGHT, fixed })
  switch (meaning?.kind) {
    case undefined:
    case 'info':
    case 'errors':
    case 'cursor':
    case 'hasNext':
    case 'hasPrevious':
    case 'firstCursor':
    case 'lastCursor':
    case 'record':
      return once((own ?? 0) + below.fixed)
    case 'field':
      return once(own ?? valueWeight(meaning.field))
    case 'get':
    case 'node':
    case 'reference':
    case 'changed':
    case 'watch':
      return once((own ?? RECORD_WEIGHT) + below.fixed)
    case 'nodes':
      return once(idCount(node, variables) * ((own ?? RECORD_WEIGHT) + below.fixed))
    case 'list': {
      const isSearched = typeof readArgument(node, 'search', variables) === 'string'
      const totals = below.totals * (isSearched ? TOTAL_OF_SEARCH_WEIGHT : TOTAL_OF_ALL_WEIGHT)
      return once((own ?? RECORD_WEIGHT) + totals + weighPage(meaning.resource, node, below, variables))
    }
    case 'children': {
      const totals = below.totals * TOTAL_WEIGHT
      return once((own ?? RECORD_WEIGHT) + totals + weighPage(meaning.child.resource, node, below, variables))
    }
    case 'edges':
    case 'records':
      return { ...NO_WEIGHT, perRecord: (own ?? RECORD_WEIGHT) + below.fixed }
    case 'total':
      return own === undefined ? { ...NO_WEIGHT, totals: 1 } : once(own)
    case 'create':
    case 'update':
    case 'replace':
    case 'delete':
    case 'restore':
    case 'act':
      return once((own ?? CHANGE_WEIGHT) + below.fixed)
  }
}

function weighPage(resource: ResourceModel, node: FieldNode, below: Weight, variables: VariableValues): number {
  return below.fixed + pageSize(resource, node, variables) * below.perRecord
}

function valueWeight({ kind }: FieldModel): number {
  if (kind.graphqlType === 'JSON') return JSON_WEIGHT
  const characters = charactersIn(kind.schema)
  return characters > SHORT_TEXT ? characters / RECORD_CHARACTERS : 0
}

/** How long a text, or all texts of a list, can be. */
function charactersIn({ maxLength, maxItems, items }: JsonSchema): number {
  if (typeof maxLength === 'number') return maxLength
  const perItem = typeof items === 'object' && items !== null && 'maxLength' in items ? items.maxLength : undefined
  return typeof perItem === 'number' && typeof maxItems === 'number' ? perItem * maxItems : 0
}

/** A size that cannot be is weighed as the largest; who reads the arguments refuses it. */
function pageSize(resource: ResourceModel, node: FieldNode, variables: VariableValues): number {
  const { list } = resource
  const given = (['first', 'last'] as const)
    .map((name) => readArgument(node, name, variables))
    .filter((value) => value !== undefined && value !== null)
  if (given.length === 0) return firstDefault(resource)
  const sizes = given.map((value) => (typeof value === 'number' && value >= 0 ? value : list.limitMax))
  return Math.min(Math.max(...sizes), list.limitMax)
}

function idCount(node: FieldNode, variables: VariableValues): number {
  const ids = readArgument(node, 'ids', variables)
  return Math.min(Array.isArray(ids) ? ids.length : 1, NODES_MAX)
}

/** The value as far as it matters here: numbers, texts, and how long a list is. */
function readArgument(node: FieldNode, name: string, variables: VariableValues): unknown {
  const value: ValueNode | undefined = node.arguments?.find((argument) => argument.name.value === name)?.value
  switch (value?.kind) {
    case Kind.INT:
      return Number(value.value)
    case Kind.LIST:
      return value.values
    case Kind.VARIABLE:
      return variables[value.name.value]
    case Kind.STRING:
      return value.value
    default:
      return undefined
  }
}
