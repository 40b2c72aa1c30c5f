/**
 * How much of a chaos test runs: little on every change, all that the proof plan asks for with `PLINTH_LONG=1`. And a seed that
 * can be given again.
 */

const IS_LONG = process.env['PLINTH_LONG'] === '1'

/** The number for a short run, or for the long one. */
export function size(short: number, long: number): number {
  return IS_LONG ? long : short
}

/** Printed with every report; `PLINTH_SEED` repeats a run. */
export const SEED = Number(process.env['PLINTH_SEED'] ?? Date.now() % 1_000_000_007)

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number = SEED): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Prints what a check has counted: one line, so that a run can be searched for it. */
export function report(title: string, counts: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`chaos ${JSON.stringify({ check: title, seed: SEED, ...counts })}\n`)
}

/** How many of each: `{ "201": 40, "503": 7 }`. */
export function tally(values: Iterable<string | number>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

/** The value below which this share of the numbers lies; 0 of none. Share 1 is the largest, however many there are. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
