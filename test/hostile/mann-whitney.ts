/**
 * Tells whether two samples of times come from one distribution: the rank-sum test of Mann and Whitney, with ties, two-sided, by the normal
 * approximation that holds from twenty samples on. Ranks make it blind to outliers, of which a busy machine has many.
 * @see https://www.jstor.org/stable/2236101
 */
export interface RankSum {
  /** How likely so great a difference is where there is none. */
  readonly p: number
  /** How often a time of the first sample is the longer one of a pair; 0.5 where nothing tells them apart. */
  readonly superiority: number
}

export function compareTimes(first: readonly number[], second: readonly number[]): RankSum {
  const values = [...first.map((value) => ({ value, isFirst: true })), ...second.map((value) => ({ value, isFirst: false }))]
  values.sort((left, right) => left.value - right.value)
  let rankSum = 0
  let ties = 0
  for (let at = 0; at < values.length; ) {
    let end = at
    while (end < values.length && values[end]?.value === values[at]?.value) end++
    const count = end - at
    // Equal values share the mean of their ranks.
    const rank = (at + 1 + end) / 2
    for (let one = at; one < end; one++) if (values[one]?.isFirst === true) rankSum += rank
    ties += count ** 3 - count
    at = end
  }
  const [n, m] = [first.length, second.length]
  const u = rankSum - (n * (n + 1)) / 2
  const variance = ((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
  const distance = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5)
  const p = variance === 0 ? 1 : Math.min(1, complementaryError(distance / Math.sqrt(variance) / Math.SQRT2))
  return { p, superiority: u / (n * m) }
}

/** erfc for x ≥ 0, within 1.2e-7. @see Numerical Recipes in C, 2nd edition, 6.2 */
function complementaryError(x: number): number {
  const t = 1 / (1 + x / 2)
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
  ]
  const sum = coefficients.reduceRight((total, coefficient) => total * t + coefficient, 0)
  return t * Math.exp(-x * x + sum)
}
