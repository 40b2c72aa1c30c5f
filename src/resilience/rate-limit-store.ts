/** Where the moments of the keys are kept: the port, which a store in memory and one over a network both fit. */
import type { RateOutcome } from './gcra.ts'
import type { RatePolicy } from './rate-policy.ts'

/**
 * Takes from keys. One call is one step that nobody can come between: a store over a network does it in one script.
 */
export interface RateLimitStore {
  /**
   * Takes `cost` units from a key, or refuses and takes nothing.
   *
   * @param key whoever is counted; at most 256 characters count
   * @param nowMs of a monotone clock; a store that several processes share reads its own
   * @param cost in units, 0 or more
   * @returns at once where the store is at hand; a rejected promise says that nobody knows
   */
  take(key: string, policy: RatePolicy, nowMs: number, cost: number): RateOutcome | Promise<RateOutcome>
}
