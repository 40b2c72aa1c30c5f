/** Where time and randomness come from, as arguments: pure code never reaches for them by itself. */

export interface Clock {
  /** Milliseconds since 1970, from the wall: for what a person or a database sees. */
  now(): number
  /** Milliseconds that only grow: for durations and deadlines. */
  monotonicMs(): number
}

export interface Randomness {
  /** Fills `target` with bytes that cannot be guessed. */
  fill(target: Uint8Array): void
}
