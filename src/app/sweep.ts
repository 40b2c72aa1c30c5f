/** Calls the store's clean-up from time to time; each instance does, and none waits for another. */
import type { Logger } from '../observe/index.ts'

/** A thousand keys a minute keep up with 16 keyed requests a second per instance; what is left waits for quieter hours. */
const SWEEP_EVERY_MS = 60_000

/** @returns stops it */
export function sweepRegularly(store: { sweep(): Promise<void> }, logger: Logger): () => void {
  const sweep = (): void => {
    store
      .sweep()
      .catch((error: unknown) =>
        logger.warn('Expired idempotency keys could not be removed; the next attempt follows in a minute', { error }),
      )
  }
  const timer = setInterval(sweep, SWEEP_EVERY_MS).unref()
  return () => clearInterval(timer)
}
