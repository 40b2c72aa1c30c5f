/** Medians of a few rounds, and how far they can be trusted. */

export interface Estimate {
  readonly median: number
  /** The bounds of the 95 % confidence interval. */
  readonly low: number
  readonly high: number
}

const RESAMPLES = 5_000

/**
 * The median of `values` with its interval by the percentile bootstrap: the median is taken anew from many samples drawn with
 * replacement. The draws are the same each time, so a report can be made again from its figures.
 *
 * @see https://doi.org/10.1214/ss/1177013815
 */
export function estimate(values: readonly number[]): Estimate {
  const random = generator(values.length)
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN)),
  ).sort((left, right) => left - right)
  return {
    median: median(values),
    low: medians[RESAMPLES * 0.025] ?? Number.NaN,
    high: medians[RESAMPLES * 0.975 - 1] ?? Number.NaN,
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** In an order that chance decides, so that no target always follows the same other one. */
export function shuffled<Item>(items: readonly Item[]): Item[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1))
    const held = result[last] as Item
    result[last] = result[other] as Item
    result[other] = held
  }
  return result
}

/** Mulberry32: small, and good enough to draw rounds. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
