/** One timed run of wrk against one target: how much was answered, how fast, and what it cost in CPU time. */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpuUs } from './process.ts'

export interface Run {
  readonly url: string
  readonly script: 'read' | 'create' | 'patch' | 'sign-in' | 'token' | 'graphql'
  readonly token: string
  readonly lines: readonly string[]
  readonly body: string
  readonly seconds: number
  /** Default 32. */
  readonly connections?: number
  readonly serverPid: number
  readonly databasePid: number
  /** Where files for the load script may be put. */
  readonly folder: string
}

export interface Sample {
  readonly requests: number
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  /** Microseconds of CPU time for one request, which are milliseconds for a thousand. */
  readonly serverUs: number
  readonly databaseUs: number
}

export const CONNECTIONS = 32
const SCRIPTS = new URL('./workloads', import.meta.url).pathname
const running = new Set<ChildProcess>()

/** @throws when a single request was not answered with 2xx: figures of a run that failed in part mean nothing. */
export async function measure(run: Run): Promise<Sample> {
  const linesFile = join(run.folder, 'lines.txt')
  writeFileSync(linesFile, run.lines.join('\n'))
  const parameters = [
    '-t1',
    `-c${run.connections ?? CONNECTIONS}`,
    `-d${run.seconds}s`,
    '--timeout',
    '5s',
    '-s',
    join(SCRIPTS, `${run.script}.lua`),
    run.url,
  ]
  const environment = {
    PATH: process.env['PATH'] ?? '',
    BENCH_LUA: SCRIPTS,
    BENCH_TOKEN: run.token,
    BENCH_LINES: linesFile,
    BENCH_BODY: run.body,
    BENCH_SEED: String(Math.floor(Math.random() * 1e9)),
  }
  return measureLoad(run, ['wrk', ...parameters], environment)
}

/** Runs a load that prints its summary as one line of JSON, as `workloads/load.lua` does, and books what it cost the server and the database. */
export async function measureLoad(
  { serverPid, databasePid }: Pick<Run, 'serverPid' | 'databasePid'>,
  [program = '', ...parameters]: readonly string[],
  environment: Record<string, string>,
): Promise<Sample> {
  const serverBefore = cpuUs(serverPid)
  const databaseBefore = cpuUs(databasePid)
  const output = await outputOf(program, parameters, environment)
  const serverUs = cpuUs(serverPid) - serverBefore
  const databaseUs = cpuUs(databasePid) - databaseBefore

  const line = output.split('\n').find((text) => text.startsWith('{'))
  if (line === undefined) throw new Error(`Cannot read what ${program} printed: ${output}`)
  const { requests, seconds, p50Us, p99Us, badStatuses, broken } = JSON.parse(line) as Record<string, number>
  if (!requests || !seconds || badStatuses !== 0 || broken !== 0) {
    throw new Error(`Cannot use the run of ${program} ${parameters.join(' ')}: ${line}, expected 2xx for every request`)
  }
  return {
    requests,
    perSecond: requests / seconds,
    p50Us: p50Us ?? 0,
    p99Us: p99Us ?? 0,
    serverUs: serverUs / requests,
    databaseUs: databaseUs / requests,
  }
}

/** Ends what still runs, for an exit in the middle of a round. */
export function stopLoad(): void {
  for (const child of running) child.kill('SIGKILL')
}

function outputOf(program: string, parameters: readonly string[], environment: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.stderr.on('data', (chunk) => (text += chunk))
    child.once('error', (error) =>
      reject(new Error(`Cannot start ${program}: ${error.message}, expected it on PATH`, { cause: error })),
    )
    child.once('close', () => {
      running.delete(child)
      resolve(text)
    })
  })
}
