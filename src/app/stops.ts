/**
 * What was started, to be stopped in the opposite order; each part for as long as the grace lasts, and a moment at least.
 *
 * A database or a mail server that has fallen silent says neither yes nor no. Whoever waits for it waits until the orchestrator kills the
 * process, and then nothing behind it is closed well.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../observe/index.ts'

interface Part {
  readonly name: string
  readonly stop: () => unknown
  readonly endsByItself: boolean
}

/** For a part whose turn comes when the grace is over. */
const MOMENT_MS = 1_000

export class Stops {
  readonly #parts: Part[] = []
  #running: Promise<readonly string[]> | undefined

  /** @param options.endsByItself the part bounds its own end, and is waited for */
  add(name: string, stop: () => unknown, { endsByItself = false }: { readonly endsByItself?: boolean } = {}): void {
    this.#parts.push({ name, stop, endsByItself })
  }

  /**
   * Stops all; what is called again waits for the first call. A part that fails, or does not end in time, is logged, and the next one follows.
   *
   * @returns the parts that are not closed: what they hold may keep the process alive
   */
  run(graceMs: number, logger?: Pick<Logger, 'warn'>): Promise<readonly string[]> {
    this.#running ??= this.#run(performance.now() + graceMs, logger)
    return this.#running
  }

  async #run(endMs: number, logger: Pick<Logger, 'warn'> | undefined): Promise<readonly string[]> {
    const left: string[] = []
    for (const { name, stop, endsByItself } of this.#parts.splice(0).reverse()) {
      const bound = new AbortController()
      const waitMs = Math.max(endMs - performance.now(), MOMENT_MS)
      const stopped = (async () => stop())().then(
        () => 'closed' as const,
        (error: unknown) => ({ error }),
      )
      const late = endsByItself ? [] : [delay(waitMs, 'late' as const, { signal: bound.signal }).catch(() => 'late' as const)]
      const outcome = await Promise.race([stopped, ...late])
      bound.abort()
      if (outcome === 'closed') continue
      left.push(name)
      if (outcome === 'late') logger?.warn('A part of the service did not close in time, and is left as it is', { part: name })
      else logger?.warn('A part of the service could not be closed', { part: name, error: outcome.error })
    }
    return left
  }
}
