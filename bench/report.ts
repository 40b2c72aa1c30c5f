/** Turns the samples of a run into ratios, and prints them: as a table on the terminal, as JSON and Markdown in `results/`. */

import type { Sample } from './measure.ts'
import { type Estimate, estimate, median } from './statistics.ts'
import type { TargetName } from './target.ts'
import type { WorkloadName } from './workload.ts'

export interface Measured {
  readonly workload: string
  readonly title: string
  readonly figure: number
  /** For each target its samples, one for each round. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>
}

export interface Facts {
  readonly date: string
  readonly commit: string
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly node: string
  readonly postgres: string
  readonly posts: number
  readonly users: number
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  readonly comparedAnswers: number
}

export interface Startup {
  readonly target: TargetName
  readonly readyMs: number
  readonly readyMiB: number
  readonly loadedMiB: number
}

export interface Row {
  readonly workload: string
  readonly title: string
  readonly target: string
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly serverUs: number
  readonly databaseUs: number
  /** All ratios are against the yardstick, and above 1 means better than it. */
  readonly cpu: Estimate
  readonly serverCpu: Estimate
  readonly databaseCpu: Estimate
  readonly throughput: Estimate
}

/** A figure that the project has set itself, and whether it was reached. */
export interface Verdict {
  readonly title: string
  readonly measured: string
  readonly figure: string
  readonly isMet: boolean
}

export interface Report {
  readonly facts: Facts
  readonly rows: readonly Row[]
  readonly startups: readonly Startup[]
  /** The floor against itself, all workloads together: how far chance alone moves a ratio. */
  readonly control: Estimate | undefined
  readonly verdicts: readonly Verdict[]
  readonly samples: Record<string, Record<string, readonly Sample[]>>
}

/** A single read that found no other to go with must cost about what the floor's costs. */
const UNMERGED_GET_MIN = 0.92
const READY_MS_MAX = 1_000
const RESIDENT_MIB_MAX = 150
/** The page at row 999,000 may cost at most a twentieth more than the first. */
const DEEP_PAGE_MAX = 1.05

export function createReport(facts: Facts, measured: readonly Measured[], startups: readonly Startup[]): Report {
  const rows = measured.flatMap((each) => rowsOf(each, 'floor'))
  const control = controlOf(measured)
  return {
    facts,
    rows,
    startups,
    control,
    verdicts: [...figures(measured, rows), ...startupFigures(startups), ...controlVerdict(control)],
    samples: Object.fromEntries(measured.map(({ workload, samples }) => [workload, Object.fromEntries(samples)])),
  }
}

/** @param yardstick the target that all are held against */
export function rowsOf({ workload, title, samples }: Measured, yardstick: string): Row[] {
  const floor = samples.get(yardstick) ?? []
  return [...samples].map(([target, own]) => {
    const ratio = (of: (floor: Sample, own: Sample) => number): Estimate => estimate(ratios(floor, own, of))
    return {
      workload,
      title,
      target,
      perSecond: median(own.map((sample) => sample.perSecond)),
      p50Ms: median(own.map((sample) => sample.p50Us)) / 1000,
      p99Ms: median(own.map((sample) => sample.p99Us)) / 1000,
      serverUs: median(own.map((sample) => sample.serverUs)),
      databaseUs: median(own.map((sample) => sample.databaseUs)),
      cpu: ratio((theirs, ours) => cpuOf(theirs) / cpuOf(ours)),
      serverCpu: ratio((theirs, ours) => theirs.serverUs / ours.serverUs),
      databaseCpu: ratio((theirs, ours) => theirs.databaseUs / ours.databaseUs),
      throughput: ratio((theirs, ours) => ours.perSecond / theirs.perSecond),
    }
  })
}

export function ratios(floor: readonly Sample[], own: readonly Sample[], of: (floor: Sample, own: Sample) => number): number[] {
  return own.flatMap((sample, round) => {
    const reference = floor[round]
    return reference === undefined ? [] : [of(reference, sample)]
  })
}

export function cpuOf(sample: Sample): number {
  return sample.serverUs + sample.databaseUs
}

function controlOf(measured: readonly Measured[]): Estimate | undefined {
  const all = measured.flatMap(({ samples }) =>
    ratios(samples.get('floor') ?? [], samples.get('control') ?? [], (floor, control) => cpuOf(floor) / cpuOf(control)),
  )
  return all.length === 0 ? undefined : estimate(all)
}

function figures(measured: readonly Measured[], rows: readonly Row[]): Verdict[] {
  const verdicts: Verdict[] = measured.flatMap(({ workload, title, figure }) => {
    const row = rows.find((each) => each.workload === workload && each.target === 'plinth')
    if (row === undefined) return []
    return [cpuFigure(title, row.cpu, figure)]
  })
  const unmerged = rows.find((each) => each.workload === 'get' && each.target === 'plinth-unmerged')
  if (unmerged !== undefined) verdicts.push(cpuFigure(`${unmerged.title}, reads not merged`, unmerged.cpu, UNMERGED_GET_MIN))
  const samplesOf = (name: WorkloadName) => measured.find(({ workload }) => workload === name)?.samples.get('plinth') ?? []
  const deep = ratios(samplesOf('first-page'), samplesOf('deep-page'), (first, last) => cpuOf(last) / cpuOf(first))
  if (deep.length > 0) {
    const cost = estimate(deep)
    const title = 'deep page: CPU against the first page'
    verdicts.push({ title, measured: printEstimate(cost), figure: `≤ ${DEEP_PAGE_MAX}`, isMet: cost.median <= DEEP_PAGE_MAX })
  }
  return verdicts
}

