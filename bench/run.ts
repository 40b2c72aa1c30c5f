/**
 * `npm run bench`: Plinth against servers written by hand, over one database, in interleaved rounds.
 * What is measured, how and why: `docs/benchmark.md`.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureIdentity } from './identity/measure.ts'
import { renderIdentityMarkdown, renderIdentityTerminal, reportIdentity } from './identity/report.ts'
import { startIdentityService } from './identity/service.ts'
import { type Database, startDatabase } from './load.ts'
import { CONNECTIONS, measure, type Sample, stopLoad } from './measure.ts'
import { residentBytes, type Undo } from './process.ts'
import { reportProtections } from './protections.ts'
import { createReport, type Facts, type Measured, renderMarkdown, renderTerminal } from './report.ts'
import { shuffled } from './statistics.ts'
import { measureSubscriptions } from './subscriptions/measure.ts'
import {
  type MachineFacts,
  renderSubscriptionsMarkdown,
  renderSubscriptionsTerminal,
  reportSubscriptions,
} from './subscriptions/report.ts'
import { measureSurfaces } from './surfaces/measure.ts'
import { renderSurfacesMarkdown, renderSurfacesTerminal, reportSurfaces } from './surfaces/report.ts'
import { startTarget, TARGETS, type Target, type TargetName } from './target.ts'
import { createIssuer, type Issuer } from './token.ts'
import { verifyTargets } from './verify.ts'
import { type Actors, bodyOf, findActors, linesOf, tokenOf, WORKLOADS, type Workload, walkTo } from './workload.ts'

const HELP = `npm run bench -- [options]

  --rounds N        interleaved rounds, default 7
  --seconds N       seconds of each timed run, default 3, with --identity 10
  --warm-up N       seconds of load before the first round, default 2
  --only A,B        these workloads: ${WORKLOADS.map(({ name }) => name).join(', ')}
  --targets A,B     these targets: ${TARGETS.join(', ')}
  --posts N         rows to seed, default 1000000, with --identity 100000
  --protections     only: what all protections together cost a get, in CPU time
  --identity        only: sign-in, tokens for services, and the check of tokens
  --surfaces        only: GraphQL against mercurius, gRPC against grpc-js and connect-node
  --subscriptions   only: 600 changes, each told to 5,000 web sockets
  --name NAME       last part of the names of the result files, default "all", "identity", "surfaces" or "subscriptions"
  --no-results      print only, write no files
  --report-only     exit with 0 even when a figure is missed
`

interface Options {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly workloads: readonly Workload[]
  readonly targets: readonly TargetName[]
  readonly posts: number
  readonly measuresProtections: boolean
  readonly measuresIdentity: boolean
  readonly measuresSurfaces: boolean
  readonly measuresSubscriptions: boolean
  readonly name: string
  readonly writesResults: boolean
  readonly isReportOnly: boolean
}

interface Bench {
  readonly options: Options
  readonly database: Database
  readonly targets: readonly Target[]
  readonly deepPaths: ReadonlyMap<Target, string>
  readonly actors: Actors
  readonly issuer: Issuer
  readonly folder: string
}

const USERS = 10_000
const POSTS_MIN = 100_000
/** What has to be undone at the end, last first. */
const undo: Undo[] = []
let stopping: Promise<void> | undefined

const options = readOptions(process.argv.slice(2))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void interrupt())
try {
  process.exitCode = await run(options)
} catch (error) {
  // After a signal everything fails, as it should.
  if (stopping === undefined) throw error
} finally {
  stopping ??= stopAll()
  await stopping
}

async function run(options: Options): Promise<number> {
  if (options.measuresIdentity) return runIdentity(options)
  if (options.measuresSurfaces) return runSurfaces(options)
  if (options.measuresSubscriptions) return runSubscriptions(options)
  const bench = await prepare(options)
  if (options.measuresProtections) return measureProtections(bench)
  say('comparing the answers of all targets')
  const comparedAnswers = await verifyTargets(bench.targets, bench.deepPaths, bench.database, bench.actors, bench.issuer)
  const measured: Measured[] = []
  // Writes come after all reads, for they change what the reads would find.
  for (const isRead of [true, false]) {
    const workloads = options.workloads.filter(({ script }) => (script === 'read') === isRead)
    if (workloads.length > 0) measured.push(...(await measureRounds(bench, workloads)))
  }
  const startups = bench.targets.map(({ name, pid, readyMs, readyBytes }) => ({
    target: name,
    readyMs,
    readyMiB: readyBytes / 2 ** 20,
    loadedMiB: residentBytes(pid) / 2 ** 20,
  }))
  const report = createReport({ ...factsOf(bench), connections: CONNECTIONS, comparedAnswers }, measured, startups)
  process.stdout.write(`${renderTerminal(report)}\n`)
  if (options.writesResults) writeResults(report.facts.date, options.name, report, renderMarkdown(report))
  return options.isReportOnly || report.verdicts.every(({ isMet }) => isMet) ? 0 : 1
}

