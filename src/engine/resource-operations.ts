/** The operations of one resource: each reads its input, decides, plans, and has the store run the plan. */
import { PlinthError } from '../kernel/index.ts'
import type { FieldModel, ResourceModel } from '../model/index.ts'
import { DENIED } from '../policy/index.ts'
import { runAction } from './act.ts'
import type { CompiledResource } from './compiled-resource.ts'
import type { RequestContext } from './context.ts'
import { ListCursors } from './cursor.ts'
import { decideAccess, notFound, refused } from './decide.ts'
import type { ExchangeInput, OpenExchange } from './exchange.ts'
import type { FieldSet } from './field-set.ts'
import type { ActInput, ChangeInput, CreateInput, FieldSelection, GetInput, ListInput, Page, ParentInput } from './inputs.ts'
import type { ChangePlan, ListPlan, ParentPlan } from './plan.ts'
import { completeSort, decideRead, expectSeen } from './read-rules.ts'
import { runExchange } from './run-exchange.ts'
import type { Runtime } from './runtime.ts'
import type { StoredRecord } from './store.ts'
import type { Watch, WatchContext, WatchInput } from './watch.ts'
import type { WatchHub } from './watch-hub.ts'

/**
 * What can be done with the records of one resource, as somebody: each call decides, plans and runs, and costs one statement, or two where a
 * parent must be looked for or pages have numbers. Ids and values are typed already; texts of clients are read by the surface.
 *
 * All throw `AUTH_REQUIRED` or `AUTH_FORBIDDEN` where no rule permits it, `NOT_FOUND_RECORD` for what the caller may not know of, and
 * `DEPENDENCY_*` where the store is away or takes too long; changes also `VALIDATION_FAILED`, `CONFLICT_VERSION` and `CONFLICT_DUPLICATE`.
 *
 * @example
 * const posts = engine.resource('post')
 * const page = await posts.list(context, { filters: [], search: undefined, limit: 20 })
 * const next = await posts.list(context, { filters: [], search: undefined, limit: 20, cursor: page.next })
 */
export class ResourceOperations {
  readonly compiled: CompiledResource
  readonly #runtime: Runtime

  constructor(compiled: CompiledResource, runtime: Runtime) {
    this.compiled = compiled
    this.#runtime = runtime
  }

  get model(): ResourceModel {
    return this.compiled.model
  }

  /** One record, with its version. Reads of one turn of the event loop may share a statement. */
  async get(context: RequestContext, input: GetInput): Promise<StoredRecord> {
    const includesDeleted = input.includesDeleted === true
    const plan = {
      resource: this.model,
      context,
      id: input.id,
      read: decideRead(this.compiled, context, includesDeleted),
      fields: this.#fields(context, input.fields, includesDeleted),
      parent: parentPlan(input.parent),
      includesDeleted,
    }
    const record = await this.#runtime.operations.get(plan)
    if (record === undefined) throw notFound(this.model, input.id)
    return record
  }

