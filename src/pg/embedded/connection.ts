/** One plain connection, for those who manage databases and for tests: statements as text, rows as objects. */
import { Client, type QueryResultRow } from 'pg'

export interface PlainConnection extends AsyncDisposable {
  /** Runs one statement, or several without parameters; returns the rows of the last one. */
  query<Row extends QueryResultRow>(statement: string, values?: readonly unknown[]): Promise<Row[]>
  close(): Promise<void>
}

/** How long a server may take to accept: it is on this machine, or near it. */
const CONNECT_TIMEOUT_MS = 10_000

/**
 * Opens a connection of its own, outside every pool. While idle it does not keep the process alive.
 * @throws what the server answers, as pg reports it
 */
export async function openConnection(url: string): Promise<PlainConnection> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS }) as RefCountedClient
  // The next query reports a connection that was lost.
  client.on('error', () => {})
  await client.connect()
  client.unref()
  // One statement at a time, in the order of asking; a failed one does not stop the next.
  let last: Promise<unknown> = Promise.resolve()
  const whileAlive = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    client.ref()
    try {
      return await run()
    } finally {
      client.unref()
    }
  }
  const close = (): Promise<void> => whileAlive(() => client.end())
  return {
    async query<Row extends QueryResultRow>(statement: string, values?: readonly unknown[]) {
      const run = (): Promise<unknown> =>
        whileAlive(() => client.query<Row>(statement, values === undefined ? undefined : [...values]))
      const running = last.then(run, run)
      last = running
      const result = await running
      // pg answers several statements with a list of results, which its types do not say.
      const final = (Array.isArray(result) ? result.at(-1) : result) as { rows: Row[] }
      return final.rows
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Both are in pg since 8.0, and missing from its types. */
interface RefCountedClient extends Client {
  ref(): void
  unref(): void
}
