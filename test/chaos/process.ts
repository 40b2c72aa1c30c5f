/** The service as an operator runs it: `plinth dev` in a process of its own, over a database of the test's. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import blog from '../../examples/blog/app.ts'
import { app, mintDevelopmentToken, readSettings } from '../../src/app/index.ts'
import { appTemplate, testDatabase, waitFor } from '../../src/testing/index.ts'

const LAUNCHER = join(import.meta.dirname, '../../bin/plinth.js')
const APP_FILE = join(import.meta.dirname, 'served-app.ts')

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
}

export interface ServiceProcess {
  readonly pid: number
  readonly origin: string
  readonly adminOrigin: string
  /** When the process is gone. */
  readonly ended: Promise<Ended>
  /** What it has printed. */
  readonly output: () => string
  kill(signal: NodeJS.Signals): void
}

/** Starts processes over one database, with one folder of keys: what one accepts the next one does too. */
export interface ServiceHost {
  readonly databaseUrl: string
  token(role: string, subject: string): string
  start(environment?: Readonly<Record<string, string>>): Promise<ServiceProcess>
  stop(): Promise<void>
}

export async function openServiceHost(): Promise<ServiceHost> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-chaos-'))
  const database = await testDatabase(await appTemplate(blog))
  const declared = app({ ...blog, folder })
  const settings = readSettings({ DATABASE_URL: database.url })
  const running = new Set<ChildProcess>()
  return {
    databaseUrl: database.url,
    token: (role, subject) => mintDevelopmentToken(declared, settings, role, subject),
    async start(environment = {}) {
      const child = spawn(process.execPath, [LAUNCHER, 'dev', '--app', APP_FILE], {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          PORT: '0',
          ADMIN_PORT: '0',
          GRPC_PORT: '0',
          // A few accounts send all of the load.
          RATE_LIMIT_READ: '1000000000/1000000000',
          RATE_LIMIT_WRITE: '1000000000/1000000000',
          DATABASE_URL: database.url,
          CHAOS_FOLDER: folder,
          ...environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      running.add(child)
      let printed = ''
      child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')))
      child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')))
      const ended = new Promise<Ended>((resolve) =>
        child.once('exit', (code, signal) => {
          running.delete(child)
          resolve({ code, signal })
        }),
      )
      const origins = await waitFor('the line that the service is ready', () => readOrigins(printed, child), {
        timeoutMs: 30_000,
      })
      return { pid: child.pid ?? 0, ...origins, ended, output: () => printed, kill: (signal) => void child.kill(signal) }
    },
    async stop() {
      for (const child of running) child.kill('SIGKILL')
      await waitFor('the end of all processes', () => running.size === 0)
      await database.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function readOrigins(printed: string, child: ChildProcess): { origin: string; adminOrigin: string } | undefined {
  const line = printed.split('\n').find((one) => one.includes('The service is ready') && one.endsWith('}'))
  if (line === undefined) {
    if (child.exitCode !== null)
      throw new Error(`Cannot test the service: it ended with ${child.exitCode} and printed\n${printed}`)
    return undefined
  }
  const [, origin = ''] = /"origin":"([^"]+)"/.exec(line) ?? []
  const [, adminOrigin = ''] = /"admin_origin":"([^"]+)"/.exec(line) ?? []
  return { origin, adminOrigin }
}
