/**
 * Plans a query as a whole: all its roots become one tree, which the engine reads in one statement. Roots about the schema itself are left null,
 * for graphql-js to answer.
 *
 * A plan depends on the document and its variables, never on who asks; so one without variables is made once.
 */
import { type GraphQLObjectType, type GraphQLSchema, isObjectType, type OperationDefinitionNode } from 'graphql'
import type { RecordKey, RecordSelection, TreeFailure, TreeInput, TreeRoot } from '../engine/index.ts'
import { invalid, NAME_SHOWN_MAX, PlinthError, shorten } from '../kernel/index.ts'
import type { Domain, ResourceModel } from '../model/index.ts'
import { type CollectScope, collectFields } from './document/collect-fields.ts'
import { GRAPHQL_SPELLING, readGlobalId } from './global-id.ts'
import { collectBelow, type FoundField, foundIn, planPage, planRecord, readArguments } from './plan-records.ts'
import { NODES_MAX } from './schema/derive-schema.ts'

export interface QueryPlan {
  readonly tree: TreeInput
  /** What is wrong with the arguments of roots, which are null for it. */
  readonly failures: readonly TreeFailure[]
}

/**
 * Plans queries over one schema.
 *
 * @example
 * const planner = new QueryPlanner(deriveSchema(blog), blog)
 * const { tree, failures } = planner.plan(scope, operation)
 * const answer = await engine.readTree(context, tree)
 */
export class QueryPlanner {
  /** What `node` can find: records that the schema has a type for. */
  readonly #types: ReadonlyMap<ResourceModel, GraphQLObjectType>
  readonly #query: GraphQLObjectType
  /** Plans that hold for every request, as long as their document is kept. */
  readonly #constant = new WeakMap<OperationDefinitionNode, QueryPlan>()

  constructor(schema: GraphQLSchema, domain: Domain) {
    const query = schema.getQueryType()
    if (query === undefined || query === null) throw new TypeError('Cannot plan queries: the schema has none')
    this.#query = query
    const types = domain.resources.map((resource) => [resource, schema.getType(resource.typeName)] as const)
    this.#types = new Map(types.flatMap(([resource, type]) => (isObjectType(type) ? [[resource, type] as const] : [])))
  }

  /** @param operation a valid query; `scope` has its coerced variables */
  plan(scope: CollectScope, operation: OperationDefinitionNode): QueryPlan {
    const isConstant = (operation.variableDefinitions?.length ?? 0) === 0
    const known = isConstant ? this.#constant.get(operation) : undefined
    if (known !== undefined) return known
    const failures: TreeFailure[] = []
    const found = foundIn(collectFields(scope, this.#query, [operation.selectionSet]), this.#query)
    const roots = found.map((root) => ('kind' in root ? root : this.#root(scope, root, failures)))
    const plan = { tree: { spelling: GRAPHQL_SPELLING, roots }, failures }
    if (isConstant) this.#constant.set(operation, plan)
    return plan
  }

  #root(scope: CollectScope, found: FoundField, failures: TreeFailure[]): TreeRoot {
    const { as, isAlias } = found
    try {
      return this.#planRoot(scope, found)
    } catch (error) {
      if (!(error instanceof PlinthError)) throw error
      failures.push({ path: [as], error })
      return { kind: 'constant', as, isAlias, value: null }
    }
  }

  #planRoot(scope: CollectScope, found: FoundField): TreeRoot {
    const { as, isAlias, field, nodes, meaning } = found
    switch (meaning?.kind) {
      case 'list':
        return { kind: 'page', as, isAlias, page: planPage(scope, meaning.resource, field, nodes, [as]) }
      case 'get': {
        const { resource } = meaning
        const id = readGlobalId(resource, idIn(scope, found))
        if (id === undefined) throw invalid([wrongId('id', `the id of a ${resource.name}`, idIn(scope, found))])
        return { kind: 'record', as, isAlias, resource, id, select: this.#select(scope, resource, found) }
      }
      case 'node': {
        const key = this.#findKey(idIn(scope, found))
        if (key === undefined) throw invalid([wrongId('id', 'the id of a record', idIn(scope, found))])
        return { kind: 'record', as, isAlias, ...key, select: this.#select(scope, key.resource, found) }
      }
      case 'nodes':
        return this.#planNodes(scope, found)
      default:
        throw new TypeError(`Cannot plan the field "${field.name}": the schema does not say what it means here`)
    }
  }

  #planNodes(scope: CollectScope, found: FoundField): TreeRoot {
    const { as, isAlias, field, nodes } = found
    // Coerced by the schema: a list of texts.
    const ids = readArguments(scope, field, nodes[0])['ids'] as readonly string[]
    if (ids.length > NODES_MAX) {
      throw invalid([{ field: 'ids', code: 'too_many', message: `ids must have at most ${NODES_MAX} values` }])
    }
    const wrong = ids.flatMap((id, at) =>
      this.#findKey(id) === undefined ? [wrongId(`ids.${at}`, 'the id of a record', id)] : [],
    )
    if (wrong.length > 0) throw invalid(wrong)
    const keys = ids.map((id) => this.#findKey(id) ?? null)
    const resources = new Set(keys.flatMap((key) => (key === null ? [] : [key.resource])))
    const select = new Map([...resources].map((resource) => [resource, this.#select(scope, resource, found)]))
    return { kind: 'records', as, isAlias, keys, select }
  }

  #select(scope: CollectScope, resource: ResourceModel, { as, nodes }: FoundField): RecordSelection {
    const type = this.#types.get(resource)
    if (type === undefined) throw new TypeError(`Cannot plan a ${resource.name}: the schema has no type for it`)
    return planRecord(scope, type, collectBelow(scope, type, nodes), [as])
  }

  /** The resource is told by the id's own prefix. */
  #findKey(text: string): RecordKey | undefined {
    for (const resource of this.#types.keys()) {
      const id = readGlobalId(resource, text)
      if (id !== undefined) return { resource, id }
    }
    return undefined
  }
}

/** Coerced by the schema: an id is there, and it is text. */
function idIn(scope: CollectScope, { field, nodes }: FoundField): string {
  return String(readArguments(scope, field, nodes[0])['id'])
}

function wrongId(field: string, expected: string, text: string) {
  const shown = JSON.stringify(shorten(text, NAME_SHOWN_MAX))
  return { field, code: 'id', message: `${field} is ${shown}, expected ${expected}` }
}
