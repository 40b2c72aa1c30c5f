/**
 * Puts a guard before the records of one resource: what is written passes it first, and it hears of each change once that is
 * durable. The one place where a password becomes a digest, whichever surface, action or nested request it came through.
 */
import type { FieldModel, ResourceModel } from '../model/index.ts'
import type { ChangePlan, CreatePlan } from './plan.ts'
import { type DoWork, type SlowWork, withoutSlowWork } from './slow-work.ts'
import type { ChangeResult, Operations, Store, StoredRecord, Transaction } from './store.ts'

export type GuardedValues = ReadonlyMap<FieldModel, unknown>

export interface StoreGuard<Former = unknown> {
  readonly resource: ResourceModel
  /** Gives what is stored in the place of some values, at once; those that it leaves out are stored as they came. */
  replace(values: GuardedValues): GuardedValues
  /**
   * The same for what takes long: undefined where there is nothing to do. It is done before a transaction and never within, after all that is decided
   * before the write.
   * @throws by its `run`, a refusal for the caller, and nothing is written
   */
  findSlowWork(values: GuardedValues): SlowWork<GuardedValues> | undefined
  /** Looks at what a change is about to replace, without holding it: for `afterChange`. */
  beforeChange(plan: ChangePlan): Promise<Former>
  /** Runs when the change is committed, before the caller has the answer; it must not throw. */
  afterChange(plan: ChangePlan, former: Former): Promise<void>
}

/** @returns a store that is the same for all resources but the guarded one */
export function guardStore<Former>(store: Store, guard: StoreGuard<Former>): Store {
  const own = guarded(
    store,
    guard,
    (work) => work.run(),
    (plan, former) => guard.afterChange(plan, former),
  )
  return {
    ...own,
    async transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
      const { result, changed } = await withoutSlowWork((doWork: DoWork<GuardedValues>, expectNoneLeft) =>
        store.transaction(async (transaction) => {
          const noted: { readonly plan: ChangePlan; readonly former: Former }[] = []
          const inner = guarded(transaction, guard, doWork, async (plan, former) => void noted.push({ plan, former }))
          const bound: Transaction = {
            ...inner,
            lock: (plan) => transaction.lock(plan),
            claim: (key) => transaction.claim(key),
            keep: (key, answer) => transaction.keep(key, answer),
          }
          const done = await work(bound)
          expectNoneLeft()
          return { result: done, changed: noted }
        }),
      )
      for (const { plan, former } of changed) await guard.afterChange(plan, former)
      return result
    },
  }
}

function guarded<Former>(
  operations: Operations,
  guard: StoreGuard<Former>,
  doWork: DoWork<GuardedValues>,
  onChanged: (plan: ChangePlan, former: Former) => Promise<void>,
): Operations {
  const pass = async (values: GuardedValues): Promise<GuardedValues> => {
    const work = guard.findSlowWork(values)
    const replaced = work === undefined ? guard.replace(values) : await doWork(work)
    return replaced.size === 0 ? values : new Map([...values, ...replaced])
  }
  const create = async (plan: CreatePlan): Promise<StoredRecord> =>
    operations.create({ ...plan, values: await pass(plan.values) })
  const change = async (plan: ChangePlan): Promise<ChangeResult> => {
    const changes = await pass(plan.changes)
    const former = await guard.beforeChange(plan)
    const result = await operations.change({ ...plan, changes })
    if (result.kind === 'changed') await onChanged(plan, former)
    return result
  }
  return {
    get: (plan) => operations.get(plan),
    list: (plan) => operations.list(plan),
    tree: (plan) => operations.tree(plan),
    create: (plan) => (plan.resource === guard.resource ? create(plan) : operations.create(plan)),
    change: (plan) => (plan.resource === guard.resource ? change(plan) : operations.change(plan)),
  }
}
