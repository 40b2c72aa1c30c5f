/** What operations need from outside. */
import type { Clock, Uuid } from '../kernel/index.ts'
import type { CompiledResource } from './compiled-resource.ts'
import type { RequestContext } from './context.ts'
import type { GetInput } from './inputs.ts'
import type { Seal } from './sealed-text.ts'
import type { Operations, StoredRecord, Transaction } from './store.ts'
import type { WatchHub } from './watch-hub.ts'

/** Bound to a transaction, or to none. */
export interface Runtime {
  readonly operations: Operations
  /** Runs in the transaction that is under way, or in a new one. */
  inTransaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>
  readonly clock: Clock
  readonly newId: () => Uuid
  readonly seal: Seal
  /** Undefined where nothing can be watched. */
  readonly hub: WatchHub | undefined
  sibling(resource: string): Sibling
}

/** Another resource of the same domain, as an operation sees it. */
export interface Sibling {
  readonly compiled: CompiledResource
  get(context: RequestContext, input: GetInput): Promise<StoredRecord>
}
