/** The port to whatever keeps the records. `pg` is behind it; nothing here knows SQL. */
import type { Uuid } from '../kernel/index.ts'
import type { ChangePlan, CreatePlan, GetPlan, ListPlan } from './plan.ts'
import type { TreePlan } from './tree-plan.ts'

/** A record as the database printed it. */
export interface PrintedRecord {
  readonly id: Uuid
  /** One JSON object: the fields of the plan, in snake_case, ids as TypeIDs. */
  readonly json: string
}

export interface StoredRecord extends PrintedRecord {
  readonly version: number
}

export interface StoredPage {
  readonly records: readonly PrintedRecord[]
  /** Whether the list goes on in the direction that was asked. */
  readonly hasMore: boolean
  /** The sort values of the first and the last record, for the cursors; undefined on an empty page. */
  readonly first: readonly (string | null)[] | undefined
  readonly last: readonly (string | null)[] | undefined
  readonly total: number | undefined
}

/** A change that did not happen is told apart in the same round trip. */
export type ChangeResult =
  | { readonly kind: 'changed'; readonly record: StoredRecord }
  /** There is no such record, or the caller may not know of it. */
  | { readonly kind: 'missing' }
  /** The caller may see the record and not change it, or not into this. */
  | { readonly kind: 'forbidden' }
  /** The record has another version than the caller expected. */
  | { readonly kind: 'stale' }

/** What identifies a request that must have its effect once. */
export interface OnceKey {
  readonly key: string
  readonly actor: string
  readonly route: string
  /** A digest of what was asked: the same key with another one is refused. */
  readonly fingerprint: string
}

/** An answer as it went out, kept to be given again. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Operations {
  get(plan: GetPlan): Promise<StoredRecord | undefined>
  list(plan: ListPlan): Promise<StoredPage>
  /** Prints a whole tree as one JSON object; where a cursor belongs stands what `CURSOR_MARK` tells. */
  tree(plan: TreePlan): Promise<string>
  create(plan: CreatePlan): Promise<StoredRecord>
  change(plan: ChangePlan): Promise<ChangeResult>
}

/** The same operations, all within one transaction. */
export interface Transaction extends Operations {
  /** Reads a record and keeps it from changing until the transaction ends. */
  lock(plan: GetPlan): Promise<StoredRecord | undefined>
  /**
   * Claims the key for this transaction; waits while another holds it.
   * @returns the kept answer when the request was made before
   * @throws `CONFLICT_KEY_REUSED` when the key was used for something else
   */
  claim(key: OnceKey): Promise<KeptAnswer | undefined>
  keep(key: OnceKey, answer: KeptAnswer): Promise<void>
}

export interface Store extends Operations {
  /** Commits when `work` returns and rolls back when it throws. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>
}
