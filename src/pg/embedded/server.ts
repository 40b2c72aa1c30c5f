/**
 * Runs the postmaster: starts it, knows when it is ready, starts it again when it dies, stops it.
 *
 * The postmaster lives in a session of its own, so that a Ctrl-C in the terminal reaches the application only, which drains and
 * then calls
 * `stop()`. After a crash PostgreSQL replays its log by itself; what stands in the way of a new postmaster is cleared first.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import { type Identity, spawnBase } from './command.ts'
import { EmbeddedPostgresError } from './failure.ts'
import { endLeftovers, readPostmasterFile } from './leftovers.ts'
import type { Lifeline } from './lifeline.ts'

/** What happens to the server, for the log of the application. */
export type EmbeddedPostgresEvent =
  | { readonly kind: 'orphanStopped'; readonly pid: number }
  | { readonly kind: 'created'; readonly tookMs: number }
  | { readonly kind: 'ready'; readonly pid: number; readonly tookMs: number }
  | { readonly kind: 'died'; readonly pid: number; readonly how: string }
  | { readonly kind: 'restartFailed'; readonly error: Error; readonly nextInMs: number }
  | { readonly kind: 'stopped'; readonly tookMs: number }

export interface ServerOptions {
  readonly program: string
  readonly dataFolder: string
  readonly logFolder: string
  readonly socketFolder: string | undefined
  readonly identity: Identity | undefined
  readonly connection: ClientConfig
  readonly lifeline: Lifeline
  readonly shownFolder: string
  readonly startTimeoutMs: number
  readonly onEvent: (event: EmbeddedPostgresEvent) => void
}

const READY_POLL_MS = 5
/** The first restart is at once; while it keeps failing (a full disk, say) the waits double up to the cap. */
const RESTART_BASE_MS = 100
const RESTART_CAP_MS = 2_000
/** How long each way of stopping may take: fast (writes everything out), immediate (recovery at the next start). */
const STOP_FAST_MS = 10_000
const STOP_IMMEDIATE_MS = 3_000
const LOG_TAIL_CHARACTERS = 1_500

export class PostgresServer {
  readonly #options: ServerOptions
  #child: ChildProcess | undefined
  #isStopping = false
  #restarting: Promise<void> | undefined
  readonly #abort = new AbortController()

  constructor(options: ServerOptions) {
    this.#options = options
  }

  /** The postmaster's process; undefined while it is down. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts the postmaster and returns when it answers. @throws `START`, with the end of the server's log */
  async start(): Promise<void> {
    const startedAt = performance.now()
    const child = this.#spawn()
    const pid = await this.#untilReady(child)
    this.#options.onEvent({ kind: 'ready', pid, tookMs: performance.now() - startedAt })
    const died = (code: number | null, signal: string | null): void => this.#onDeath(pid, signal ?? `exit code ${code}`)
    if (child.exitCode !== null || child.signalCode !== null) died(child.exitCode, child.signalCode)
    else child.once('exit', died)
  }

  /** Asks for a fast shutdown, then for an immediate one, then kills. Returns when the postmaster is gone. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#abort.abort()
    await this.#restarting
    const startedAt = performance.now()
    await this.#end()
    this.#options.onEvent({ kind: 'stopped', tookMs: performance.now() - startedAt })
  }

  async #end(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = new Promise<true>((resolve) => child.once('exit', () => resolve(true)))
    const waits = [
      ['SIGINT', STOP_FAST_MS],
      ['SIGQUIT', STOP_IMMEDIATE_MS],
      ['SIGKILL', STOP_IMMEDIATE_MS],
    ] as const
    for (const [signal, timeoutMs] of waits) {
      if (child.exitCode !== null || child.signalCode !== null) break
      child.kill(signal)
      const timer = new AbortController()
      const isGone = await Promise.race([gone, delay(timeoutMs, false, { signal: timer.signal }).catch(() => false)])
      timer.abort()
      if (isGone) break
    }
    this.#child = undefined
  }

  #spawn(): ChildProcess {
    const { program, dataFolder, logFolder, identity, lifeline } = this.#options
    // What it says before its own log is open: mostly why it cannot start.
    const early = openSync(join(logFolder, 'start.log'), 'w')
    const child = spawn(program, ['-D', dataFolder], { ...spawnBase(identity), detached: true, stdio: ['ignore', early, early] })
    if (child.pid !== undefined) lifeline.watch(child.pid)
    closeSync(early)
    // The application decides how long it lives; its database does not keep it alive.
    child.unref()
    this.#child = child
    return child
  }

  async #untilReady(child: ChildProcess): Promise<number> {
    let failure: Error | undefined
    child.once('error', (error) => {
      failure = error
    })
    const deadline = performance.now() + this.#options.startTimeoutMs
    while (!this.#abort.signal.aborted) {
      if (failure !== undefined || child.exitCode !== null || child.signalCode !== null) break
      const lines = readPostmasterFile(this.#options.dataFolder)
      const isUp = Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready'
      if (isUp && child.pid !== undefined && (await this.#answers())) return child.pid
      if (performance.now() > deadline) break
      await delay(READY_POLL_MS)
    }
    const how = failure?.message ?? (child.exitCode === null ? `still starting` : `exit code ${child.exitCode}`)
    await this.#end()
    throw new EmbeddedPostgresError(
      'START',
      `Cannot start the embedded database in "${this.#options.shownFolder}": PostgreSQL did not become ready (${how}), expected it to ` +
        `answer within ${this.#options.startTimeoutMs} ms; its log ends:\n${this.#logTail()}`,
      failure,
    )
  }

  async #answers(): Promise<boolean> {
    const client = new Client({ ...this.#options.connection, connectionTimeoutMillis: 2_000 })
    // A server that dies just now reports through its exit.
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return true
    } catch (error) {
      if (isRefusal(error)) throw error
      return false
    }
  }

  #onDeath(pid: number, how: string): void {
    this.#child = undefined
    if (this.#isStopping) return
    this.#options.onEvent({ kind: 'died', pid, how })
    this.#restarting = this.#restart().finally(() => {
      this.#restarting = undefined
    })
  }

  async #restart(): Promise<void> {
    for (let attempt = 0; !this.#isStopping; attempt++) {
      try {
        await endLeftovers(this.#options.dataFolder, this.#options.socketFolder)
        await this.start()
        return
      } catch (thrown) {
        if (this.#isStopping) return
        const error = thrown instanceof Error ? thrown : new Error(String(thrown))
        const nextInMs = Math.min(RESTART_BASE_MS * 2 ** attempt, RESTART_CAP_MS)
        this.#options.onEvent({ kind: 'restartFailed', error, nextInMs })
        await delay(nextInMs, undefined, { signal: this.#abort.signal }).catch(() => {})
      }
    }
  }

  #logTail(): string {
    const { logFolder } = this.#options
    const newestFirst = readdirSync(logFolder)
      .map((name) => join(logFolder, name))
      .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)
    const texts = newestFirst.slice(0, 2).map((file) => readFileSync(file, 'utf8').slice(-LOG_TAIL_CHARACTERS))
    return texts.reverse().join('').trim()
  }
}

/** A wrong password or a missing database is not cured by waiting. 57P03 says "starting up", 53300 "too many connections". */
function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'string') return false
  return error.code.startsWith('28') || error.code.startsWith('3D')
}
