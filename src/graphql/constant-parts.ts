/**
 * Keeps the parts of a tree that no variable can change, so that a request plans only what its variables reach.
 *
 * A part follows from the type and the one field of the document that asks for it. Kept as long as the document is.
 */
import { type DirectiveNode, type FieldNode, type GraphQLObjectType, Kind, type SelectionNode, type ValueNode } from 'graphql'

const constancy = new WeakMap<FieldNode, boolean>()
const kept = new WeakMap<FieldNode, Map<GraphQLObjectType, object>>()

/** @param plan makes the part; always the same way for the same type and field */
export function keepConstant<Part extends object>(
  type: GraphQLObjectType,
  [node, ...others]: readonly [FieldNode, ...FieldNode[]],
  plan: () => Part,
): Part {
  if (others.length > 0 || !isConstant(node)) return plan()
  let parts = kept.get(node)
  if (parts === undefined) {
    parts = new Map()
    kept.set(node, parts)
  }
  // What is kept under a type and a field was made by the same plan.
  const known = parts.get(type) as Part | undefined
  if (known !== undefined) return known
  const part = plan()
  parts.set(type, part)
  return part
}

function isConstant(node: FieldNode): boolean {
  const known = constancy.get(node)
  if (known !== undefined) return known
  const decided = !isVaried(node)
  constancy.set(node, decided)
  return decided
}

/** A fragment is written elsewhere, and may hold variables there. */
function isVaried(node: SelectionNode): boolean {
  if (node.kind === Kind.FRAGMENT_SPREAD || hasVariables(node)) return true
  if (node.kind === Kind.FIELD && node.selectionSet === undefined) return false
  return node.selectionSet?.selections.some(isVaried) === true
}

function hasVariables(node: Exclude<SelectionNode, { kind: Kind.FRAGMENT_SPREAD }>): boolean {
  const own = node.kind === Kind.FIELD ? (node.arguments ?? []) : []
  const ofDirectives = (node.directives ?? []).flatMap((directive: DirectiveNode) => directive.arguments ?? [])
  return [...own, ...ofDirectives].some(({ value }) => isVariable(value))
}

function isVariable(value: ValueNode): boolean {
  switch (value.kind) {
    case Kind.VARIABLE:
      return true
    case Kind.LIST:
      return value.values.some(isVariable)
    case Kind.OBJECT:
      return value.fields.some((field) => isVariable(field.value))
    default:
      return false
  }
}
