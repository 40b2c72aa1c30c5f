/** Cleans up from time to time; each instance does, and none waits for another. */
import type { Logger } from '../observe/index.ts'

/** A thousand rows a minute keep up with 16 keyed requests a second per instance; what is left waits for quieter hours. */
const SWEEP_EVERY_MS = 60_000

/**
 * @param what is removed, for the log: `Expired idempotency keys`
 * @returns stops it
 */
export function sweepRegularly(what: string, sweep: () => Promise<unknown>, logger: Logger): () => void {
  const run = (): void => {
    sweep().catch((error: unknown) =>
      logger.warn(`${what} could not be removed; the next attempt follows in a minute`, { error }),
    )
  }
  const timer = setInterval(run, SWEEP_EVERY_MS).unref()
  return () => clearInterval(timer)
}
