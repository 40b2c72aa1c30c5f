/** The servers under test: how each is started, known to be ready, and stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, residentBytes, type Undo } from './process.ts'
import type { Issuer } from './token.ts'

/** What the benchmark calls a server; `docs/benchmark.md` says what each is. */
export const TARGETS = [
  'floor',
  'control',
  'expert',
  'plinth',
  'plinth-unmerged',
  'plinth-bare',
  'floor-silent',
  'plinth-silent',
] as const
export type TargetName = (typeof TARGETS)[number]

export interface Target {
  readonly name: TargetName
  readonly url: string
  readonly pid: number
  /** From the start of the process to the first answer that came from the database. */
  readonly readyMs: number
  /** Resident memory at that moment. */
  readonly readyBytes: number
}

export interface Surroundings {
  readonly databaseUrl: string
  readonly issuer: Issuer
  readonly adminId: string
  /** Where files for the servers may be put. */
  readonly folder: string
}

export interface Recipe {
  readonly command: readonly string[]
  readonly folder: URL
  readonly environment: Environment
}

const HERE = new URL('./', import.meta.url)

export function recipeOf(name: TargetName, surroundings: Surroundings, port: number, adminPort: number): Recipe {
  switch (name) {
    case 'floor':
    case 'control':
      return handTarget('floor/server.ts', surroundings, port)
    case 'floor-silent':
      return handTarget('floor/server.ts', surroundings, port, { LOGS: 'off' })
    case 'expert':
      return handTarget('expert/server.ts', surroundings, port)
    case 'plinth':
      return plinthTarget(surroundings, port, adminPort)
    case 'plinth-unmerged':
      return plinthTarget(surroundings, port, adminPort, { MERGE_READS: 'false' })
    case 'plinth-bare':
      return handTarget('bare/server.ts', surroundings, port)
    case 'plinth-silent':
      return plinthTarget(surroundings, port, adminPort, { LOG_LEVEL: 'error' })
  }
}

type Environment = Readonly<Record<string, string>>

/** A server by hand. */
export function handTarget(file: string, { databaseUrl, issuer }: Surroundings, port: number, more: Environment = {}): Recipe {
  return {
    command: [process.execPath, '--conditions=source', new URL(file, HERE).pathname],
    folder: HERE,
    environment: {
      DATABASE_URL: databaseUrl,
      PORT: String(port),
      PUBLIC_KEY: JSON.stringify(issuer.publicJwk),
      ISSUER: issuer.issuer,
      AUDIENCE: issuer.audience,
      ...more,
    },
  }
}

/** The reference service, started as its users start it. */
export function plinthTarget(
  { databaseUrl, issuer, folder }: Surroundings,
  port: number,
  adminPort: number,
  more: Environment = {},
): Recipe {
  const keysFile = join(folder, 'keys.json')
  writeFileSync(keysFile, JSON.stringify({ keys: [issuer.publicJwk] }))
  return {
    command: [process.execPath, new URL('../bin/plinth.js', HERE).pathname, 'start'],
    folder: new URL('../examples/blog/', HERE),
    environment: {
      DATABASE_URL: databaseUrl,
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      // Any that is free: several of these run at once.
      GRPC_PORT: '0',
      TOKEN_ISSUER: issuer.issuer,
      TOKEN_AUDIENCE: issuer.audience,
      TOKEN_JWKS_FILE: keysFile,
      PLINTH_SECRET: randomBytes(32).toString('base64'),
      // Counted and told as in production, and never used up: one account sends all of the load.
      RATE_LIMIT_READ: '1000000000/1000000000',
      RATE_LIMIT_WRITE: '1000000000/1000000000',
      ...more,
    },
  }
}

/** Starts a server and waits until it has read a page from the database. */
export async function startTarget(name: TargetName, surroundings: Surroundings, atEnd: (step: Undo) => void): Promise<Target> {
  const port = await freePort()
  const recipe = recipeOf(name, surroundings, port, await freePort())
  const startedAt = performance.now()
  const server = launch(recipe, atEnd)
  const url = `http://127.0.0.1:${port}`
  const pid = server.pid ?? 0
  const authorization = `Bearer ${await surroundings.issuer.token(surroundings.adminId, 'admin')}`
  await untilReady(server, `${url}/api/v1/posts?limit=1`, { authorization })
  return { name, url, pid, readyMs: performance.now() - startedAt, readyBytes: residentBytes(pid) }
}

/** Starts the process of a server, and stops it at the end. */
export function launch({ command, folder, environment }: Recipe, atEnd: (step: Undo) => void): ChildProcess {
  const [program = '', ...parameters] = command
  // The log goes where it costs the same for all: to the kernel, and no further.
  const nowhere = openSync('/dev/null', 'w')
  const server = spawn(program, parameters, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', NODE_ENV: 'production', ...environment },
    stdio: ['ignore', nowhere, 'inherit'],
  })
  atEnd(() => stop(server))
  return server
}

/** Waits until the server answers this request with 2xx. */
export async function untilReady(server: ChildProcess, url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  for (let attempt = 0; attempt < 3_000; attempt++) {
    if (server.exitCode !== null) break
    const isReady = await fetch(url, { headers }).then(
      (answer) => answer.ok,
      () => false,
    )
    if (isReady) return
    await sleep(10)
  }
  throw new Error(
    `Cannot start ${server.spawnargs.join(' ')}: it does not answer ${url} with 200, expected it to within thirty seconds`,
  )
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  const isEnded = await Promise.race([ended.then(() => true), sleep(5_000, false)])
  if (!isEnded) server.kill('SIGKILL')
}
