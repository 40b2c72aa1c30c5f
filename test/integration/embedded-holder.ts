/** An application in a process of its own that holds an embedded database, for tests that end it in every way there is. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from '../../src/pg/embedded/index.ts'

export interface Holder {
  readonly pid: number
  readonly postmaster: number
  readonly url: string
  /** Ends the application that way and returns when it is gone. */
  end(way: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGKILL' | 'exit' | 'uncaught' | 'return'): Promise<void>
}

const OWN_PATH = fileURLToPath(import.meta.url)

/** @throws what the application printed when it could not start */
export function startHolder(folder: string, options: EmbeddedPostgresOptions = {}): Promise<Holder> {
  const child = spawn(process.execPath, [OWN_PATH, JSON.stringify({ ...options, folder })], { stdio: ['pipe', 'pipe', 'pipe'] })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString('utf8')
  })
  return new Promise((resolve, reject) => {
    child.once('close', () => reject(new Error(complaints)))
    createInterface(child.stdout).once('line', (line) => {
      const { pid, postmaster, url } = JSON.parse(line) as { pid: number; postmaster: number; url: string }
      resolve({
        pid,
        postmaster,
        url,
        async end(way) {
          if (way.startsWith('SIG')) child.kill(way as 'SIGTERM')
          else child.stdin.write(`${way}\n`)
          await gone
        },
      })
    })
  })
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function hold(options: EmbeddedPostgresOptions): Promise<void> {
  const database = await startEmbeddedPostgres(options)
  process.stdout.write(`${JSON.stringify({ pid: process.pid, postmaster: database.pid, url: database.url })}\n`)
  const input = createInterface(process.stdin)
  input.once('line', (way) => {
    if (way === 'exit') process.exit(3)
    if (way === 'uncaught') throw new Error('nobody catches this')
    // Nothing is left to do: the process ends by itself, without a word to the database.
    input.close()
    process.stdin.destroy()
  })
}

if (process.argv[1] === OWN_PATH) await hold(JSON.parse(process.argv[2] ?? '{}') as EmbeddedPostgresOptions)
