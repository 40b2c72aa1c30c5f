/** One resource that is watched: its latest changes, and who waits for the next one. */
import { PlinthError } from '../kernel/index.ts'
import type { FeedEntry, FeedPoint } from './change-feed.ts'
import type { CompiledResource } from './compiled-resource.ts'
import type { Seal } from './sealed-text.ts'
import { type ReadWatched, WatchedChange } from './watch-change.ts'
import { CHANGES_MAX, WatchRing } from './watch-ring.ts'

/** What a channel knows of somebody who watches. */
export interface Watcher {
  /** Whether it knows where it stands. */
  readonly hasBegun: boolean
  /** Whether it stands behind the latest mark, and waits for one to come. */
  readonly isAhead: boolean
  wants(change: WatchedChange): boolean
  /** There is something new, or a new point to go on from. */
  wake(): void
  /** Ends it where the caller is no longer who may watch. */
  checkCaller(): void
  fail(error: unknown): void
}

/** A place that is known both ways: as a point of the feed, and as the number of the next change. */
export interface ChannelMark {
  readonly point: FeedPoint
  readonly number: number
}

export class WatchChannel {
  readonly compiled: CompiledResource
  readonly watchers = new Set<Watcher>()
  readonly ring = new WatchRing()
  /** The latest; undefined until a round has been read whole since the channel was opened. */
  mark: ChannelMark | undefined
  readonly #read: ReadWatched
  readonly #seal: Seal
  /** Of the round under way. */
  #coming: WatchedChange[] = []
  /** Changes of the round under way that are too many to be kept. */
  #skipped = 0

  constructor(compiled: CompiledResource, read: ReadWatched, seal: Seal) {
    this.compiled = compiled
    this.#read = read
    this.#seal = seal
  }

  change(entry: FeedEntry): WatchedChange {
    return new WatchedChange(entry, this.#read, this.#seal)
  }

  /** A round begins, perhaps again. */
  begin(): void {
    this.#coming = []
    this.#skipped = 0
  }

  /** Takes entries of a round, and reads the records that somebody wants to hear of. */
  async take(entries: readonly FeedEntry[]): Promise<void> {
    const changes = entries.map((entry) => this.change(entry))
    const watchers = [...this.watchers]
    const wanted = changes.filter((change) => watchers.some((watcher) => watcher.wants(change)))
    await Promise.all(wanted.map((change) => change.record().catch(expectAway)))
    const coming = [...this.#coming, ...changes]
    this.#coming = coming.slice(-CHANGES_MAX)
    this.#skipped += coming.length - this.#coming.length
  }

  /** The round is whole, up to this point. */
  complete(point: FeedPoint): void {
    const isNews = point !== this.mark?.point || this.#coming.length > 0
    if (isNews) {
      if (this.#skipped > 0) this.ring.skip(this.#skipped)
      this.ring.append(this.#coming)
      this.begin()
      this.mark = { point, number: this.ring.end }
    }
    for (const watcher of this.watchers) if (isNews || watcher.isAhead) watcher.wake()
  }
}

/** What one record is at fault for must not hold up the others: whoever hears of it reads it again, and is told what is wrong. */
function expectAway(error: unknown): void {
  if (error instanceof PlinthError && error.isRetryable) throw error
}
