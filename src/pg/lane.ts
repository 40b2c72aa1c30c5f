/**
 * A lane: one connection on which many statements are under way at once, answered in order.
 *
 * Each statement is its own transaction (the driver ends each with a Sync), so an error in one leaves the next alone. A connection that
 * breaks fails what is under way and is made anew by the next statement; while the server is away, statements fail at once instead
 * of queueing. Invariant: nothing waits longer than `silenceMsMax` for a server that has gone silent.
 */
import pg from 'pg'
import { PlinthError } from '../kernel/index.ts'
import type { BoundValue } from '../sql/index.ts'
import { clientConfig, type ConnectionOptions, type Row, send } from './driver.ts'

/** After a failed attempt to connect, statements are refused for this long before the next attempt. */
const RECONNECT_PAUSE_MS = 250
const WATCH_INTERVAL_MS = 500

export class Lane {
  readonly #options: ConnectionOptions
  readonly #silenceMsMax: number
  #client: pg.Client | undefined
  #connecting: Promise<pg.Client> | undefined
  #refusedUntilMs = 0
  #watch: NodeJS.Timeout | undefined
  #progressAtMs = 0
  #isClosed = false
  /** Statements that were sent and not answered yet. */
  inFlight = 0

  constructor(options: ConnectionOptions, silenceMsMax: number) {
    this.#options = options
    this.#silenceMsMax = silenceMsMax
  }

  run(statement: { readonly name: string; readonly text: string }, values: BoundValue[]): Promise<readonly Row[]> {
    if (this.inFlight++ === 0) this.#progressAtMs = performance.now()
    const client = this.#client
    const sent = client === undefined ? this.connect().then((fresh) => send(fresh, statement, values)) : send(client, statement, values)
    return sent.then(this.#answered, this.#failed)
  }

  /** For how long there has been no answer to what is under way; 0 when nothing is. */
  get stillMs(): number {
    return this.inFlight === 0 ? 0 : performance.now() - this.#progressAtMs
  }

  /** Opens the connection if there is none. Attempts are shared. */
  connect(): Promise<pg.Client> {
    if (this.#client !== undefined) return Promise.resolve(this.#client)
    if (this.#isClosed) return Promise.reject(new PlinthError('RATE_LIMIT_OVERLOADED', 'The service is stopping'))
    if (performance.now() < this.#refusedUntilMs) return Promise.reject(new PlinthError('DEPENDENCY_UNAVAILABLE'))
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  /** Ends the connection when what is under way has been answered. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#watch)
    const client = this.#client
    this.#client = undefined
    await client?.end()
  }

  async #open(): Promise<pg.Client> {
    const client = new pg.Client({ ...clientConfig(this.#options), pipeline: true })
    const forget = (): void => {
      if (this.#client === client) this.#client = undefined
    }
    client.on('error', forget)
    client.on('end', forget)
    try {
      await client.connect()
    } catch (error) {
      this.#refusedUntilMs = performance.now() + RECONNECT_PAUSE_MS
      throw new PlinthError('DEPENDENCY_UNAVAILABLE', undefined, { cause: error })
    }
    this.#client = client
    this.#progressAtMs = performance.now()
    this.#watch ??= setInterval(() => this.#checkSilence(), WATCH_INTERVAL_MS).unref()
    return client
  }

  readonly #answered = (rows: readonly Row[]): readonly Row[] => {
    this.inFlight--
    this.#progressAtMs = performance.now()
    return rows
  }

  readonly #failed = (error: unknown): never => {
    this.inFlight--
    this.#progressAtMs = performance.now()
    throw error
  }

  /** One watch for the lane instead of a timer for each statement. A silent connection is cut, which fails all that waits on it. */
  #checkSilence(): void {
    if (this.inFlight === 0 || performance.now() - this.#progressAtMs < this.#silenceMsMax) return
    const client = this.#client as unknown as { connection: { stream: { destroy(error: Error): void } } } | undefined
    this.#client = undefined
    client?.connection.stream.destroy(new Error(`Cannot wait for the database: it gave no answer in ${this.#silenceMsMax} ms`))
  }
}
