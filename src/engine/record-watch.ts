/**
 * One watch: takes changes from what all watchers of the resource share, or from the journal where it is behind, and tells those that its
 * caller may hear of.
 *
 * Invariant: it stands at one point of the feed, behind which it has told or passed over every change once. Where the changes that are
 * kept in memory begin behind that point, it reads the journal up to a mark, which is known both as a point and as a number in the ring,
 * and goes on there. Nothing waits in a queue of its own, so a caller that does not ask for the next change costs what an idle one costs.
 */
import { type Clock, PlinthError } from '../kernel/index.ts'
import type { FeedPoint } from './change-feed.ts'
import type { Change, Watch, WatchContext, WatchInput } from './watch.ts'
import type { WatchedChange } from './watch-change.ts'
import type { ChannelMark, WatchChannel, Watcher } from './watch-channel.ts'
import { WatchJudge } from './watch-judge.ts'

export interface WatchPage {
  readonly changes: readonly WatchedChange[]
  readonly state: 'more' | 'end' | 'ahead'
}

export interface RecordWatchParts {
  readonly channel: WatchChannel
  readonly context: WatchContext
  readonly input: WatchInput
  readonly clock: Clock
  /** Where to begin; undefined: at the next mark. */
  readonly from: FeedPoint | undefined
  /** Reads on in the journal. */
  read(after: FeedPoint, upTo: FeedPoint): Promise<WatchPage>
  /** Called once. */
  onEnd(watch: Watcher): void
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })
/** Records of the journal that are read together for one who is behind: as many as it holds in memory. */
const AHEAD = 8
/** Another instance may have looked later than this one; its point is behind ours for one look, and one that was under way. */
const LOOKS_AHEAD_MAX = 2

export class RecordWatch implements Watch, Watcher {
  readonly ready: Promise<void>
  readonly #parts: RecordWatchParts
  readonly #judge: WatchJudge
  #isReady: () => void = () => undefined
  #point: FeedPoint | undefined
  /** In the ring; undefined while it reads the journal. */
  #number: number | undefined
  /** What was read of the journal, and where to go on in the ring behind it. */
  #page: readonly WatchedChange[] = []
  #pageAt = 0
  #join: ChannelMark | undefined
  #looksAhead = 0
  #isWoken = false
  #wake: (() => void) | undefined
  #isEnded = false
  #failure: { readonly error: unknown } | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: RecordWatchParts) {
    this.#parts = parts
    this.#judge = new WatchJudge({ ...parts, compiled: parts.channel.compiled })
    this.#point = parts.from
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve
    })
    if (parts.from !== undefined) this.#isReady()
    else this.#joinAt(parts.channel.mark)
  }

  get isAhead(): boolean {
    return this.#looksAhead > 0
  }

  /** Whether it knows where it stands. */
  get hasBegun(): boolean {
    return this.#point !== undefined
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Change, undefined>> {
    const result = this.#turn.then(() => this.#pull())
    this.#turn = result.catch(() => undefined)
    return result
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.end()
    return Promise.resolve(DONE)
  }

  /** Ends it; what waits is done. Safe to call twice. */
  readonly end = (): void => {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#page = []
    this.#parts.onEnd(this)
    this.#isReady()
    this.wake()
  }

  fail(error: unknown): void {
    if (this.#isEnded) return
    this.#failure = { error }
    this.end()
  }

  wake(): void {
    // It begins at the first mark, whether or not somebody has asked for a change yet.
    if (!this.hasBegun && !this.#isEnded) this.#joinAt(this.#parts.channel.mark)
    this.#isWoken = true
    this.#wake?.()
  }

  wants(change: WatchedChange): boolean {
    return this.#judge.wants(change)
  }

  checkCaller(): void {
    try {
      const actor = this.#parts.context.renew?.()
      if (actor instanceof Promise) actor.catch((error: unknown) => this.fail(error))
    } catch (error) {
      this.fail(error)
    }
  }

  async #pull(): Promise<IteratorResult<Change, undefined>> {
    try {
      while (!this.#isEnded) {
        this.#isWoken = false
        const change = this.#nextKnown() ?? (await this.#catchUp())
        if (change === undefined) {
          await this.#news()
          continue
        }
        this.#readAhead()
        const shown = await this.#judge.show(change)
        this.#pass(change)
        // What was judged while the watch ended is not told.
        if (shown !== undefined && !this.#isEnded) return { done: false, value: shown }
      }
    } catch (error) {
      this.fail(error)
    }
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure.error
    return DONE
  }

  #nextKnown(): WatchedChange | undefined {
    const { ring } = this.#parts.channel
    if (this.#number === undefined) return this.#page[this.#pageAt]
    if (ring.holds(this.#number)) return ring.at(this.#number)
    this.#number = undefined
    return undefined
  }

  /** Reads on in the journal, up to the latest mark; undefined when there is nothing to tell yet. */
  async #catchUp(): Promise<WatchedChange | undefined> {
    const { channel, read } = this.#parts
    const { mark } = channel
    if (this.#number !== undefined || mark === undefined) return undefined
    if (this.#point === undefined) {
      this.#joinAt(mark)
      return this.#nextKnown()
    }
    const { changes, state } = await read(this.#point, mark.point)
    this.#page = changes
    this.#pageAt = 0
    this.#join = state === 'end' ? mark : undefined
    this.#looksAhead = state === 'ahead' && changes.length === 0 ? this.#looksAhead + 1 : 0
    if (this.#looksAhead > LOOKS_AHEAD_MAX)
      throw new PlinthError('VALIDATION_CURSOR', 'Cannot go on from this cursor: it is of another state of the database')
    if (changes.length > 0) return changes[0]
    if (state !== 'end') return undefined
    this.#joinAt(mark)
    return this.#nextKnown()
  }

  #readAhead(): void {
    if (this.#pageAt % AHEAD !== 0) return
    for (const change of this.#page.slice(this.#pageAt, this.#pageAt + AHEAD)) {
      // A failure is met again when it is this one's turn.
      if (this.wants(change)) change.record().catch(() => undefined)
    }
  }

  #joinAt(mark: ChannelMark | undefined): void {
    if (mark === undefined) return
    this.#point = mark.point
    this.#number = mark.number
    this.#page = []
    this.#pageAt = 0
    this.#join = undefined
    this.#isReady()
  }

  #pass(change: WatchedChange): void {
    this.#point = change.entry.point
    if (this.#number !== undefined) {
      this.#number += 1
      return
    }
    this.#pageAt += 1
    // What was told is no longer held.
    if (this.#pageAt % AHEAD === 0) {
      this.#page = this.#page.slice(AHEAD)
      this.#pageAt = 0
    }
    if (this.#pageAt >= this.#page.length) this.#joinAt(this.#join)
  }

  async #news(): Promise<void> {
    if (this.#isWoken) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = undefined
  }
}
