/** Runs work in the order in which it was asked for: so many at once, so many waiting, and no more. */
import { type Clock, PlinthError } from '../../kernel/index.ts'

export interface WorkQueueOptions {
  /** How many pieces of work may run at once. */
  readonly concurrency: number
  /** How many may wait behind them. */
  readonly queueMax: number
  readonly clock: Pick<Clock, 'monotonicMs'>
}

/** A guess at how long a piece takes before the first was measured: argon2id with 19 MiB on an ordinary core. */
const FIRST_GUESS_MS = 20
/** The weight of the newest duration in the mean: a change of pace shows within some ten pieces. */
const NEWEST_WEIGHT = 0.1

export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #waiting: (() => void)[] = []
  #running = 0
  #meanMs = FIRST_GUESS_MS

  constructor(options: WorkQueueOptions) {
    this.#options = options
  }

  /** How many pieces of work wait. */
  get depth(): number {
    return this.#waiting.length
  }

  /**
   * Runs `work` when its turn has come.
   *
   * @param signal whose abort takes the work out of the queue; what runs already runs to its end
   * @throws `RATE_LIMIT_OVERLOADED` at once when the queue is full, with the seconds after which there should be room; the reason of `signal`
   */
  async run<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    signal?.throwIfAborted()
    // Whoever ends hands over its place, so a newcomer never overtakes those who wait.
    if (this.#running < this.#options.concurrency) this.#running++
    else await this.#wait(signal)
    const startMs = this.#options.clock.monotonicMs()
    try {
      return await work()
    } finally {
      this.#meanMs += NEWEST_WEIGHT * (this.#options.clock.monotonicMs() - startMs - this.#meanMs)
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    const { concurrency, queueMax } = this.#options
    if (this.#waiting.length >= queueMax) {
      const waitS = Math.ceil((this.#waiting.length * this.#meanMs) / concurrency / 1_000)
      throw new PlinthError('RATE_LIMIT_OVERLOADED', undefined, { retryAfterS: Math.max(1, waitS) })
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
      this.#waiting.push(enter)
    })
  }
}
