/**
 * Decides whether somebody may ask now, by the generic cell rate algorithm.
 *
 * All that is known of a key is one moment, `fullAtMs`: when everything that was taken will have come back. A request moves it by the
 * time of its units, and is refused where that would lie more than a burst ahead. So in any span of t milliseconds no more than
 * burst + t / unitMs units pass, and there is no window at whose edge twice as much would. A refused request costs nothing.
 *
 * @see https://www.itu.int/rec/T-REC-I.371 (annex A, virtual scheduling)
 */
import type { RatePolicy } from './rate-policy.ts'

export interface RateOutcome {
  readonly isAllowed: boolean
  /** What may be taken at once, at the most. */
  readonly limit: number
  /** What may be taken now, in whole units. */
  readonly remaining: number
  /** Seconds until all of it is back; 0 when it is. */
  readonly resetS: number
  /** Seconds after which the same request would pass, if nobody else takes from the key; 0 when it has passed. */
  readonly retryAfterS: number
}

export interface RateDecision {
  readonly outcome: RateOutcome
  /** What to keep for the key. */
  readonly fullAtMs: number
}

/**
 * @param fullAtMs what was kept; undefined for a key that nobody knows
 * @param nowMs milliseconds of a clock that only grows; should it jump back all the same, a key waits for one burst at the most
 * @param cost in units; more than the burst takes the whole burst, 0 only asks
 */
export function decideRate(policy: RatePolicy, fullAtMs: number | undefined, nowMs: number, cost: number): RateDecision {
  const { burst, unitMs, burstMs } = policy
  // A moment beyond the burst comes from a clock that was ahead.
  const behindMs = fullAtMs === undefined ? 0 : Math.min(Math.max(fullAtMs - nowMs, 0), burstMs)
  const takenMs = behindMs + Math.min(cost, burst) * unitMs
  const overMs = takenMs - burstMs
  // Sums of fractions of milliseconds: a millionth of a unit is no reason to refuse.
  const isAllowed = overMs <= unitMs * 1e-6
  const nextMs = isAllowed ? Math.min(takenMs, burstMs) : behindMs
  return {
    fullAtMs: nowMs + nextMs,
    outcome: {
      isAllowed,
      limit: burst,
      remaining: Math.floor((burstMs - nextMs) / unitMs + 1e-6),
      resetS: nextMs / 1_000,
      retryAfterS: isAllowed ? 0 : overMs / 1_000,
    },
  }
}
