/**
 * Which fields a selection asks for, in order, those of one response key together: CollectFields of the specification.
 * @see https://spec.graphql.org/October2021/#CollectFields()
 */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLDirective,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import type { VariableValues } from './complexity.ts'
import { expectCoerced } from './expect-coerced.ts'

/** What the fields of one operation are collected with. */
export interface CollectScope {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly variables: VariableValues
}

/** By response key; the nodes of one key ask for the same field with the same arguments, as validation has found. */
export type CollectedFields = ReadonlyMap<string, readonly [FieldNode, ...FieldNode[]]>

/**
 * Collects over several selections, as the ones below the nodes of one key are.
 *
 * @throws `VALIDATION_FAILED` where a condition turns out to be null
 */
export function collectFields(
  scope: CollectScope,
  type: GraphQLObjectType,
  selections: readonly (SelectionSetNode | undefined)[],
): CollectedFields {
  const collected = new Map<string, [FieldNode, ...FieldNode[]]>()
  const visited = new Set<string>()
  for (const selection of selections) if (selection !== undefined) collectInto(scope, type, selection, collected, visited)
  return collected
}

function collectInto(
  scope: CollectScope,
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
  collected: Map<string, [FieldNode, ...FieldNode[]]>,
  visited: Set<string>,
): void {
  for (const selection of selections) {
    if (!isIncluded(scope, selection)) continue
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value
      const nodes = collected.get(key)
      if (nodes === undefined) collected.set(key, [selection])
      else nodes.push(selection)
      continue
    }
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : findFragment(scope, selection.name.value, visited)
    if (fragment !== undefined && applies(scope, type, fragment.typeCondition?.name.value))
      collectInto(scope, type, fragment.selectionSet, collected, visited)
  }
}

/** Each fragment counts once for a selection, however often it is spread there. */
function findFragment({ fragments }: CollectScope, name: string, visited: Set<string>): FragmentDefinitionNode | undefined {
  if (visited.has(name)) return undefined
  visited.add(name)
  return fragments.get(name)
}

function isIncluded({ variables }: CollectScope, node: SelectionNode): boolean {
  if (node.directives === undefined || node.directives.length === 0) return true
  const conditionOf = (directive: GraphQLDirective): unknown =>
    expectCoerced(`@${directive.name}`, () => getDirectiveValues(directive, node, variables))?.['if']
  return conditionOf(GraphQLSkipDirective) !== true && conditionOf(GraphQLIncludeDirective) !== false
}

function applies({ schema }: CollectScope, type: GraphQLObjectType, condition: string | undefined): boolean {
  if (condition === undefined || condition === type.name) return true
  const wanted = schema.getType(condition)
  return isAbstractType(wanted) && schema.isSubType(wanted, type)
}
