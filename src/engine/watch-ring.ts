/** The latest changes of a resource, shared by all who watch it: each has only a number in it, so a slow one costs no memory. */
import type { WatchedChange } from './watch-change.ts'

/** As many as 5,000 watchers hear of in about ten seconds; whoever is further behind reads the journal. */
export const CHANGES_MAX = 1_000
/** Characters of records: 4 MiB, or 80 posts of the greatest length. */
const SIZE_MAX = 4_194_304

export class WatchRing {
  readonly #changesMax: number
  readonly #sizeMax: number
  /** By number, from `start` on. */
  #changes: WatchedChange[] = []
  #sizes: number[] = []
  #start = 0
  #size = 0

  constructor(changesMax = CHANGES_MAX, sizeMax = SIZE_MAX) {
    this.#changesMax = changesMax
    this.#sizeMax = sizeMax
  }

  /** The number of the next change. */
  get end(): number {
    return this.#start + this.#changes.length
  }

  /** Whether the change of this number, or the next one to come, can be had here. */
  holds(number: number): boolean {
    return number >= this.#start
  }

  at(number: number): WatchedChange | undefined {
    return this.#changes[number - this.#start]
  }

  /** Passes over changes that are nowhere here: whoever has not had them reads the journal. */
  skip(count: number): void {
    this.#start = this.end + count
    this.#changes = []
    this.#sizes = []
    this.#size = 0
  }

  append(changes: readonly WatchedChange[]): void {
    for (const change of changes) {
      this.#changes.push(change)
      this.#sizes.push(change.size)
      this.#size += change.size
    }
    const count = this.#changes.length
    let dropped = 0
    while (count - dropped > this.#changesMax || (this.#size > this.#sizeMax && dropped < count)) {
      this.#size -= this.#sizes[dropped] ?? 0
      dropped += 1
    }
    if (dropped === 0) return
    this.#changes = this.#changes.slice(dropped)
    this.#sizes = this.#sizes.slice(dropped)
    this.#start += dropped
  }
}
