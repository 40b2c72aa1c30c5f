/**
 * Holds up the answers of a subscription until its caller has budget for them: what is not told yet waits in the journal, so nothing is lost, and
 * nobody is cut off for what others change.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { WatchContext } from '../../engine/index.ts'
import { PlinthError } from '../../kernel/index.ts'

/** Takes from the budgets of the caller, as `HttpReply.charge` does. @throws `RATE_LIMIT_EXCEEDED` */
export type Charge = (cost: number) => Promise<void>

/** Whoever waits longer is looked at again, for their right to listen may end meanwhile. */
const WAIT_MS_MAX = 1_000

/**
 * Resolves when it could be paid, or when nobody listens any more.
 *
 * @throws what ends the caller's right to listen
 */
export async function payWhenPossible(
  pay: () => Promise<void>,
  { renew }: Pick<WatchContext, 'renew'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await pay()
      return
    } catch (error) {
      if (!(error instanceof PlinthError) || error.code !== 'RATE_LIMIT_EXCEEDED') throw error
      const waitMs = Math.min((error.retryAfterS ?? 1) * 1_000, WAIT_MS_MAX)
      await pause(waitMs, undefined, { signal }).catch(() => undefined)
      await renew?.()
    }
  }
}
