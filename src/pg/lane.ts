/**
 * A lane: one connection on which many statements are under way at once, answered in order.
 *
 * Each statement is its own transaction (the driver ends each with a Sync), so an error in one leaves the next alone. A
 * connection that breaks fails what is under way and is made anew by the next statement; while the server is away, statements
 * fail at once instead of queueing. Invariant: nothing waits longer than `silenceMsMax` for a server that has gone silent.
 *
 * What nobody waits for any more is ended. A request to end it can meet the next statement instead, which is then sent again: a
 * statement that was ended has changed nothing.
 */
import { LRUCache } from 'lru-cache'
import pg from 'pg'
import type { Caller } from '../engine/index.ts'
import { PlinthError } from '../kernel/index.ts'
import type { BoundValue } from '../sql/index.ts'
import {
  type ConnectionOptions,
  clientConfig,
  cutConnection,
  forgetStatement,
  gatherWrites,
  processOf,
  type Row,
  send,
} from './driver.ts'

/** After a failed attempt to connect, statements are refused for this long before the next attempt. */
const RECONNECT_PAUSE_MS = 250
const WATCH_INTERVAL_MS = 100
/** What is over sooner ends by itself. */
const END_AFTER_MS = 100
/** How long behind a request to end a statement another one may meet it. */
const STRAY_MS = 1_000
/** A statement is met by no more strays than this. */
const STRAYS_MAX = 3
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

/** A statement that was sent and not answered yet. */
interface Flight {
  readonly statement: LaneStatement
  readonly values: BoundValue[]
  readonly caller: Caller | undefined
  /** How often it was ended in the place of another. */
  strays: number
}

export interface LaneOptions extends ConnectionOptions {
  /** A connection that gives no answer for so long is cut. */
  readonly silenceMsMax: number
  /** Has the server end what one of its processes is at. Default: what nobody waits for goes on. */
  readonly endStatement?: ((process: number) => Promise<void>) | undefined
}

export class Lane {
  readonly #options: LaneOptions
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
  /** In the order in which they are answered. */
  readonly #flights: Flight[] = []
  #isEnding = false
  #endedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: LaneOptions) {
    this.#options = options
  }

  /** @param caller who waits for it; without one it is never ended */
  run(statement: LaneStatement, values: BoundValue[], caller?: Caller): Promise<readonly Row[]> {
    const flight: Flight = { statement, values, caller, strays: 0 }
    if (this.#flights.length === 0) this.#progressAtMs = performance.now()
    this.#flights.push(flight)
    const client = this.#client
    const sent =
      client === undefined
        ? this.connect().then((fresh) => this.#send(fresh, statement, values))
        : this.#send(client, statement, values)
    return this.#settle(flight, sent)
  }

  /** Statements that were sent and not answered yet. */
  get inFlight(): number {
    return this.#flights.length
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
    if (client !== undefined) await farewell(client, this.inFlight === 0 ? FAREWELL_MS_MAX : this.#options.silenceMsMax)
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
    this.#watch ??= setInterval(() => this.#look(), WATCH_INTERVAL_MS).unref()
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

  #settle(flight: Flight, sent: Promise<readonly Row[]>): Promise<readonly Row[]> {
    return sent.then(
      (rows) => this.#answered(flight, rows),
      (error: unknown) => this.#recover(flight, error),
    )
  }

  #answered(flight: Flight, rows: readonly Row[]): readonly Row[] {
    this.#land(flight)
    const nowMs = performance.now()
    this.#paceMs += (nowMs - this.#progressAtMs - this.#paceMs) / PACE_ANSWERS
    this.#progressAtMs = nowMs
    return rows
  }

  #land(flight: Flight): void {
    if (this.#flights[0] === flight) this.#flights.shift()
    else this.#flights.splice(this.#flights.indexOf(flight), 1)
  }

  /** What has not begun, or was ended in the place of another, goes once more. */
  #recover(flight: Flight, error: unknown): Promise<readonly Row[]> {
    const { statement, values, caller } = flight
    this.#land(flight)
    this.#progressAtMs = performance.now()
    const client = this.#client
    if (isEnded(error)) {
      if (caller?.isGone === true)
        return Promise.reject(new PlinthError('VALIDATION_REQUEST_TIMEOUT', undefined, { cause: error }))
      const isStray = performance.now() - this.#endedAtMs < STRAY_MS && flight.strays++ < STRAYS_MAX
      if (client !== undefined && isStray) return this.#again(flight, this.#send(client, statement, values))
    } else if (client !== undefined && statement.name !== '' && isNameLost(error)) {
      forgetStatement(client, statement.name)
      const nameless = { name: '', text: statement.text }
      return this.#again({ ...flight, statement: nameless }, send(client, nameless, values))
    }
    return Promise.reject(error)
  }

  #again(flight: Flight, sent: Promise<readonly Row[]>): Promise<readonly Row[]> {
    this.#flights.push(flight)
    return this.#settle(flight, sent)
  }

  /** One watch for the lane instead of a timer for each statement. */
  #look(): void {
    if (this.stillMs < END_AFTER_MS) return
    if (this.stillMs >= this.#options.silenceMsMax) this.#cut()
    else this.#endAbandoned()
  }

  /** Fails all that waits on it. */
  #cut(): void {
    const client = this.#client
    this.#client = undefined
    if (client !== undefined)
      cutConnection(client, new Error(`Cannot wait for the database: it gave no answer in ${this.#options.silenceMsMax} ms`))
  }

  /** Only the statement that the server is at can be ended. */
  #endAbandoned(): void {
    const { endStatement } = this.#options
    const [head] = this.#flights
    const process = this.#client && processOf(this.#client)
    if (this.#isEnding || endStatement === undefined || process === undefined || head?.caller?.isGone !== true) return
    this.#isEnding = true
    endStatement(process)
      // It ends at its own time, then.
      .catch(() => undefined)
      .finally(() => {
        this.#isEnding = false
        this.#endedAtMs = performance.now()
      })
    this.#endedAtMs = performance.now()
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

/** Whether the server was told to end it, by its own clock or by us: it says the same of both. */
function isEnded(error: unknown): boolean {
  return (error as { readonly code?: string }).code === '57014'
}
