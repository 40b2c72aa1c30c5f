/**
 * A lane: one connection on which many statements are under way at once, answered in order.
 *
 * Each statement is its own transaction (the driver ends each with a Sync), so an error in one leaves the next alone. A
 * connection that breaks fails what is under way and is made anew by the next statement; while the server is away, statements
 * fail at once instead of queueing. Invariant: nothing waits longer than `silenceMsMax` for a server that has gone silent.
 */
import { LRUCache } from 'lru-cache'
import pg from 'pg'
import { PlinthError } from '../kernel/index.ts'
import type { BoundValue } from '../sql/index.ts'
import { type ConnectionOptions, clientConfig, cutConnection, forgetStatement, gatherWrites, type Row, send } from './driver.ts'

/** After a failed attempt to connect, statements are refused for this long before the next attempt. */
const RECONNECT_PAUSE_MS = 250
const WATCH_INTERVAL_MS = 500
/** So many answers make the pace: few enough to follow a change, enough to outlast a pause of the process. */
const PACE_ANSWERS = 16
/** Each prepared statement takes memory of the server, and clients choose what is asked for: those used least recently go. */
const PREPARED_MAX = 500
/** In characters: a tree of thirty levels is 30,000, and 0.4 MiB of the server's memory. What all other operations need is 500,000. */
const PREPARED_TEXT_MAX = 2_000_000
/** A server that does not answer a farewell in this time is left without one. */
const FAREWELL_MS_MAX = 2_000

interface LaneStatement {
  readonly name: string
  readonly text: string
}

export class Lane {
  readonly #options: ConnectionOptions
  readonly #silenceMsMax: number
  #client: pg.Client | undefined
  /** The statements that the connection has prepared: the length of each by its name. */
  #prepared: LRUCache<string, number> | undefined
  #connecting: Promise<pg.Client> | undefined
  #refusedUntilMs = 0
  #watch: NodeJS.Timeout | undefined
  #progressAtMs = 0
  /** Time from one answer to the next while statements are under way, averaged over the last few. */
  #paceMs = 0
  #isClosed = false
  #isGathering = false
  /** Statements that were sent and not answered yet. */
  inFlight = 0

  constructor(options: ConnectionOptions, silenceMsMax: number) {
    this.#options = options
    this.#silenceMsMax = silenceMsMax
  }

  run(statement: LaneStatement, values: BoundValue[]): Promise<readonly Row[]> {
    if (this.inFlight++ === 0) this.#progressAtMs = performance.now()
    const client = this.#client
    const sent =
      client === undefined
        ? this.connect().then((fresh) => this.#send(fresh, statement, values))
        : this.#send(client, statement, values)
    return sent.then(this.#answered, (error: unknown) => this.#recover(error, statement, values))
  }

  /** How long a statement that is sent now will wait, by the pace of the last answers. */
  get expectedMs(): number {
    return this.inFlight * this.#paceMs
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
    await this.#connecting?.catch(() => undefined)
    const client = this.#client
    // The watch stays until the end: it cuts a server that has gone silent with statements under way.
    if (client !== undefined) await farewell(client, this.inFlight === 0 ? FAREWELL_MS_MAX : this.#silenceMsMax)
    clearInterval(this.#watch)
    this.#client = undefined
  }

  async #open(): Promise<pg.Client> {
    const client = new pg.Client({ ...clientConfig(this.#options), pipeline: true })
    const forget = (): void => {
      if (this.#client === client) this.#client = undefined
    }
    client.on('error', forget)
    client.on('end', forget)
    await client.connect().catch((cause: unknown) => {
      this.#refusedUntilMs = performance.now() + RECONNECT_PAUSE_MS
      throw new PlinthError('DEPENDENCY_UNAVAILABLE', undefined, { cause })
    })
    if (this.#isClosed) {
      await farewell(client, FAREWELL_MS_MAX)
      throw new PlinthError('RATE_LIMIT_OVERLOADED', 'The service is stopping')
    }
    this.#client = client
    this.#prepared = new LRUCache({
      max: PREPARED_MAX,
      maxSize: PREPARED_TEXT_MAX,
      sizeCalculation: (length) => length,
      dispose: (_, name, reason) => void (reason === 'evict' && forgetStatement(client, name)),
    })
    this.#progressAtMs = performance.now()
    this.#watch ??= setInterval(() => this.#checkSilence(), WATCH_INTERVAL_MS).unref()
    return client
  }

  #send(client: pg.Client, statement: LaneStatement, values: BoundValue[]): Promise<readonly Row[]> {
    const { name, text } = statement
    if (client === this.#client && name !== '' && this.#prepared?.get(name) === undefined) this.#prepared?.set(name, text.length)
    if (!this.#isGathering) {
      this.#isGathering = true
      gatherWrites(client, () => {
        this.#isGathering = false
      })
    }
    return send(client, statement, values)
  }

  /** A statement whose name is no longer good has not begun: it goes once more, without a name. */
  #recover(error: unknown, statement: LaneStatement, values: BoundValue[]): Promise<readonly Row[]> {
    const client = this.#client
    if (client === undefined || statement.name === '' || !isNameLost(error)) return this.#failed(error)
    forgetStatement(client, statement.name)
    return send(client, { name: '', text: statement.text }, values).then(this.#answered, this.#failed)
  }

  readonly #answered = (rows: readonly Row[]): readonly Row[] => {
    this.inFlight--
    const nowMs = performance.now()
    this.#paceMs += (nowMs - this.#progressAtMs - this.#paceMs) / PACE_ANSWERS
    this.#progressAtMs = nowMs
    return rows
  }

  readonly #failed = (error: unknown): Promise<never> => {
    this.inFlight--
    this.#progressAtMs = performance.now()
    return Promise.reject(error)
  }

  /**
   * One watch for the lane instead of a timer for each statement. A silent connection is cut, which fails all that waits on it.
   */
  #checkSilence(): void {
    if (this.inFlight === 0 || performance.now() - this.#progressAtMs < this.#silenceMsMax) return
    const client = this.#client
    this.#client = undefined
    if (client !== undefined)
      cutConnection(client, new Error(`Cannot wait for the database: it gave no answer in ${this.#silenceMsMax} ms`))
  }
}

/**
 * Whether the server refused the name of a statement before it began. When many of one new shape are under way and the first
 * cannot be prepared (its table is locked), those behind it name what does not exist (26000) or prepare it twice (42P05); a
 * migration that changes the type of a column makes a kept plan unusable (0A000).
 */
function isNameLost(error: unknown): boolean {
  const { code, routine } = error as { readonly code?: string; readonly routine?: string }
  return code === '26000' || code === '42P05' || (code === '0A000' && routine === 'RevalidateCachedQuery')
}

/** Ends a connection when what is under way has been answered, and in any case within the time. */
async function farewell(client: pg.Client, msMax: number): Promise<void> {
  const cut = setTimeout(
    () => cutConnection(client, new Error('Cannot wait for the database: it did not answer the farewell')),
    msMax,
  )
  await client.end()
  clearTimeout(cut)
}
