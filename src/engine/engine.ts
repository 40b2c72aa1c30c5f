/** The engine of a domain: its operations, compiled once, over whatever store it is given. */
import { type Clock, PlinthError, type Uuid } from '../kernel/index.ts'
import type { Domain } from '../model/index.ts'
import type { ChangeFeed } from './change-feed.ts'
import { CompiledResource } from './compiled-resource.ts'
import type { RequestContext } from './context.ts'
import { type HiddenRecordOptions, noteHiddenRecords } from './hidden-records.ts'
import { TreePlanner } from './plan-tree.ts'
import { printConstants, printCursors } from './print-tree.ts'
import { ResourceOperations } from './resource-operations.ts'
import type { Runtime } from './runtime.ts'
import type { Seal } from './sealed-text.ts'
import type { KeptAnswer, OnceKey, Operations, Store, Transaction } from './store.ts'
import type { TreeAnswer, TreeInput } from './tree.ts'
import { WatchHub, type WatchLimits } from './watch-hub.ts'

export interface EngineOptions {
  readonly domain: Domain
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => Uuid
  /** Seals cursors; the same secret on all instances. */
  readonly seal: Seal
  /** Where changes are heard of; without one nothing can be watched. */
  readonly feed?: ChangeFeed
  readonly watchLimits?: WatchLimits
  /** Hears of records that were hidden from whoever asked for them; default nobody does. */
  readonly hiddenRecords?: HiddenRecordOptions
}

/**
 * Compiles a domain into operations over a store. Cheap to call, costly to make: one for each service.
 *
 * @example
 * const engine = new Engine({ domain: blog, store, clock, newId: uuidGenerator(clock, randomness), seal })
 * const post = await engine.resource('post').get(context, { id })
 */
export class Engine {
  readonly domain: Domain
  readonly #options: EngineOptions
  readonly #store: Store
  readonly #compiled: ReadonlyMap<string, CompiledResource>
  readonly #operations: ReadonlyMap<string, ResourceOperations>
  readonly #hub: WatchHub | undefined
  /** Requests under way in this process by their key: a twin waits here, not on a connection. */
  readonly #underWay = new Map<string, Promise<unknown>>()

  constructor(options: EngineOptions) {
    this.domain = options.domain
    this.#options = options
    this.#compiled = new Map(options.domain.resources.map((resource) => [resource.name, new CompiledResource(resource)]))
    const { feed, clock, seal, watchLimits, hiddenRecords } = options
    const store =
      hiddenRecords === undefined
        ? options.store
        : noteHiddenRecords(options.store, hiddenRecords, ({ name }, { actor }) =>
            this.#expectCompiled(name).fieldSets.readable(actor),
          )
    this.#store = store
    this.#hub = feed && new WatchHub({ feed, operations: options.store, clock, seal, limits: watchLimits })
    this.#operations = this.#bind(store, (work) => store.transaction(work))
  }

  /** Watches under way: for a gauge. */
  get watches(): number {
    return this.#hub?.count ?? 0
  }

  /** Those of them that do not know yet from where on they hear: until the next look at the journal. For a gauge. */
  get watchesStarting(): number {
    return this.#hub?.countStarting() ?? 0
  }

  /**
   * The operations of a resource, each statement on its own.
   *
   * @throws `INTERNAL_ERROR` for a name that the domain does not have
   */
  resource(name: string): ResourceOperations {
    return expectOperations(this.#operations, name)
  }

  /**
   * Reads a tree of records and pages in one statement, each level under the rules that `get` and `list` have.
   *
   * @returns the answer's text, and which of its roots are null since they failed: `AUTH_*` where no rule can permit a root or a list within
   * it, `VALIDATION_CURSOR`, `VALIDATION_FAILED` for a hidden field or a tree beyond all measure
   * @throws `DEPENDENCY_*` where the store is away or takes too long
   * @example
   * const roots = [{ kind: 'record', as: 'post', resource: post, id, select: [{ kind: 'field', as: 'title', field: title }] }]
   * const { json } = await engine.readTree(context, { spelling, roots }) // {"post":{"title":"On Engines"}}
   */
  async readTree(context: RequestContext, input: TreeInput): Promise<TreeAnswer> {
    const planner = new TreePlanner((resource) => this.#expectCompiled(resource.name), this.#options.seal, context)
    const { plan, failures, cursors } = planner.plan(input)
    const printed = printConstants(plan) ?? (await this.#store.tree(plan))
    return { json: printCursors(printed, cursors), failures }
  }

  /**
   * Does `work` at most once for this key, in one transaction with the record that it was done.
   *
   * @param work is given the operations of a resource, bound to the transaction
   * @returns the answer of `work`, or the one that was kept when the same request came before
   * @throws `CONFLICT_KEY_REUSED` when the key was used for a request with another fingerprint
   */
  async once(
    asked: OnceKey,
    work: (resource: (name: string) => ResourceOperations) => Promise<KeptAnswer>,
  ): Promise<{ readonly answer: KeptAnswer; readonly isReplay: boolean }> {
    // A plain digest of a request with a password in it would let whoever reads the table guess at that, fast and elsewhere.
    const key = { ...asked, fingerprint: Buffer.from(this.#options.seal(`${asked.fingerprint} asked once`)).toString('hex') }
    const name = JSON.stringify([key.actor, key.route, key.key])
    for (let twin = this.#underWay.get(name); twin !== undefined; twin = this.#underWay.get(name)) {
      // Whether the twin succeeded is told by what it left behind.
      await twin.catch(() => undefined)
    }
    const run = this.#store.transaction(async (transaction) => {
      const kept = await transaction.claim(key)
      if (kept !== undefined) return { answer: kept, isReplay: true }
      const bound = this.#bind(transaction, (inner) => inner(transaction))
      const answer = await work((resource) => expectOperations(bound, resource))
      await transaction.keep(key, answer)
      return { answer, isReplay: false }
    })
    this.#underWay.set(name, run)
    try {
      return await run
    } finally {
      this.#underWay.delete(name)
    }
  }

  #expectCompiled(name: string): CompiledResource {
    const compiled = this.#compiled.get(name)
    if (compiled === undefined) throw new TypeError(`Cannot read "${name}": the domain has no such resource`)
    return compiled
  }

  #bind(
    operations: Operations,
    inTransaction: <Result>(work: (transaction: Transaction) => Promise<Result>) => Promise<Result>,
  ): ReadonlyMap<string, ResourceOperations> {
    const bound = new Map<string, ResourceOperations>()
    const { clock, newId, seal } = this.#options
    const sibling = (name: string): ResourceOperations => expectOperations(bound, name)
    const runtime: Runtime = { operations, inTransaction, clock, newId, seal, sibling, hub: this.#hub }
    for (const [name, compiled] of this.#compiled) bound.set(name, new ResourceOperations(compiled, runtime))
    return bound
  }
}

function expectOperations(operations: ReadonlyMap<string, ResourceOperations>, name: string): ResourceOperations {
  const found = operations.get(name)
  if (found === undefined)
    throw new PlinthError('INTERNAL_ERROR', undefined, {
      cause: new TypeError(`Cannot find resource "${name}", expected one of ${[...operations.keys()].join(', ')}`),
    })
  return found
}
