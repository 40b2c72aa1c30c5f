/**
 * Tells when somebody asked for a record that is there and hidden from them. They hear that it cannot be found, as of any that is not there; only a
 * look without their rules tells the two apart, and that comes after their answer, a few times a second.
 *
 * Invariant: what is answered, and when, is the same for both.
 */
import type { Uuid } from '../kernel/index.ts'
import type { ResourceModel } from '../model/index.ts'
import { UNCONDITIONAL } from '../policy/index.ts'
import type { RequestContext } from './context.ts'
import type { FieldSet } from './field-set.ts'
import { LookBudget } from './look-budget.ts'
import type { ChangePlan, GetPlan } from './plan.ts'
import type { Operations, Store, Transaction } from './store.ts'
import type { TreePlan } from './tree-plan.ts'

/** A record that was hidden from whoever asked for it. */
export interface HiddenRecord {
  readonly resource: ResourceModel
  readonly id: Uuid
  /** What was asked for: `get`, `update`, the name of an action. */
  readonly operation: string
  readonly context: RequestContext
}

export interface HiddenRecordOptions {
  /** Runs work when the answer is out; what it rejects with is its own concern. */
  readonly later: (work: () => Promise<void>) => void
  readonly monotonicMs: () => number
  readonly onHidden: (hidden: HiddenRecord) => void
}

interface Missed extends Pick<GetPlan, 'resource' | 'context' | 'read' | 'id' | 'parent'> {
  readonly operation: string
}

/** @returns a store that is the same, and looks after what was not found */
export function noteHiddenRecords(
  store: Store,
  { later, monotonicMs, onHidden }: HiddenRecordOptions,
  fieldsOf: (resource: ResourceModel, context: RequestContext) => FieldSet,
): Store {
  const budget = new LookBudget(monotonicMs)
  const look = async ({ operation, ...missed }: Missed, isSure: boolean): Promise<void> => {
    const { resource, context, id, read } = missed
    const plan = { ...missed, fields: fieldsOf(resource, context), includesDeleted: false }
    const found = await store.get({ ...plan, read: { access: read.access, rules: UNCONDITIONAL } })
    if (found === undefined || (!isSure && (await store.get(plan)) !== undefined)) return
    onHidden({ resource, id, operation, context })
  }
  /** @param isSure whether it is known that the caller was not given this very record */
  const note = (missed: Missed, isSure = true): void => {
    const { actor, address } = missed.context
    // From whom nothing is hidden, nothing was.
    if (missed.read.rules === UNCONDITIONAL || !budget.take(actor.subject ?? address ?? '')) return
    // A database that is away is told elsewhere.
    later(() => look(missed, isSure).catch(() => undefined))
  }
  const watched = (operations: Operations): Operations => ({
    list: (plan) => operations.list(plan),
    create: (plan) => operations.create(plan),
    async get(plan) {
      const record = await operations.get(plan)
      if (record === undefined && !plan.includesDeleted) note({ ...plan, operation: 'get' })
      return record
    },
    async change(plan: ChangePlan) {
      const result = await operations.change(plan)
      if (result.kind === 'missing' && plan.target === 'live') note(plan)
      return result
    },
    async tree(plan) {
      const json = await operations.tree(plan)
      for (const missed of missedRoots(plan, json)) note(missed, false)
      return json
    },
  })
  return {
    ...watched(store),
    transaction: (work) =>
      store.transaction((transaction) => {
        const bound: Transaction = {
          ...watched(transaction),
          async lock(plan) {
            const record = await transaction.lock(plan)
            if (record === undefined) note({ ...plan, operation: 'act' })
            return record
          },
          claim: (key) => transaction.claim(key),
          keep: (key, answer) => transaction.keep(key, answer),
        }
        return work(bound)
      }),
  }
}

/** Records at the top of a tree that seem to be null in its text; another part of the tree may have the same name. */
function* missedRoots({ roots, aliases, context }: TreePlan, json: string): Generator<Missed> {
  for (const root of roots) {
    if (root.kind !== 'record' || root.level.id === undefined) continue
    const key = typeof root.key === 'number' ? (aliases[root.key] ?? '') : root.key
    const { resource, read, id } = root.level
    if (json.includes(`${JSON.stringify(key)}:null`)) yield { resource, read, id, context, parent: undefined, operation: 'get' }
  }
}
