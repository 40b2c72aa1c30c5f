/**
 * Remembers which ids changed, and at which tick: a count that grows with each change.
 *
 * Invariant: `hasChanged(ids, since)` is never false when one of them changed after `since`. Memory is bounded by age, for a token that was checked
 * longer ago than it lives is not used again; and by number, for what had to be forgotten early counts as changed.
 */

interface Change {
  readonly tick: number
  readonly atMs: number
}

/** A token lives 15 minutes, and clocks differ by seconds. */
const KEEP_MS = 16 * 60_000
/** About 12 MB. At 100 changes a second none is forgotten early. */
const CHANGES_MAX = 100_000
/** Old ones that one note removes: more than it adds, so that the map shrinks again behind a rush. */
const PRUNE_AT_ONCE = 4

export class ChangedIds {
  /** In the order of their last change: the oldest first. */
  readonly #changes = new Map<string, Change>()
  readonly #changesMax: number
  #tick = 1
  /** Whatever was checked before this tick counts as changed. */
  #floor = 0

  constructor(changesMax: number = CHANGES_MAX) {
    this.#changesMax = changesMax
  }

  get tick(): number {
    return this.#tick
  }

  get size(): number {
    return this.#changes.size
  }

  note(id: string, nowMs: number): void {
    this.#tick += 1
    // Behind all others, wherever it stood.
    this.#changes.delete(id)
    this.#changes.set(id, { tick: this.#tick, atMs: nowMs })
    let pruned = 0
    for (const [old, { tick, atMs }] of this.#changes) {
      const isOver = this.#changes.size > this.#changesMax
      if (pruned === PRUNE_AT_ONCE || (!isOver && atMs > nowMs - KEEP_MS)) break
      if (isOver) this.#floor = tick
      this.#changes.delete(old)
      pruned += 1
    }
  }

  /** Nothing that was checked before is good any more: changes may have been missed. */
  noteAll(): void {
    this.#tick += 1
    this.#floor = this.#tick
    this.#changes.clear()
  }

  hasChanged(ids: readonly string[], sinceTick: number): boolean {
    if (sinceTick < this.#floor) return true
    for (const id of ids) if ((this.#changes.get(id)?.tick ?? 0) > sinceTick) return true
    return false
  }
}
