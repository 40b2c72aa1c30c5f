/** The port through which code outside the store runs statements of its own: fixed text, bound values, rows as objects. */
import type { BoundValue } from './statement.ts'

/** Runs statements, each on its own or all within one transaction. */
export interface SqlClient {
  /**
   * Runs one statement. The text is a constant of the program: it is prepared under a name of its own, so text made from input
   * would be unsafe and would also grow the server's memory.
   *
   * @returns the rows as objects: `timestamptz` as `Date`, `bigint` and `numeric` as text, `jsonb` as what it holds, all else as
   * JavaScript knows it
   * @throws `DEPENDENCY_UNAVAILABLE`, `DEPENDENCY_TIMEOUT`, `CONFLICT_IN_PROGRESS`, `CONFLICT_DUPLICATE` … of the catalogue
   */
  query<Row extends object>(text: string, values?: readonly BoundValue[]): Promise<readonly Row[]>
}

/** A database as such code sees it. */
export interface SqlDatabase extends SqlClient {
  /** Commits when `work` returns and rolls back when it throws. */
  transaction<Result>(work: (client: SqlClient) => Promise<Result>): Promise<Result>
}
