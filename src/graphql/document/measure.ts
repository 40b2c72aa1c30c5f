/**
 * Measures a document before anything else looks at it: how deep, how wide, how often renamed. Linear in the length of the document, whatever
 * its fragments spread to, since each fragment is measured once; all that comes after may then take its time over what is known to be small.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
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
import { type FieldMeaning, meaningOf } from '../meaning.ts'
import { type DocumentLimits, FIELDS_MAX, FRAGMENTS_MAX, OPERATIONS_MAX, VALUE_DEPTH_MAX } from './limits.ts'

/** What a document breaks: the rule, a sentence, and the place where it is known. */
export interface Excess {
  readonly rule: string
  readonly message: string
}

/** A selection with all that its fragments spread to. */
interface Extent {
  /** Fields in all, which fragments can make as many as they like. */
  readonly fields: number
  /** Fields of the selection itself. */
  readonly width: number
  readonly depth: number
  readonly aliases: number
  readonly asksSchema: boolean
}

const NOTHING: Extent = { fields: 0, width: 0, depth: 0, aliases: 0, asksSchema: false }

/** Fields that lead to another record or list. */
const STEPS: ReadonlySet<FieldMeaning['kind']> = new Set([
  'get',
  'list',
  'node',
  'nodes',
  'reference',
  'children',
  'changed',
  'watch',
])

/** Whether an operation asks for the schema, by its definition. */
export type AsksSchema = (operation: OperationDefinitionNode) => boolean

/** @returns what is too much, the worst first, and who asks for the schema */
export function measureDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  limits: DocumentLimits,
): { readonly excesses: readonly Excess[]; readonly asksSchema: AsksSchema } {
  const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION)
  const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
  const measurer = new Measurer(schema, fragments)
  const extents = operations.map((one) => measurer.measure(one.selectionSet, schema.getRootType(one.operation) ?? undefined))
  // Fragments that no operation uses are compared by the rules all the same.
  const unused = fragments.map((one) => measurer.measureFragment(one.name.value))
  const widest = Math.max(0, ...extents.map(({ width }) => width))
  const depth = Math.max(0, ...extents.map((one) => one.depth))
  const aliases = Math.max(0, ...extents.map((one) => one.aliases))
  const fields = Math.max(
    extents.reduce((sum, one) => sum + one.fields, 0),
    ...unused.map((one) => one.fields),
  )
  const judge = (rule: string, what: string, found: number, most: number): readonly Excess[] =>
    found <= most ? [] : [{ rule, message: `The document has ${shown(found)} ${what}, expected at most ${most}` }]
  return {
    excesses: [
      ...measurer.findings,
      ...judge('too_many', 'operations', operations.length, OPERATIONS_MAX),
      ...judge('too_many', 'fragments', fragments.length, FRAGMENTS_MAX),
      ...judge('too_many', 'fields, its fragments spread out', fields, FIELDS_MAX),
      ...judge('too_deep', 'steps from one record or list to the next', depth, limits.depthMax),
      ...judge('too_many', 'fields under another name', aliases, limits.aliasesMax),
      ...judge('too_many', 'fields at the root', widest, limits.rootFieldsMax),
      ...judge('too_many', 'directives', measurer.directives, limits.directivesMax),
    ],
    asksSchema: (operation) => extents[operations.indexOf(operation)]?.asksSchema === true,
  }
}

/** Fragments that double each other reach numbers that no one reads. */
function shown(found: number): string {
  return found > 1_000_000 ? 'more than a million' : String(found)
}

class Measurer {
  readonly findings: Excess[] = []
  directives = 0
  readonly #schema: GraphQLSchema
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** Null while a fragment is being measured: who meets it then is inside of it. */
  readonly #measured = new Map<string, Extent | null>()

  constructor(schema: GraphQLSchema, fragments: readonly FragmentDefinitionNode[]) {
    this.#schema = schema
    this.#fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]))
  }

  /** @param type undefined where the schema has no such field; what is below counts all the same */
  measure({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): Extent {
    let total = NOTHING
    for (const selection of selections) {
      this.directives += selection.directives?.length ?? 0
      switch (selection.kind) {
        case Kind.FIELD:
          total = add(total, this.#measureField(selection, type))
          break
        case Kind.INLINE_FRAGMENT: {
          const condition = selection.typeCondition
          total = add(total, this.measure(selection.selectionSet, condition ? this.#schema.getType(condition.name.value) : type))
          break
        }
        case Kind.FRAGMENT_SPREAD:
          total = add(total, this.measureFragment(selection.name.value))
          break
      }
    }
    return total
  }

  measureFragment(name: string): Extent {
    const known = this.#measured.get(name)
    if (known === null) {
      this.findings.push({ rule: 'cycle', message: `The fragment "${name}" spreads itself` })
      return NOTHING
    }
    if (known !== undefined) return known
    const fragment = this.#fragments.get(name)
    if (fragment === undefined) return NOTHING
    this.#measured.set(name, null)
    const extent = this.measure(fragment.selectionSet, this.#schema.getType(fragment.typeCondition.name.value))
    this.#measured.set(name, extent)
    return extent
  }

  #measureField(field: FieldNode, type: GraphQLNamedType | undefined): Extent {
    for (const argument of field.arguments ?? []) this.#measureValue(argument.value, 1)
    const asksSchema = field.name.value === '__schema' || field.name.value === '__type'
    const definition = isObjectType(type) || isInterfaceType(type) ? type.getFields()[field.name.value] : undefined
    const meaning = definition === undefined ? undefined : meaningOf(definition)
    const below =
      field.selectionSet === undefined
        ? NOTHING
        : this.measure(field.selectionSet, definition === undefined ? undefined : getNamedType(definition.type))
    return {
      fields: 1 + below.fields,
      width: 1,
      depth: below.depth + (meaning !== undefined && STEPS.has(meaning.kind) ? 1 : 0),
      aliases: below.aliases + (field.alias === undefined ? 0 : 1),
      asksSchema: asksSchema || below.asksSchema,
    }
  }

  #measureValue(value: ValueNode, depth: number): void {
    if (depth > VALUE_DEPTH_MAX) {
      this.findings.push({ rule: 'too_deep', message: `A value of the document nests deeper than ${VALUE_DEPTH_MAX} levels` })
      return
    }
    if (value.kind === Kind.LIST) for (const item of value.values) this.#measureValue(item, depth + 1)
    else if (value.kind === Kind.OBJECT) for (const field of value.fields) this.#measureValue(field.value, depth + 1)
    else if (value.kind === Kind.STRING && value.value.includes('\0'))
      this.findings.push({ rule: 'format', message: 'A text of the document holds the character NUL' })
  }
}

function add(left: Extent, right: Extent): Extent {
  return {
    fields: left.fields + right.fields,
    width: left.width + right.width,
    depth: Math.max(left.depth, right.depth),
    aliases: left.aliases + right.aliases,
    asksSchema: left.asksSchema || right.asksSchema,
  }
}
