/** What all protections together cost a request: `plinth` against the same reads without them, in interleaved rounds. */
import type { Sample } from './measure.ts'
import { printEstimate } from './report.ts'
import { estimate, median } from './statistics.ts'

/** Token, log line, metrics, request id and trace, security headers, strict heads and bodies, limits. */
const PROTECTIONS_US_MAX = 10

export interface ProtectionsReport {
  readonly text: string
  readonly isMet: boolean
}

/** @param guarded and @param bare samples of the same rounds */
export function reportProtections(guarded: readonly Sample[], bare: readonly Sample[]): ProtectionsReport {
  // The database does the same for both, so its share would be noise.
  const costs = guarded.flatMap((sample, round) => {
    const other = bare[round]
    return other === undefined ? [] : [sample.serverUs - other.serverUs]
  })
  const cost = estimate(costs)
  const isMet = cost.median <= PROTECTIONS_US_MAX
  const line = (name: string, samples: readonly Sample[]): string =>
    `  ${name.padEnd(12)} ${median(samples.map(({ serverUs }) => serverUs)).toFixed(1)} µs of CPU in Node, ` +
    `${median(samples.map(({ perSecond }) => perSecond)).toFixed(0)} requests a second`
  const verdict = `  protections  ${printEstimate(cost)} µs a request, to reach ≤ ${PROTECTIONS_US_MAX}: ${isMet ? 'reached' : 'MISSED'}`
  return { text: ['\nget by id', line('plinth', guarded), line('plinth-bare', bare), verdict].join('\n'), isMet }
}