function cpuFigure(title: string, cpu: Estimate, least: number): Verdict {
  return {
    title: `${title}: CPU against the floor`,
    measured: printEstimate(cpu),
    figure: `≥ ${least}`,
    isMet: cpu.median >= least,
  }
}

function startupFigures(startups: readonly Startup[]): Verdict[] {
  const own = startups.find(({ target }) => target === 'plinth')
  if (own === undefined) return []
  return [
    {
      title: 'ready',
      measured: `${own.readyMs.toFixed(0)} ms`,
      figure: `≤ ${READY_MS_MAX} ms`,
      isMet: own.readyMs <= READY_MS_MAX,
    },
    residentFigure('resident when ready', own.readyMiB),
    residentFigure('resident after the load', own.loadedMiB),
  ]
}

function residentFigure(title: string, mebibytes: number): Verdict {
  const measured = `${mebibytes.toFixed(0)} MiB`
  return { title, measured, figure: `≤ ${RESIDENT_MIB_MAX} MiB`, isMet: mebibytes <= RESIDENT_MIB_MAX }
}

function controlVerdict(control: Estimate | undefined): Verdict[] {
  if (control === undefined) return []
  const isMet = control.low <= 1 && control.high >= 1
  return [{ title: 'control: the floor against itself', measured: printEstimate(control), figure: 'the interval holds 1', isMet }]
}

export function printEstimate({ median: middle, low, high }: Estimate): string {
  return `${middle.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`
}

/** Of a table of rows. */
export const HEADINGS = [
  'target',
  'req/s',
  'p50 ms',
  'p99 ms',
  'Node µs',
  'PG µs',
  'CPU ratio [95 %]',
  'Node',
  'PG',
  'throughput [95 %]',
]

export function cells(row: Row): string[] {
  return [
    row.target,
    row.perSecond.toFixed(0),
    row.p50Ms.toFixed(1),
    row.p99Ms.toFixed(1),
    row.serverUs.toFixed(0),
    row.databaseUs.toFixed(0),
    printEstimate(row.cpu),
    row.serverCpu.median.toFixed(2),
    row.databaseCpu.median.toFixed(2),
    printEstimate(row.throughput),
  ]
}

export const VERDICT_HEADINGS = ['figure', 'measured', 'to reach', '']

export function verdictCells(verdict: Verdict): string[] {
  return [verdict.title, verdict.measured, verdict.figure, verdict.isMet ? 'reached' : 'MISSED']
}

const STARTUP_HEADINGS = ['target', 'ready ms', 'MiB when ready', 'MiB after the load']

function startupCells(startup: Startup): string[] {
  return [startup.target, startup.readyMs.toFixed(0), startup.readyMiB.toFixed(0), startup.loadedMiB.toFixed(0)]
}

/** For a terminal: columns stand under one another. */
export function renderTerminal(report: Report): string {
  const parts = groups(report.rows).flatMap(([title, rows]) => [`\n${title}`, columns([HEADINGS, ...rows.map(cells)])])
  parts.push('\nstart and memory', columns([STARTUP_HEADINGS, ...report.startups.map(startupCells)]))
  if (report.verdicts.length > 0) parts.push('\nfigures', columns([VERDICT_HEADINGS, ...report.verdicts.map(verdictCells)]))
  return parts.join('\n')
}

export function renderMarkdown(report: Report): string {
  const { facts } = report
  const parts = [
    `# Benchmark of ${facts.date}`,
    `Commit ${facts.commit}. ${facts.processor}, ${facts.cores} cores, ${facts.memoryGiB} GiB; Node ${facts.node}, PostgreSQL ${facts.postgres}. ` +
      `${facts.posts.toLocaleString('en')} posts, ${facts.users.toLocaleString('en')} users; wrk with ${facts.connections} connections; ` +
      `${facts.rounds} interleaved rounds of ${facts.seconds} s for each target. ${facts.comparedAnswers} answers were compared before.`,
    'Times are medians, CPU time is for one request. Ratios are taken round by round against the floor; above 1 is better than the floor. ' +
      'In brackets the 95 % bootstrap interval of the median. How it is measured: `docs/benchmark.md`.',
  ]
  for (const [title, rows] of groups(report.rows)) parts.push(`## ${title}`, markdown([HEADINGS, ...rows.map(cells)]))
  parts.push('## Start and memory', markdown([STARTUP_HEADINGS, ...report.startups.map(startupCells)]))
  if (report.verdicts.length > 0) parts.push('## Figures', markdown([VERDICT_HEADINGS, ...report.verdicts.map(verdictCells)]))
  return `${parts.join('\n\n')}\n`
}

function groups(rows: readonly Row[]): [string, Row[]][] {
  return [...Map.groupBy(rows, (row) => row.title)]
}

export function columns(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  const print = (line: readonly string[]): string =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')
  return table.map((line) => `  ${print(line)}`).join('\n')
}

export function markdown([headings = [], ...lines]: readonly (readonly string[])[]): string {
  const rule = headings.map((_, column) => (column === 0 ? '---' : '---:'))
  return [headings, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')
}
