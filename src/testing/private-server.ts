/** Starts a server program from the PATH for tests: on a free loopback port, in a folder of its own, tied to this process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort, lifeline } from '../pg/index.ts'
import { answers, type Greeting, waitFor } from './wait.ts'

export interface ServerProgram {
  /** Names of the program, the preferred one first. */
  readonly names: readonly string[]
  arguments(port: number, folder: string): readonly string[]
  greeting(port: number): Greeting
  url(port: number): string
}

/** A server that one test has for itself: it may stop it, kill it and start it again at the same address. */
export interface DedicatedServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Ends the process; with `SIGKILL` as a crash would. The address and the folder stay for `start`. */
  halt(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again at the same address, on what the folder still holds. */
  start(): Promise<void>
  /** Ends the process and removes its folder. */
  stop(): Promise<void>
}

/** Where system administrators' programs are, which is not on every user's PATH. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']
const READY_TIMEOUT_MS = 10_000
const HALT_TIMEOUT_MS = 5_000
/** Somebody else may take the port between finding it free and listening on it. */
const PORT_ATTEMPTS = 3

/** The path of the first of these programs that is installed. */
export function findProgram(names: readonly string[]): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS].filter((folder) => folder !== '')
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Starts the program; undefined when it is not installed. @throws when it does not answer, with what it printed */
export async function startProgram(program: ServerProgram): Promise<DedicatedServer | undefined> {
  const file = findProgram(program.names)
  if (file === undefined) return undefined
  for (let attempt = 1; ; attempt++) {
    const folder = mkdtempSync(join(tmpdir(), 'plinth-test-'))
    const server = new PrivateServer(program, file, folder, await freePort())
    try {
      await server.start()
      return server
    } catch (error) {
      await server.stop()
      if (attempt === PORT_ATTEMPTS) throw error
    }
  }
}

class PrivateServer implements DedicatedServer {
  readonly port: number
  readonly #program: ServerProgram
  readonly #file: string
  readonly #folder: string
  readonly #line
  #child: ChildProcess | undefined

  constructor(program: ServerProgram, file: string, folder: string, port: number) {
    this.#program = program
    this.#file = file
    this.#folder = folder
    this.port = port
    this.#line = lifeline({ signal: 'KILL', removeFolder: folder })
  }

  get url(): string {
    return this.#program.url(this.port)
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  async start(): Promise<void> {
    const log = join(this.#folder, 'server.log')
    const output = openSync(log, 'w')
    const child = spawn(this.#file, this.#program.arguments(this.port, this.#folder), {
      cwd: this.#folder,
      // Of its own session: a Ctrl-C must not take it away from under the tests that are ending.
      detached: true,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    child.on('error', () => {})
    child.unref()
    if (child.pid !== undefined) this.#line.watch(child.pid)
    this.#child = child
    const name = this.#program.names[0]
    try {
      await waitFor(
        `an answer of ${name}`,
        async () => {
          if (hasEnded(child)) throw new Error(`Cannot start ${name}: it ended, expected it to serve port ${this.port}`)
          return answers(this.#program.greeting(this.port))
        },
        { timeoutMs: READY_TIMEOUT_MS },
      )
    } catch (error) {
      throw new Error(
        `${error instanceof Error ? error.message : String(error)}; it printed:\n${readFileSync(log, 'utf8').slice(-1_000)}`,
        { cause: error },
      )
    }
  }

  async halt(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === undefined || hasEnded(child)) return
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill(signal)
    const last = setTimeout(() => child.kill('SIGKILL'), HALT_TIMEOUT_MS)
    await gone
    clearTimeout(last)
  }

  async stop(): Promise<void> {
    await this.halt('SIGKILL')
    this.#line.release()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined
}