  /**
   * One page of records, with cursors to its neighbours; or with the total, where pages have numbers.
   *
   * @throws `VALIDATION_CURSOR` for a cursor that another list gave out
   */
  async list(context: RequestContext, input: ListInput): Promise<Page> {
    expectSeen(this.model, context, input)
    const includesDeleted = input.includesDeleted === true
    const isNumbered = this.model.list.pages === 'numbered'
    const unplaced: Omit<ListPlan, 'position'> = {
      resource: this.model,
      context,
      read: decideRead(this.compiled, context, includesDeleted),
      fields: this.#fields(context, input.fields, includesDeleted),
      parent: parentPlan(input.parent),
      filters: input.filters,
      search: input.search,
      sort: completeSort(this.model, context, input.sort),
      limit: input.limit,
      offset: isNumbered ? ((input.page ?? 1) - 1) * input.limit : 0,
      wantsTotal: isNumbered,
      includesDeleted,
    }
    const cursors = new ListCursors(unplaced, this.#runtime.seal)
    const position = input.cursor === undefined ? undefined : cursors.read(input.cursor)
    const page = await this.#runtime.operations.list({ ...unplaced, position })
    if (page.records.length === 0 && input.parent !== undefined) await this.#expectParent(context, input.parent)

    const isBackward = position?.isBackward === true
    // A page that begins at a cursor has its neighbour behind the cursor; an empty page has no record to go on from.
    const isContinued = position !== undefined && page.records.length > 0
    const hasNext = isBackward ? isContinued : page.hasMore
    const hasPrevious = isBackward ? page.hasMore : isContinued || (isNumbered && (input.page ?? 1) > 1)
    return {
      records: page.records,
      hasNext,
      hasPrevious,
      next: hasNext && !isNumbered && page.last !== undefined ? cursors.render(page.last, false) : undefined,
      previous: hasPrevious && !isNumbered && page.first !== undefined ? cursors.render(page.first, true) : undefined,
      total: page.total,
    }
  }

  /** A new record, with its journal entry. A reference must lead to a record that is not deleted. */
  async create(context: RequestContext, input: CreateInput): Promise<StoredRecord> {
    const { verb = 'create' } = input
    const access = this.compiled.access(verb)
    decideAccess(access, this.model, context)
    const id = this.#runtime.newId()
    const record = Object.fromEntries([...input.values].map(([field, value]) => [field.name, value]))
    const now = new Date(context.nowMs)
    if (!access.permits(context, { ...record, id, createdAt: now, updatedAt: now })) throw refused(verb, this.model, context)
    // The statement asks whether the parent is there; whether the caller may know of it is asked here.
    if (input.parent !== undefined) await this.#expectParent(context, input.parent)
    try {
      return await this.#runtime.operations.create({
        resource: this.model,
        context,
        id,
        values: input.values,
        fields: this.compiled.fieldSets.readable(context.actor),
      })
    } catch (error) {
      throw input.parent !== undefined && isMissingReference(error, input.parent.child.by)
        ? notFound(input.parent.parent, input.parent.id)
        : error
    }
  }

  /** Sets the fields that are given. @throws `CONFLICT_VERSION` when the record has another version than `expectedVersion` */
  update(context: RequestContext, input: ChangeInput): Promise<StoredRecord> {
    return this.#change(context, input, { verb: 'update', operation: 'update', target: 'live', sets: 'fields' })
  }

  /** The same; the caller gives all fields that it may set. */
  replace(context: RequestContext, input: ChangeInput): Promise<StoredRecord> {
    return this.#change(context, input, { verb: 'update', operation: 'replace', target: 'live', sets: 'fields' })
  }

  /** Hides the record; it can be restored. */
  delete(context: RequestContext, input: Omit<ChangeInput, 'values'>): Promise<StoredRecord> {
    return this.#change(
      context,
      { ...input, values: new Map() },
      { verb: 'delete', operation: 'delete', target: 'live', sets: 'deletion' },
    )
  }

  /** Brings a deleted record back. */
  restore(context: RequestContext, input: Omit<ChangeInput, 'values'>): Promise<StoredRecord> {
    return this.#change(
      context,
      { ...input, values: new Map() },
      { verb: 'restore', operation: 'restore', target: 'deleted', sets: 'restoration' },
    )
  }

  /** Runs an action of the domain, all in one transaction. @throws the action's own refusals besides */
  act(context: RequestContext, input: ActInput): Promise<StoredRecord> {
    return runAction(this.compiled, this.#runtime, context, input)
  }

  /**
   * The changes of the resource's records from now on, or from a cursor on, each once, as far as the caller may read the record when it is told.
   * An update that hides a record says nothing; a deletion is told to those who could read the record until then.
   *
   * "Now" is at most 100 ms ago. A caller that does not ask for the next change loses none and costs no memory. It ends when `signal` is aborted,
   * and fails when the caller's standing does.
   *
   * @throws `VALIDATION_CURSOR`, `RATE_LIMIT_EXCEEDED` and `RATE_LIMIT_OVERLOADED` for too many watches
   * @example
   * for await (const change of engine.resource('post').watch(context, { kinds: ['created'] }, signal)) send(change.record.json)
   */
  watch(context: WatchContext, input: WatchInput, signal: AbortSignal): Watch {
    return this.#hub.watch(this.compiled, context, input, signal)
  }

  /**
   * Opens an exchange of the domain, about one record. It counts as a watch of that record, and ends with it: when `signal` is aborted, when the
   * record is deleted, and when the caller's standing or their right to it ends.
   *
   * @throws as `watch`; the exchange's own refusals besides
   */
  exchange(context: WatchContext, input: ExchangeInput, signal: AbortSignal): OpenExchange {
    return runExchange({ compiled: this.compiled, runtime: this.#runtime, hub: this.#hub, context, input, signal })
  }

  get #hub(): WatchHub {
    const { hub } = this.#runtime
    if (hub !== undefined) return hub
    const cause = new TypeError('Cannot watch: the engine was made without a feed')
    throw new PlinthError('INTERNAL_ERROR', undefined, { cause })
  }

  async #change(
    context: RequestContext,
    input: ChangeInput,
    how: Pick<ChangePlan, 'operation' | 'target' | 'sets'> & { readonly verb: string },
  ): Promise<StoredRecord> {
    const write = decideAccess(this.compiled.access(how.verb), this.model, context)
    const read = decideAccess(this.compiled.access(how.target === 'deleted' ? 'read-deleted' : 'read'), this.model, context)
    const { operation, target, sets } = how
    const result = await this.#runtime.operations.change({
      resource: this.model,
      context,
      id: input.id,
      operation,
      target,
      sets,
      changes: input.values,
      expectedVersion: input.expectedVersion,
      read,
      write,
      parent: parentPlan(input.parent),
      fields: this.compiled.fieldSets.readable(context.actor),
    })
    switch (result.kind) {
      case 'changed':
        return result.record
      case 'missing':
        throw notFound(this.model, input.id)
      case 'forbidden':
        throw refused(how.verb, this.model, context)
      case 'stale':
        throw new PlinthError('CONFLICT_VERSION')
    }
  }

  #fields(context: RequestContext, selection: FieldSelection | undefined, includesDeleted: boolean): FieldSet {
    const { fieldSets } = this.compiled
    const set =
      selection === undefined
        ? fieldSets.readable(context.actor)
        : fieldSets.select(context.actor, selection.names, selection.byName)
    return includesDeleted ? fieldSets.withDeletion(set) : set
  }

  /** Nothing is listed or made under a parent that is not there: a 404, not an empty page. */
  async #expectParent(context: RequestContext, parent: ParentInput): Promise<void> {
    const operations = this.#runtime.sibling(parent.parent.name)
    if (operations.compiled.access('read').decide(context) === DENIED) throw notFound(parent.parent, parent.id)
    await operations.get(context, { id: parent.id })
  }
}

function parentPlan(parent: ParentInput | undefined): ParentPlan | undefined {
  return parent === undefined ? undefined : { by: parent.child.by, id: parent.id, resource: parent.parent }
}

function isMissingReference(error: unknown, by: FieldModel): boolean {
  return (
    error instanceof PlinthError && error.details.some((detail) => detail.code === 'reference' && detail.field === by.publicName)
  )
}
