/**
 * Puts a guard before the records of one resource: what is written passes it first, and it hears of each change once that is
 * durable. The one place where a password becomes a digest, whichever surface, action or nested request it came through.
 */
import type { FieldModel, ResourceModel } from '../model/index.ts'
import type { ChangePlan, CreatePlan } from './plan.ts'
import type { ChangeResult, Operations, Store, StoredRecord, Transaction } from './store.ts'

export type GuardedValues = ReadonlyMap<FieldModel, unknown>

export interface StoreGuard {
  readonly resource: ResourceModel
  /**
   * Gives the values that are stored in the place of those that came.
   * @throws a refusal for the caller, and nothing is written
   */
  beforeWrite(values: GuardedValues): Promise<GuardedValues> | GuardedValues
  /** Runs when the change is committed, before the caller has the answer; it must not throw. */
  afterChange(plan: ChangePlan): Promise<void>
}

/** @returns a store that is the same for all resources but the guarded one */
export function guardStore(store: Store, guard: StoreGuard): Store {
  const own = guarded(store, guard, (plan) => guard.afterChange(plan))
  return {
    ...own,
    async transaction(work) {
      const changed: ChangePlan[] = []
      const result = await store.transaction((transaction) => {
        const inner = guarded(transaction, guard, async (plan) => void changed.push(plan))
        const bound: Transaction = {
          ...inner,
          lock: (plan) => transaction.lock(plan),
          claim: (key) => transaction.claim(key),
          keep: (key, answer) => transaction.keep(key, answer),
        }
        return work(bound)
      })
      for (const plan of changed) await guard.afterChange(plan)
      return result
    },
  }
}

function guarded(operations: Operations, guard: StoreGuard, onChanged: (plan: ChangePlan) => Promise<void>): Operations {
  const create = async (plan: CreatePlan): Promise<StoredRecord> =>
    operations.create({ ...plan, values: await guard.beforeWrite(plan.values) })
  const change = async (plan: ChangePlan): Promise<ChangeResult> => {
    const result = await operations.change({ ...plan, changes: await guard.beforeWrite(plan.changes) })
    if (result.kind === 'changed') await onChanged(plan)
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
