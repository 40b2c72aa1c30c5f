/** The rounds of identity: quiet reads, reads beside bare hashing, reads beside sign-ins, tokens for a service, and the check of tokens. */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hashesAtOnce } from '../../src/auth/passwords/password-hasher.ts'
import type { Database } from '../load.ts'
import { measure, type Sample } from '../measure.ts'
import type { Undo } from '../process.ts'
import { shuffled } from '../statistics.ts'
import { bind, ownCores } from './cores.ts'
import type { IdentityService } from './service.ts'

export interface IdentityRun {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly database: Database
  readonly service: IdentityService
  /** Paths of posts to read. */
  readonly paths: readonly string[]
  /** Where files may be put. */
  readonly folder: string
  readonly atEnd: (step: Undo) => void
  readonly say: (text: string) => void
}

/** How long answers took at a steady pace of requests. */
export interface Reads {
  readonly requests: number
  readonly p50Us: number
  readonly p99Us: number
}

export interface Bare {
  readonly perSecond: number
  readonly cpuUs: number
}

/** Microseconds for one token. */
export interface TokenCheck {
  readonly oneUs: number
  readonly manyUs: number
  readonly coldUs: number
  readonly coldTogetherUs: number
}

export interface IdentityRound {
  readonly quiet: Reads
  readonly bare: Bare & { readonly reads: Reads }
  readonly signIn: Sample & { readonly reads: Reads }
  readonly token: Sample
  readonly check: TokenCheck
}

export interface IdentityMeasured {
  readonly rounds: readonly IdentityRound[]
  readonly hashesAtOnce: number
  /** Whether the server had one core to itself while it made tokens; else it took what it wanted. */
  readonly isBound: boolean
}

export const READS_PER_SECOND = 200
/** Always more than are hashed at once, so that the hasher never waits for the network; below the 50 that an address may try at once. */
export const SIGN_IN_CONNECTIONS = 16
export const TOKEN_CONNECTIONS = 16
/** The load begins before the reads and ends after them. */
const LEAD_S = 0.5
const HERE = new URL('./', import.meta.url)

export async function measureIdentity(run: IdentityRun): Promise<IdentityMeasured> {
  const cores = ownCores()
  const isBound = cores.length > 1 && bind(process.pid, cores)
  const phases = {
    quiet: (seconds: number) => readPosts(run, seconds),
    bare: (seconds: number) => hashBare(run, seconds),
    signIn: (seconds: number) => signIn(run, seconds),
    token: (seconds: number) => (isBound ? onOneCore(run, cores, () => makeTokens(run, seconds)) : makeTokens(run, seconds)),
    check: () => checkTokens(run),
  }
  const names = Object.keys(phases) as (keyof typeof phases)[]
  for (const name of ['quiet', 'signIn', 'token'] as const) await phases[name](run.warmUpSeconds)
  const rounds: IdentityRound[] = []
  for (let round = 1; round <= run.rounds; round++) {
    const done: Partial<Record<keyof typeof phases, unknown>> = {}
    for (const name of shuffled(names)) {
      run.say(`round ${round} of ${run.rounds}: ${name}`)
      await run.service.forgetAttempts()
      await run.database.settle()
      done[name] = await phases[name](run.seconds)
    }
    rounds.push(done as unknown as IdentityRound)
  }
  return { rounds, hashesAtOnce: hashesAtOnce(availableParallelism()), isBound }
}

async function readPosts(run: IdentityRun, seconds: number, token?: string): Promise<Reads> {
  const { service, folder, paths } = run
  const linesFile = join(folder, 'posts.txt')
  writeFileSync(linesFile, paths.join('\n'))
  return ask<Reads>(run, 'reads.ts', [seconds, READS_PER_SECOND], {
    URL_OF_SERVICE: service.url,
    TOKEN: token ?? (await service.signIn()),
    LINES_FILE: linesFile,
  })
}

async function hashBare(run: IdentityRun, seconds: number): Promise<IdentityRound['bare']> {
  const token = await run.service.signIn()
  const { password, digest } = run.service
  const parameters = [seconds + 2 * LEAD_S, hashesAtOnce(availableParallelism())]
  const [bare, reads] = await Promise.all([
    ask<Bare>(run, 'bare-argon2.ts', parameters, { PASSWORD: password, DIGEST: digest }),
    sleep(LEAD_S * 1_000).then(() => readPosts(run, seconds, token)),
  ])
  return { ...bare, reads }
}

async function signIn(run: IdentityRun, seconds: number): Promise<IdentityRound['signIn']> {
  const { service, folder, database } = run
  const token = await service.signIn()
  const [sample, reads] = await Promise.all([
    measure({
      url: service.url,
      script: 'sign-in',
      token: '',
      lines: service.logins,
      body: JSON.stringify({ email: '@@', password: service.password, delivery: 'body' }),
      seconds: Math.ceil(seconds + 2 * LEAD_S),
      connections: SIGN_IN_CONNECTIONS,
      serverPid: service.pid,
      databasePid: database.pid,
      folder,
    }),
    sleep(LEAD_S * 1_000).then(() => readPosts(run, seconds, token)),
  ])
  return { ...sample, reads }
}

function makeTokens({ service, folder, database }: IdentityRun, seconds: number): Promise<Sample> {
  return measure({
    url: service.url,
    script: 'token',
    token: service.client,
    lines: [],
    body: 'grant_type=client_credentials&scope=posts%3Aread',
    seconds: Math.ceil(seconds),
    connections: TOKEN_CONNECTIONS,
    serverPid: service.pid,
    databasePid: database.pid,
    folder,
  })
}

/** Gives the server the last core, and the load and all else the others. */
async function onOneCore<Result>(
  { service }: IdentityRun,
  cores: readonly number[],
  work: () => Promise<Result>,
): Promise<Result> {
  bind(service.pid, cores.slice(-1))
  bind(process.pid, cores.slice(0, -1))
  try {
    return await work()
  } finally {
    bind(service.pid, cores)
    bind(process.pid, cores)
  }
}

function checkTokens(run: IdentityRun): Promise<TokenCheck> {
  return ask<TokenCheck>(run, 'token-check.ts', [], { DATABASE_URL: run.database.url })
}

/** Runs a program of this folder, and reads the line of JSON that it ends with. */
function ask<Answer>(
  { atEnd }: IdentityRun,
  file: string,
  parameters: readonly number[],
  environment: Readonly<Record<string, string>>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(
      process.execPath,
      ['--conditions=source', new URL(file, HERE).pathname, ...parameters.map(String)],
      { env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...environment }, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    atEnd(() => child.kill('SIGKILL'))
    let text = ''
    child.stdout?.on('data', (chunk) => (text += chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as Answer)
      else reject(new Error(`Cannot measure with ${file}: it ended with ${code}, expected 0`))
    })
  })
}
