/** A limit as it is declared, and what follows from it for the arithmetic: so many a minute, so many at once. */

export interface RateLimit {
  /** What is given back in a minute, evenly; greater than 0. */
  readonly perMinute: number
  /** What may be taken at once; integer ≥ 1. */
  readonly burst: number
}

/** A named limit. Keys are counted by name and key: policies of one name are one policy. */
export interface RatePolicy extends RateLimit {
  readonly name: string
  /** How long one unit takes to come back, in milliseconds. */
  readonly unitMs: number
  /** How long all of it takes. */
  readonly burstMs: number
}

const MINUTE_MS = 60_000

/**
 * Makes a policy.
 *
 * @throws `TypeError` for a limit that is none: zero, endless, less than one at once
 * @example const policy = ratePolicy('sign-in', { perMinute: 20, burst: 10 })
 */
export function ratePolicy(name: string, { perMinute, burst }: RateLimit): RatePolicy {
  if (!Number.isFinite(perMinute) || perMinute <= 0)
    throw new TypeError(`Cannot make limit "${name}": ${perMinute} a minute, expected a number above 0`)
  if (!Number.isSafeInteger(burst) || burst < 1)
    throw new TypeError(`Cannot make limit "${name}": ${burst} at once, expected a whole number of at least 1`)
  const unitMs = MINUTE_MS / perMinute
  return Object.freeze({ name, perMinute, burst, unitMs, burstMs: burst * unitMs })
}
