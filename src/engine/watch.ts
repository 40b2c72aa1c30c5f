/** What somebody who follows a resource asks for, and what they are told. */
import type { Uuid } from '../kernel/index.ts'
import type { Actor } from '../model/index.ts'
import type { RequestContext } from './context.ts'
import type { FieldSelection } from './inputs.ts'
import type { StoredRecord } from './store.ts'

/** Who watches, and from where. What a rule asks of the time is asked anew at each change. */
export interface WatchContext extends RequestContext {
  /**
   * Whom the caller is now: asked before each change and every half second; what it throws ends the watch. Default: the same for ever, so a
   * surface whose callers have tokens must give it.
   */
  readonly renew?: (() => Actor | Promise<Actor>) | undefined
}

export type ChangeKind = 'created' | 'updated' | 'deleted'

export interface WatchInput {
  readonly fields?: FieldSelection | undefined
  /** Only these changes; default all. A restored record counts as created. */
  readonly kinds?: readonly ChangeKind[] | undefined
  /** Only of this record. */
  readonly id?: Uuid | undefined
  /** Goes on behind the change that carried this cursor; default: what commits from now on. */
  readonly after?: string | undefined
}

/** What is heard, one change at a time; the next is asked for when the caller has room for it. */
export interface Watch extends AsyncIterableIterator<Change, undefined> {
  /** Resolves when it is known from where on changes are heard. */
  readonly ready: Promise<void>
  /** Ends it. A `next` that waits is done then. */
  return(): Promise<IteratorReturnResult<undefined>>
  [Symbol.asyncIterator](): Watch
}

/** A change as one caller may hear of it: of a record that they may read, or could read until it was deleted. */
export interface Change {
  readonly kind: ChangeKind
  readonly id: Uuid
  readonly version: number
  readonly at: Date
  /** What the journal calls it: `create`, `update`, the name of an action. */
  readonly operation: string
  /** The record as it is now, or was before it was deleted: the fields that the caller may see. */
  readonly record: StoredRecord
  /** Resumes behind this change, on any instance; sealed to the resource. */
  readonly cursor: string
}
