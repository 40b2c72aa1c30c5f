/** Connections for statements beside the store's own: those of identity and of followers. They open when first needed. */
import type pg from 'pg'
import { type BoundValue, digest, type SqlClient, type SqlDatabase } from '../sql/index.ts'
import { openPool, withClient, withTransaction } from './checkout.ts'
import { type ConnectionOptions, clientConfig, STATEMENT_TIMEOUT_MS } from './driver.ts'
import { readDatabaseError } from './errors.ts'

export interface SqlPoolOptions extends ConnectionOptions {
  /** Default 4. */
  readonly connections?: number
}

const CONNECTIONS = 4
/** A statement that finds no connection in this time is told to come back. */
const WAIT_MS = 2_000
/** An idle service keeps none of these connections. */
const IDLE_MS = 30_000

/** A database for code outside the store. Apart from the store's connections, so that a rush to sign in never holds up reads. */
export class SqlPool implements SqlDatabase {
  readonly #pool: pg.Pool

  constructor(options: SqlPoolOptions) {
    this.#pool = openPool({
      ...clientConfig(options),
      max: options.connections ?? CONNECTIONS,
      connectionTimeoutMillis: WAIT_MS,
      idleTimeoutMillis: IDLE_MS,
      query_timeout: (options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS) * 1.1,
    })
  }

  query<Row extends object>(text: string, values: readonly BoundValue[] = []): Promise<readonly Row[]> {
    return withClient(this.#pool, (client) => run<Row>(client, text, values))
  }

  transaction<Result>(work: (client: SqlClient) => Promise<Result>): Promise<Result> {
    return withTransaction(this.#pool, (client) => work({ query: (text, values = []) => run(client, text, values) }))
  }

  /** Ends all connections when what is under way has been answered. */
  close(): Promise<void> {
    return this.#pool.end()
  }
}

async function run<Row extends object>(
  client: pg.ClientBase,
  text: string,
  values: readonly BoundValue[],
): Promise<readonly Row[]> {
  try {
    const { rows } = await client.query<Row>({ name: `sql_${digest(text)}`, text, values: [...values] })
    return rows
  } catch (error) {
    throw readDatabaseError(error, undefined)
  }
}
