/** What the rounds of identity come to: rates, ratios with their intervals, and whether the figures were reached. */
import { columns, type Facts, markdown, printEstimate, VERDICT_HEADINGS, type Verdict, verdictCells } from '../report.ts'
import { type Estimate, estimate } from '../statistics.ts'
import { type IdentityMeasured, type IdentityRound, READS_PER_SECOND, SIGN_IN_CONNECTIONS, TOKEN_CONNECTIONS } from './measure.ts'

export interface IdentityReport {
  readonly facts: Omit<Facts, 'comparedAnswers' | 'connections'>
  readonly hashesAtOnce: number
  readonly isBound: boolean
  readonly lines: readonly Line[]
  readonly verdicts: readonly Verdict[]
  readonly rounds: readonly IdentityRound[]
}

interface Line {
  readonly title: string
  readonly unit: string
  readonly value: Estimate
}

/** Sign-in is to spend its time on the hash. */
const SIGN_IN_MIN = 0.95
const READS_P99_MAX = 2
const TOKENS_PER_SECOND_MIN = 300
const TOKEN_CPU_MS_MAX = 3.3
const CHECK_US_MAX = 2

export function reportIdentity(facts: IdentityReport['facts'], measured: IdentityMeasured): IdentityReport {
  const { rounds, isBound } = measured
  const of = (read: (round: IdentityRound) => number): Estimate => estimate(rounds.map(read))
  const throughput = of(({ signIn, bare }) => signIn.perSecond / bare.perSecond)
  const reads = of(({ signIn, quiet }) => signIn.reads.p99Us / quiet.p99Us)
  const tokens = of(({ token }) => token.perSecond)
  const tokenMs = of(({ token }) => token.serverUs / 1_000)
  const one = of(({ check }) => check.oneUs)
  const many = of(({ check }) => check.manyUs)
  const lines: Line[] = [
    { title: 'sign-ins', unit: 'a second', value: of(({ signIn }) => signIn.perSecond) },
    { title: 'bare hashes', unit: 'a second', value: of(({ bare }) => bare.perSecond) },
    { title: 'sign-in: p99', unit: 'ms', value: of(({ signIn }) => signIn.p99Us / 1_000) },
    { title: 'sign-in: CPU in Node, hash included', unit: 'ms', value: of(({ signIn }) => signIn.serverUs / 1_000) },
    { title: 'bare hash: CPU', unit: 'ms', value: of(({ bare }) => bare.cpuUs / 1_000) },
    { title: 'sign-in: CPU in PostgreSQL', unit: 'ms', value: of(({ signIn }) => signIn.databaseUs / 1_000) },
    { title: 'reads, quiet: p50', unit: 'ms', value: of(({ quiet }) => quiet.p50Us / 1_000) },
    { title: 'reads, quiet: p99', unit: 'ms', value: of(({ quiet }) => quiet.p99Us / 1_000) },
    { title: 'reads beside bare hashes: p99', unit: 'ms', value: of(({ bare }) => bare.reads.p99Us / 1_000) },
    { title: 'reads beside sign-ins: p50', unit: 'ms', value: of(({ signIn }) => signIn.reads.p50Us / 1_000) },
    { title: 'reads beside sign-ins: p99', unit: 'ms', value: of(({ signIn }) => signIn.reads.p99Us / 1_000) },
    { title: 'tokens by client credentials', unit: 'a second', value: tokens },
    { title: 'token: CPU in Node', unit: 'ms', value: tokenMs },
    { title: 'token: CPU in PostgreSQL', unit: 'ms', value: of(({ token }) => token.databaseUs / 1_000) },
    { title: 'warm check, one token', unit: 'µs', value: one },
    { title: 'warm check, 1,000 tokens in turn', unit: 'µs', value: many },
    { title: 'cold check, alone', unit: 'µs', value: of(({ check }) => check.coldUs) },
    { title: 'cold check, of 1,000 at once', unit: 'µs', value: of(({ check }) => check.coldTogetherUs) },
  ]
  const verdicts = [
    least('sign-ins: share of bare hashes', throughput, SIGN_IN_MIN, ''),
    most('reads beside sign-ins: p99 against quiet', reads, READS_P99_MAX, ''),
    isBound
      ? least('tokens by client credentials, on one core', tokens, TOKENS_PER_SECOND_MIN, ' a second')
      : most('token by client credentials: CPU in Node', tokenMs, TOKEN_CPU_MS_MAX, ' ms'),
    most('warm check of a token', one, CHECK_US_MAX, ' µs'),
    most('warm check, 1,000 tokens in turn', many, CHECK_US_MAX, ' µs'),
  ]
  return { facts, hashesAtOnce: measured.hashesAtOnce, isBound, lines, verdicts, rounds }
}

function least(title: string, value: Estimate, limit: number, unit: string): Verdict {
  return { title, measured: printEstimate(value) + unit, figure: `≥ ${limit}${unit}`, isMet: value.median >= limit }
}

function most(title: string, value: Estimate, limit: number, unit: string): Verdict {
  return { title, measured: printEstimate(value) + unit, figure: `≤ ${limit}${unit}`, isMet: value.median <= limit }
}

const HEADINGS = ['what', 'median [95 %]', 'unit']

export function renderIdentityTerminal(report: IdentityReport): string {
  return [
    '\nidentity',
    columns([HEADINGS, ...report.lines.map(cells)]),
    '\nfigures',
    columns([VERDICT_HEADINGS, ...report.verdicts.map(verdictCells)]),
  ].join('\n')
}

export function renderIdentityMarkdown(report: IdentityReport): string {
  const { facts, hashesAtOnce } = report
  return `${[
    `# Benchmark of identity, ${facts.date}`,
    `Commit ${facts.commit}. ${facts.processor}, ${facts.cores} cores, ${facts.memoryGiB} GiB; Node ${facts.node}, PostgreSQL ${facts.postgres}. ` +
      `${facts.posts.toLocaleString('en')} posts, ${facts.users.toLocaleString('en')} users, all with a password; ${facts.rounds} interleaved rounds of ` +
      `${facts.seconds} s for each part. Sign-ins by wrk with ${SIGN_IN_CONNECTIONS} connections, ${hashesAtOnce} of them hashed at once; beside them ` +
      `${READS_PER_SECOND} reads a second from another process. Tokens by wrk with ${TOKEN_CONNECTIONS} connections` +
      `${report.isBound ? ', the server bound to one core' : ''}.`,
    'In brackets the 95 % bootstrap interval of the median of the rounds; ratios are taken round by round. How it is measured: `docs/benchmark.md`.',
    markdown([HEADINGS, ...report.lines.map(cells)]),
    '## Figures',
    markdown([VERDICT_HEADINGS, ...report.verdicts.map(verdictCells)]),
  ].join('\n\n')}\n`
}

function cells({ title, unit, value }: Line): string[] {
  return [title, printEstimate(value), unit]
}
