/**
 * Clients that create posts without a pause, as good clients do: with a key for each, and again with the same key until they are
 * told what became of it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Caller, Outcome } from './caller.ts'
import type { Promised } from './ledger.ts'

export interface WritersOptions {
  readonly caller: Caller
  readonly authorId: string
  readonly prefix: string
  readonly count: number
}

/** A pause before the same request is sent again. Shorter than `Retry-After` asks for: recovery is to be seen when it happens. */
const PAUSE_MS = 50

export class Writers {
  readonly outcomes: Outcome[] = []
  readonly promised: Promised[] = []
  readonly #options: WritersOptions
  readonly #running: Promise<void>[]
  #isStopping = false
  #made = 0

  constructor(options: WritersOptions) {
    this.#options = options
    this.#running = Array.from({ length: options.count }, () => this.#write())
  }

  /** Lets each finish what it has begun. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#running)
  }

  async #write(): Promise<void> {
    const { caller, authorId, prefix } = this.#options
    while (!this.#isStopping) {
      const title = `${prefix}${this.#made++}`
      for (;;) {
        const outcome = await caller.call({
          method: 'POST',
          path: '/api/v1/posts',
          headers: { 'idempotency-key': title },
          body: { author_id: authorId, title, body: 'Written under load.' },
        })
        this.outcomes.push(outcome)
        if (outcome.status === 201) {
          this.promised.push({ id: outcome.json.data.id, title })
          break
        }
        // A refusal will not change by being asked again; the test that reads the outcomes will say so.
        if (outcome.status >= 400 && outcome.status < 500 && outcome.status !== 409) return
        await delay(PAUSE_MS)
      }
    }
  }
}
