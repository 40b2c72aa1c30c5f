/** The one place that speaks to the `pg` library: how a connection is opened and how a statement is sent on it. */
import type pg from 'pg'
import type { Caller } from '../engine/index.ts'
import { type BoundValue, identifier, type Statement } from '../sql/index.ts'

/** A row of the answer: columns in order, as PostgreSQL printed them. */
export type Row = readonly (string | null)[]

/** Sends a statement with its values and gives the rows. @param caller a read that they do not wait for any more may be ended */
export type Runner = <Input>(statement: Statement<Input>, input: Input, caller?: Caller) => Promise<readonly Row[]>

export interface ConnectionOptions {
  /** `postgresql://…`; a Unix socket as `host` in the query. */
  readonly url: string
  /** Shown in pg_stat_activity. */
  readonly applicationName: string
  /** The server ends a statement that takes longer. Default 30 s. */
  readonly statementTimeoutMs?: number
  /** A statement that waits longer for a lock fails. Default 5 s. */
  readonly lockTimeoutMs?: number
  /** Default 5 s, or the timeout of statements if that is shorter. */
  readonly connectTimeoutMs?: number
}

export const STATEMENT_TIMEOUT_MS = 30_000
const LOCK_TIMEOUT_MS = 5_000
const CONNECT_TIMEOUT_MS = 5_000
/** A transaction that its owner has forgotten must not hold locks for ever. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000

/** Columns stay text: what is JSON goes to the client as it is, and the rest is read where it is used. */
const AS_TEXT = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig

// JSON prints times in the zone of the session; jit compiles what runs in a millisecond.
const SESSION_OPTIONS = '-c TimeZone=UTC -c DateStyle=ISO,YMD -c jit=off -c client_encoding=UTF8'

/** The settings that every connection has, whatever the server's defaults are and whatever the URL says. */
export function clientConfig(options: ConnectionOptions): pg.ClientConfig {
  // What stands in the URL wins over what stands beside it, so its `options` are taken out and put before ours: the later one
  // holds.
  const [address = '', query] = options.url.split('?', 2)
  const parameters = new URLSearchParams(query)
  const given = parameters.get('options')
  parameters.delete('options')
  const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS
  return {
    connectionString: given === null ? options.url : `${address}?${parameters}`,
    application_name: options.applicationName,
    // What waits for a connection waits for its statement: it is not to wait longer than that would have taken.
    connectionTimeoutMillis: options.connectTimeoutMs ?? Math.min(CONNECT_TIMEOUT_MS, statementTimeoutMs),
    statement_timeout: statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs ?? LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    options: given === null ? SESSION_OPTIONS : `${given} ${SESSION_OPTIONS}`,
  }
}

/** What the driver keeps of the statements that it has prepared on a connection; missing from its types. */
interface Prepared {
  readonly connection: {
    readonly parsedStatements: Record<string, string>
    readonly submittedNamedStatements: Record<string, string>
  }
}

/** Makes both sides forget a prepared statement: what it takes is free again, and its name can be prepared anew. */
export function forgetStatement(client: pg.ClientBase, name: string): void {
  const { connection } = client as unknown as Prepared
  delete connection.parsedStatements[name]
  delete connection.submittedNamedStatements[name]
  // A server that does not know the name has nothing to forget.
  client.query(`DEALLOCATE ${identifier(name)}`).catch(() => undefined)
}

/** The process of the server that a connection speaks to; undefined before it has said so. */
export function processOf(client: pg.ClientBase): number | undefined {
  return (client as unknown as { readonly processID: number | null }).processID ?? undefined
}

/** Cuts a connection without a farewell, which fails all that waits on it with `reason`. */
export function cutConnection(client: pg.ClientBase, reason: Error): void {
  ;(client as unknown as { connection: { stream: { destroy(error: Error): void } } }).connection.stream.destroy(reason)
}

/**
 * Holds back what is written on the connection until the turn of the event loop ends, so that its statements leave in one system
 * call.
 */
export function gatherWrites(client: pg.ClientBase, whenSent: () => void): void {
  const { stream } = (client as unknown as { connection: { stream: { cork(): void; uncork(): void } } }).connection
  stream.cork()
  setImmediate(() => {
    stream.uncork()
    whenSent()
  })
}

/** Sends one named statement. Resolves with rows of text; rejects with whatever the driver says. */
export function send(
  client: pg.ClientBase,
  statement: { readonly name: string; readonly text: string },
  values: BoundValue[],
): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    const query = { name: statement.name, text: statement.text, values, rowMode: 'array' as const, types: AS_TEXT }
    // The form with a callback spares the driver's own promise and the stack that it captures.
    ;(client.query as (query: object, done: (error: Error | null, result: { rows: readonly Row[] }) => void) => void)(
      query,
      (error, result) => {
        if (error) reject(error)
        else resolve(result.rows)
      },
    )
  })
}