/** Writes no results: the figure belongs to the machine and the hour, and is read off both sides of one run. */
async function measureProtections(bench: Bench): Promise<number> {
  const [measured] = await measureRounds(bench, bench.options.workloads)
  const samplesOf = (name: TargetName): readonly Sample[] => measured?.samples.get(name) ?? []
  const { text, isMet } = reportProtections(samplesOf('plinth'), samplesOf('plinth-bare'))
  process.stdout.write(`${text}\n`)
  return bench.options.isReportOnly || isMet ? 0 : 1
}

async function runIdentity(options: Options): Promise<number> {
  const folder = makeFolder()
  const database = await seed(options)
  const atEnd = (step: Undo): void => void undo.push(step)
  const service = await startIdentityService(database, atEnd)
  const actors = await findActors(database)
  const reads = WORKLOADS.find(({ name }) => name === 'get')
  const paths = reads === undefined ? [] : await linesOf(reads, database, actors, '')
  const measured = await measureIdentity({ ...options, database, service, paths, folder, atEnd, say })
  const report = reportIdentity(factsOf({ options, database }), measured)
  process.stdout.write(`${renderIdentityTerminal(report)}\n`)
  if (options.writesResults) writeResults(report.facts.date, options.name, report, renderIdentityMarkdown(report))
  return options.isReportOnly || report.verdicts.every(({ isMet }) => isMet) ? 0 : 1
}

async function runSurfaces(options: Options): Promise<number> {
  const folder = makeFolder()
  const database = await seed(options)
  const { admin: adminId } = await findActors(database)
  const surroundings = { databaseUrl: database.url, issuer: await createIssuer(), adminId, folder }
  const measured = await measureSurfaces({ ...options, database, surroundings, atEnd: (step) => undo.push(step), say })
  const { comparedAnswers } = measured
  const report = reportSurfaces({ ...factsOf({ options, database }), connections: CONNECTIONS, comparedAnswers }, measured)
  process.stdout.write(`${renderSurfacesTerminal(report)}\n`)
  if (options.writesResults) writeResults(report.facts.date, options.name, report, renderSurfacesMarkdown(report))
  return options.isReportOnly || report.verdicts.every(({ isMet }) => isMet) ? 0 : 1
}

/** Has no figure to meet: nothing else is measured beside it. */
async function runSubscriptions({ name, writesResults }: Options): Promise<number> {
  const report = reportSubscriptions(machineFacts(), await measureSubscriptions(say, (step) => undo.push(step)))
  process.stdout.write(`${renderSubscriptionsTerminal(report)}\n`)
  if (writesResults) writeResults(report.facts.date, name, report, renderSubscriptionsMarkdown(report))
  return 0
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-bench-'))
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function seed({ posts }: Options): Promise<Database> {
  say(`seeding ${posts} posts and ${USERS} users`)
  const seededAt = performance.now()
  const database = await startDatabase({ users: USERS, posts }, (step) => undo.push(step))
  say(`seeded in ${((performance.now() - seededAt) / 1000).toFixed(0)} s`)
  return database
}

async function prepare(options: Options): Promise<Bench> {
  const folder = makeFolder()
  const database = await seed(options)
  const issuer = await createIssuer()
  const actors = await findActors(database)
  const targets: Target[] = []
  for (const name of options.targets) {
    const surroundings = { databaseUrl: database.url, issuer, adminId: actors.admin, folder }
    targets.push(await startTarget(name, surroundings, (step) => undo.push(step)))
  }
  const deepPaths = options.measuresProtections ? new Map<Target, string>() : await walkAll(options, targets, actors, issuer)
  return { options, database, targets, deepPaths, actors, issuer, folder }
}

async function walkAll(
  { posts }: Options,
  targets: readonly Target[],
  actors: Actors,
  issuer: Issuer,
): Promise<ReadonlyMap<Target, string>> {
  const deepRow = posts - 1_000
  say(`walking to row ${deepRow}`)
  return new Map(
    await Promise.all(targets.map(async (target) => [target, await walkTo(deepRow, target, actors, issuer)] as const)),
  )
}

/** Every round runs every workload against every target once; within a workload chance decides which target comes when. */
async function measureRounds(bench: Bench, workloads: readonly Workload[]): Promise<Measured[]> {
  const { rounds, seconds, warmUpSeconds } = bench.options
  const measured = workloads.map(({ name, title, figure }) => {
    const samples = new Map<TargetName, Sample[]>(bench.targets.map((target) => [target.name, []]))
    return { workload: name, title, figure, samples }
  })
  for (const workload of workloads) for (const target of bench.targets) await measureOnce(bench, workload, target, warmUpSeconds)
  for (let round = 1; round <= rounds; round++) {
    for (const [index, workload] of workloads.entries()) {
      for (const target of shuffled(bench.targets)) {
        say(`round ${round} of ${rounds}: ${workload.title}, ${target.name}`)
        measured[index]?.samples.get(target.name)?.push(await measureOnce(bench, workload, target, seconds))
      }
    }
  }
  return measured
}

async function measureOnce(bench: Bench, workload: Workload, target: Target, seconds: number): Promise<Sample> {
  const { actors, database, folder, issuer } = bench
  await database.settle()
  return measure({
    url: target.url,
    script: workload.script,
    token: await tokenOf(workload, actors, issuer),
    lines: await linesOf(workload, database, actors, bench.deepPaths.get(target) ?? ''),
    body: bodyOf(workload, actors),
    seconds,
    serverPid: target.pid,
    databasePid: database.pid,
    folder,
  })
}

function factsOf({ options, database }: Pick<Bench, 'options' | 'database'>): Omit<Facts, 'connections' | 'comparedAnswers'> {
  return {
    ...machineFacts(),
    postgres: database.version,
    posts: options.posts,
    users: USERS,
    rounds: options.rounds,
    seconds: options.seconds,
  }
}

function machineFacts(): MachineFacts {
  const git = (...parameters: string[]): string =>
    execFileSync('git', parameters, { encoding: 'utf8', cwd: import.meta.dirname }).trim()
  const isChanged = git('status', '--porcelain', '--', '../src', '../bin', '../examples', '.').length > 0
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  }
}

