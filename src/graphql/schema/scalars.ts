/**
 * The scalars that GraphQL does not have by itself. They carry a value as it came: whether it fits is decided by the kind of the field, so that
 * every surface says the same of the same mistake.
 */
import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from 'graphql'

const textScalar = (name: string, description: string, specifiedByURL?: string): GraphQLScalarType =>
  new GraphQLScalarType({
    name,
    description,
    ...(specifiedByURL !== undefined && { specifiedByURL }),
    parseValue: (value) => expectText(name, value),
    parseLiteral: (node) => expectText(name, node.kind === Kind.STRING ? node.value : undefined),
  })

function expectText(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new GraphQLError(`${name} must be text in quotes`)
}

const DATE_TIME = textScalar(
  'DateTime',
  'A moment, as RFC 3339 writes it: `2026-01-31T12:00:00Z`.',
  'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
)

const DATE = textScalar('Date', 'A day: `2026-01-31`.', 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6')

const DECIMAL = textScalar('Decimal', 'A decimal number, exact, as text: `"19.90"`.')

const SAFE_INTEGER = new GraphQLScalarType({
  name: 'SafeInteger',
  description: 'A whole number within ±(2^53 − 1), which every JSON reader keeps exact.',
  parseValue: (value) => expectSafeInteger(value),
  parseLiteral: (node) => expectSafeInteger(node.kind === Kind.INT ? Number(node.value) : undefined),
})

function expectSafeInteger(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new GraphQLError('SafeInteger must be a whole number within ±(2^53 − 1)')
}

const JSON_VALUE = new GraphQLScalarType({
  name: 'JSON',
  description: 'Any JSON value.',
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(expectPlainKeys(node), variables),
})

/** The names through which a careless merge reaches the prototype of all objects, which bodies may not have either. */
const RESERVED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

function expectPlainKeys(node: ValueNode): ValueNode {
  if (node.kind === Kind.LIST) node.values.forEach(expectPlainKeys)
  if (node.kind === Kind.OBJECT) {
    for (const { name, value } of node.fields) {
      if (RESERVED_KEYS.has(name.value)) throw new GraphQLError(`JSON must not have the key "${name.value}"`)
      expectPlainKeys(value)
    }
  }
  return node
}

export const SCALARS: readonly GraphQLScalarType[] = [DATE_TIME, DATE, DECIMAL, SAFE_INTEGER, JSON_VALUE]
