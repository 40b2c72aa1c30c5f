/** Bounds how often something is looked at behind the answers: so many times a second for each caller, and in all. Beyond that nothing is. */

const EACH_PER_SECOND = 2
const ALL_PER_SECOND = 20
const SECOND_MS = 1_000

export class LookBudget {
  readonly #monotonicMs: () => number
  /** Of the present second only, so there are never more than looks. */
  readonly #taken = new Map<string, number>()
  #all = 0
  #beganAtMs = Number.NEGATIVE_INFINITY

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs
  }

  /** @returns whether there is one left for this caller */
  take(caller: string): boolean {
    const nowMs = this.#monotonicMs()
    if (nowMs - this.#beganAtMs >= SECOND_MS) {
      this.#beganAtMs = nowMs
      this.#all = 0
      this.#taken.clear()
    }
    const own = this.#taken.get(caller) ?? 0
    if (own >= EACH_PER_SECOND || this.#all >= ALL_PER_SECOND) return false
    this.#taken.set(caller, own + 1)
    this.#all += 1
    return true
  }
}
