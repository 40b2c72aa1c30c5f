/** Hands values from those who make them to one who takes them, each when it is asked for. */

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

interface Waiting<Value> {
  readonly value: Value
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

export class Rendezvous<Value> {
  readonly #waiting: Waiting<Value>[] = []
  readonly #waitingMax: number
  #taker: ((result: IteratorResult<Value, undefined>) => void) | undefined
  #closed: { readonly reason: unknown } | undefined

  /** @param waitingMax values that may wait to be taken: who puts does not always wait for it */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax
  }

  /**
   * Resolves when the value is taken.
   *
   * @throws the reason of `close` behind it; Error where more wait than may
   */
  put(value: Value): Promise<void> {
    const taken = new Promise<void>((resolve, reject) => {
      if (this.#closed !== undefined) reject(this.#closed.reason)
      else if (this.#taker !== undefined) {
        this.#taker({ done: false, value })
        this.#taker = undefined
        resolve()
      } else if (this.#waiting.length >= this.#waitingMax)
        reject(new Error(`Cannot put one more: ${this.#waitingMax} wait to be taken already`))
      else this.#waiting.push({ value, resolve, reject })
    })
    // Whoever does not look whether it was taken is not told that it was not.
    taken.catch(() => undefined)
    return taken
  }

  /** For one taker at a time. Done when it is closed, and what waited then is dropped. */
  take(): Promise<IteratorResult<Value, undefined>> {
    const next = this.#waiting.shift()
    if (next !== undefined) {
      next.resolve()
      return Promise.resolve({ done: false, value: next.value })
    }
    if (this.#closed !== undefined) return Promise.resolve(DONE)
    return new Promise((resolve) => {
      this.#taker = resolve
    })
  }

  /** Safe to call twice. @param reason what those who put hear */
  close(reason: unknown): void {
    if (this.#closed !== undefined) return
    this.#closed = { reason }
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
    this.#taker?.(DONE)
    this.#taker = undefined
  }
}