function writeResults(date: string, name: string, report: object, text: string): void {
  const folder = new URL('./results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const file = `${date}-${name}`
  writeFileSync(new URL(`${file}.json`, folder), `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(new URL(`${file}.md`, folder), text)
  process.stdout.write(`\nwritten to bench/results/${file}.md and .json\n`)
}

function readOptions(parameters: string[]): Options {
  const { values } = parseArgs({
    args: parameters,
    options: {
      rounds: { type: 'string', default: '7' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string', default: '2' },
      only: { type: 'string', default: WORKLOADS.map(({ name }) => name).join(',') },
      targets: { type: 'string', default: 'floor,control,expert,plinth,plinth-unmerged' },
      posts: { type: 'string' },
      protections: { type: 'boolean', default: false },
      identity: { type: 'boolean', default: false },
      surfaces: { type: 'boolean', default: false },
      subscriptions: { type: 'boolean', default: false },
      name: { type: 'string' },
      'no-results': { type: 'boolean', default: false },
      'report-only': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    process.exit(0)
  }
  const wanted = (values.protections ? 'get' : values.only).split(',')
  const targets = (values.protections ? 'plinth,plinth-bare' : values.targets)
    .split(',')
    .map((name) => TARGETS.find((each) => each === name) ?? refuse('--targets', name, TARGETS))
  const known = WORKLOADS.map(({ name }) => name)
  for (const name of wanted) if (!known.some((each) => each === name)) refuse('--only', name, known)
  const counts = {
    posts: Number(values.posts ?? (values.identity ? POSTS_MIN : 1_000_000)),
    rounds: Number(values.rounds),
    // A percentile of reads at a steady pace needs many of them.
    seconds: Number(values.seconds ?? (values.identity ? 10 : 3)),
    warmUpSeconds: Number(values['warm-up']),
  }
  for (const [name, count] of Object.entries(counts)) if (!(count >= 1)) refuse(`--${name}`, String(count), ['a number from 1'])
  // With fewer the circle of patches is so short that a post's next turn comes before its last patch is answered.
  if (counts.posts < POSTS_MIN) refuse('--posts', String(counts.posts), [`at least ${POSTS_MIN}`])
  if (targets[0] !== 'floor' && !values.protections) refuse('--targets', values.targets, ['a list that begins with floor'])
  return {
    ...counts,
    workloads: WORKLOADS.filter(({ name }) => wanted.includes(name)),
    targets,
    measuresProtections: values.protections,
    measuresIdentity: values.identity,
    measuresSurfaces: values.surfaces,
    measuresSubscriptions: values.subscriptions,
    name: values.name ?? (['identity', 'surfaces', 'subscriptions'] as const).find((part) => values[part]) ?? 'all',
    writesResults: !values['no-results'],
    isReportOnly: values['report-only'],
  }
}

function refuse(option: string, value: string, expected: readonly string[]): never {
  process.stderr.write(`Cannot read ${option} "${value}": expected ${expected.join(', ')}\n`)
  process.exit(2)
}

async function interrupt(): Promise<void> {
  stopping ??= stopAll()
  await stopping
  process.exit(130)
}

async function stopAll(): Promise<void> {
  stopLoad()
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step()
}

function say(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`)
}
