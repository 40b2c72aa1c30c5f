/** What the rounds of GraphQL and gRPC come to: rows as of the foundation, each surface against its own yardstick, and the figures. */
import {
  cells,
  columns,
  cpuOf,
  type Facts,
  HEADINGS,
  markdown,
  printEstimate,
  type Row,
  ratios,
  rowsOf,
  VERDICT_HEADINGS,
  type Verdict,
  verdictCells,
} from '../report.ts'
import { type Estimate, estimate } from '../statistics.ts'
import type { SurfacesMeasured } from './measure.ts'

export interface SurfacesReport {
  readonly facts: Facts
  readonly tables: readonly { readonly title: string; readonly rows: readonly Row[] }[]
  readonly verdicts: readonly Verdict[]
  /** Told, and no more. */
  readonly aims: readonly Verdict[]
  readonly samples: Readonly<Record<string, object>>
}

export function reportSurfaces(facts: Facts, { measured }: SurfacesMeasured): SurfacesReport {
  const figures = measured.flatMap(({ surface, samples }) =>
    surface.figures.map(({ against, least, isAim = false }) => {
      const cpu = estimate(
        ratios(samples.get(against) ?? [], samples.get('plinth') ?? [], (theirs, ours) => cpuOf(theirs) / cpuOf(ours)),
      )
      return { isAim, verdict: cpuFigure(`${surface.title}: CPU against ${against}`, cpu, least) }
    }),
  )
  return {
    facts,
    tables: measured.map((each) => ({ title: each.title, rows: rowsOf(each, each.surface.yardstick) })),
    verdicts: [...figures.filter(({ isAim }) => !isAim).map(({ verdict }) => verdict), controlVerdict(measured)],
    aims: figures.filter(({ isAim }) => isAim).map(({ verdict }) => verdict),
    samples: Object.fromEntries(measured.map(({ workload, samples }) => [workload, Object.fromEntries(samples)])),
  }
}

function cpuFigure(title: string, cpu: Estimate, least: number): Verdict {
  return { title, measured: printEstimate(cpu), figure: `≥ ${least}`, isMet: cpu.median >= least }
}

/** Both yardsticks against themselves, together. */
function controlVerdict(measured: SurfacesMeasured['measured']): Verdict {
  const all = measured.flatMap(({ surface, samples }) =>
    ratios(samples.get(surface.yardstick) ?? [], samples.get('control') ?? [], (first, second) => cpuOf(first) / cpuOf(second)),
  )
  const control = estimate(all)
  return {
    title: 'control: the yardsticks against themselves',
    measured: printEstimate(control),
    figure: 'the interval holds 1',
    isMet: control.low <= 1 && control.high >= 1,
  }
}

export function renderSurfacesTerminal({ tables, verdicts, aims }: SurfacesReport): string {
  return [
    ...tables.flatMap(({ title, rows }) => [`\n${title}`, columns([HEADINGS, ...rows.map(cells)])]),
    '\nfigures',
    columns([VERDICT_HEADINGS, ...verdicts.map(verdictCells)]),
    '\naims',
    columns([VERDICT_HEADINGS, ...aims.map(verdictCells)]),
  ].join('\n')
}

export function renderSurfacesMarkdown({ facts, tables, verdicts, aims }: SurfacesReport): string {
  return `${[
    `# Benchmark of GraphQL and gRPC, ${facts.date}`,
    `Commit ${facts.commit}. ${facts.processor}, ${facts.cores} cores, ${facts.memoryGiB} GiB; Node ${facts.node}, PostgreSQL ${facts.postgres}. ` +
      `${facts.posts.toLocaleString('en')} posts, ${facts.users.toLocaleString('en')} users; ${facts.connections} requests at once; ` +
      `${facts.rounds} interleaved rounds of ${facts.seconds} s for each server. ${facts.comparedAnswers} answers were compared before.`,
    'Times are medians, CPU time is for one request. Ratios are taken round by round against the first row; above 1 is better. ' +
      'In brackets the 95 % bootstrap interval of the median. How it is measured: `docs/benchmark.md`.',
    ...tables.flatMap(({ title, rows }) => [`## ${title}`, markdown([HEADINGS, ...rows.map(cells)])]),
    '## Figures',
    markdown([VERDICT_HEADINGS, ...verdicts.map(verdictCells)]),
    '## Aims',
    markdown([VERDICT_HEADINGS, ...aims.map(verdictCells)]),
  ].join('\n\n')}\n`
}
