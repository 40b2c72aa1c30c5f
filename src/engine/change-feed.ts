/** The port to whatever tells of committed changes: each once, those of one record in the order in which they were made. */
import type { Uuid } from '../kernel/index.ts'

/** Names a place in the feed, as the feed writes it. It means the same on every instance over the same records. */
export type FeedPoint = string

/** A committed change, as the journal has it. */
export interface FeedEntry {
  readonly resource: string
  readonly recordId: Uuid
  readonly operation: string
  /** Of the record, behind the change. */
  readonly version: number
  readonly at: Date
  /** Behind this entry and all before it. */
  readonly point: FeedPoint
}

export interface FeedListener {
  /** A round begins. Entries that were given since the last `onPoint` come again, or are to be read. */
  onBegin(): void
  /** When it throws or rejects, the round is tried again. */
  onEntries(entries: readonly FeedEntry[]): void | Promise<void>
  /** All that was committed before this point was given. It comes soon after `follow`, and then at every look, whether or not there was news. */
  onPoint(point: FeedPoint): void
  /** The journal is not the one that was followed, or an older state of it: no former point means anything. */
  onGap(): void
  /** A look failed; the next one follows by itself. */
  onFailure(error: unknown): void
}

export interface FeedPage {
  readonly entries: readonly FeedEntry[]
  /**
   * `more`: there are further entries behind the last one. `end`: these were all, up to the point asked for. `ahead`: where the reader stands
   * lies behind the point asked for.
   */
  readonly state: 'more' | 'end' | 'ahead'
}

export interface ChangeFeed {
  /** Looks for news until it is stopped: what commits from now on. */
  follow(listener: FeedListener): { stop(): void }
  /**
   * At most `limit` entries of a resource behind `after`, none behind `upTo`.
   * @param upTo a point that `onPoint` gave
   * @throws `VALIDATION_CURSOR` for a point that lies too far back, or is none; `DEPENDENCY_*`
   */
  read(resource: string, after: FeedPoint, upTo: FeedPoint, limit: number): Promise<FeedPage>
}
