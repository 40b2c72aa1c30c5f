/**
 * Runs the subscriptions of a schema: each is a watch of one resource, and each change that its caller may hear of becomes one answer.
 *
 * Fields of the record itself are printed from the change, once for all who asked for the same and see the same. What hangs on the record is
 * read anew for each caller, under their rights.
 */
import { type FieldNode, type GraphQLObjectType, type GraphQLSchema, getNamedType, isObjectType } from 'graphql'
import type { Change, ChangeKind, Engine, RecordSelection, WatchContext } from '../../engine/index.ts'
import { type Charge, payWhenPossible } from '../../http/index.ts'
import { type Clock, invalid, NAME_SHOWN_MAX, PlinthError, parseJson, shorten, type Uuid } from '../../kernel/index.ts'
import type { ResourceModel } from '../../model/index.ts'
import { type CollectScope, collectFields } from '../document/collect-fields.ts'
import type { ReadyOperation } from '../document/ready-operation.ts'
import { GRAPHQL_SPELLING, readGlobalId } from '../global-id.ts'
import { isPlain, renderStored } from '../mutations/render-payload.ts'
import { foundIn, planRecord, readArguments } from '../plan-records.ts'

export interface SubscriptionsOptions {
  readonly schema: GraphQLSchema
  readonly engine: Engine
  /** The wall clock, for rules that ask what time it is when something is told. */
  readonly clock: Pick<Clock, 'now'>
}

interface SubscriptionPlan {
  readonly as: string
  readonly resource: ResourceModel
  readonly kind: ChangeKind
  readonly id: Uuid | undefined
  readonly select: RecordSelection
}

export class Subscriptions {
  readonly #engine: Engine
  readonly #clock: Pick<Clock, 'now'>
  readonly #schema: GraphQLSchema
  readonly #root: GraphQLObjectType | undefined
  /** Plans that hold for every request, as long as their document is kept. */
  readonly #constant = new WeakMap<object, SubscriptionPlan>()
  /** What was printed of a change, by what was asked. */
  readonly #printed = new WeakMap<Change, WeakMap<RecordSelection, string>>()

  constructor({ schema, engine, clock }: SubscriptionsOptions) {
    this.#schema = schema
    this.#engine = engine
    this.#clock = clock
    this.#root = schema.getSubscriptionType() ?? undefined
  }

  /**
   * The answers to a subscription, as texts: `{"data":{…}}`. The next change is looked at when the next answer is asked for. Resolves when the
   * watch has begun: whoever is told that it is open misses nothing that commits from then on.
   *
   * @param charge takes what an answer costs that is read for this caller alone; it waits until that may be taken
   * @throws at once, `VALIDATION_FAILED` for wrong arguments, `AUTH_*` and `RATE_LIMIT_*` of the watch; later what ends the watch
   */
  async run(ready: ReadyOperation, context: WatchContext, signal: AbortSignal, charge: Charge): Promise<AsyncIterable<string>> {
    const plan = this.#plan(ready)
    const watch = this.#engine.resource(plan.resource.name).watch(context, { kinds: [plan.kind], id: plan.id }, signal)
    await watch.ready
    return this.#answer(plan, watch, context, () => payWhenPossible(() => charge(1 + ready.cost), context, signal))
  }

  async *#answer(
    plan: SubscriptionPlan,
    watch: AsyncIterable<Change>,
    context: WatchContext,
    pay: () => Promise<void>,
  ): AsyncIterable<string> {
    const head = `{"data":{${JSON.stringify(plan.as)}:`
    const isShared = isPlain(plan.select)
    for await (const change of watch) {
      if (!isShared) await pay()
      const text = isShared ? this.#print(plan.select, change) : await this.#read(plan, change, context)
      if (text !== undefined) yield `${head}${text}}}`
    }
  }

  #print(select: RecordSelection, change: Change): string {
    const forms = this.#printed.get(change) ?? new WeakMap<RecordSelection, string>()
    this.#printed.set(change, forms)
    const known = forms.get(select)
    if (known !== undefined) return known
    const text = renderStored(select, change.record)
    forms.set(select, text)
    return text
  }

  /** Undefined where the caller may not see the record any more: it has changed again since. */
  async #read({ as, resource, select }: SubscriptionPlan, { id }: Change, context: WatchContext): Promise<string | undefined> {
    const actor = (await context.renew?.()) ?? context.actor
    const root = { kind: 'record', as, isAlias: true, resource, id, select } as const
    const now = { ...context, actor, nowMs: this.#clock.now() }
    const { json, failures } = await this.#engine.readTree(now, { spelling: GRAPHQL_SPELLING, roots: [root] })
    const [failure] = failures
    if (failure !== undefined) throw failure.error
    const record = (parseJson(json) as Readonly<Record<string, unknown>>)[as]
    return record === null || record === undefined ? undefined : JSON.stringify(record)
  }

  #plan({ prepared, operation, variables }: ReadyOperation): SubscriptionPlan {
    const known = this.#constant.get(operation.node)
    if (known !== undefined) return known
    const scope = { schema: this.#schema, fragments: prepared.fragments, variables }
    const plan = this.#planAnew(scope, operation.node.selectionSet)
    if ((operation.node.variableDefinitions?.length ?? 0) === 0) this.#constant.set(operation.node, plan)
    return plan
  }

  #planAnew(scope: CollectScope, selectionSet: NonNullable<FieldNode['selectionSet']>): SubscriptionPlan {
    const type = this.#root
    const [found] = type === undefined ? [] : foundIn(collectFields(scope, type, [selectionSet]), type)
    // Validation has found one root at the most; a directive may have left none.
    if (found === undefined || 'kind' in found)
      throw new PlinthError('VALIDATION_DOCUMENT', 'The subscription asks for nothing, expected one field')
    const { as, field, meaning, nodes } = found
    const record = getNamedType(field.type)
    if (meaning?.kind !== 'watch' || !isObjectType(record))
      throw new TypeError(`Cannot subscribe to "${field.name}": the schema does not say what it means`)
    const { resource, change: kind } = meaning
    const below = collectFields(
      scope,
      record,
      nodes.map((node) => node.selectionSet),
    )
    const { id } = readArguments(scope, field, nodes[0])
    return { as, resource, kind, id: readId(resource, id), select: planRecord(scope, record, below, [as]) }
  }
}

function readId(resource: ResourceModel, given: unknown): Uuid | undefined {
  if (given === undefined || given === null) return undefined
  const id = readGlobalId(resource, String(given))
  if (id !== undefined) return id
  const message = `id is ${JSON.stringify(shorten(String(given), NAME_SHOWN_MAX))}, expected the id of a ${resource.name}`
  throw invalid([{ field: 'id', code: 'id', message }])
}
