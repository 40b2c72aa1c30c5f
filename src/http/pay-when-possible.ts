/**
 * Holds up the messages of a stream until its caller has budget for them, instead of cutting it off: what is not told yet waits in the journal, and
 * what is not heard yet waits with the caller.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { PlinthError } from '../kernel/index.ts'

/** Takes from the budgets of the caller, as `HttpReply.charge` does. @throws `RATE_LIMIT_EXCEEDED` */
export type Charge = (cost: number) => Promise<void>

/** Whoever waits longer is looked at again, for their rights may end meanwhile. */
const WAIT_MS_MAX = 1_000

/**
 * Resolves when it could be paid, or when nobody listens any more.
 *
 * @param renew looks whether the caller still may
 * @throws what `renew` throws
 */
export async function payWhenPossible(
  pay: () => Promise<void>,
  { renew }: { readonly renew?: (() => unknown) | undefined },
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
