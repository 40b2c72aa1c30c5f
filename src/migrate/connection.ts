/** The little that migrations ask of a database connection. Knows no driver: whoever owns one wires it to this port. */

/**
 * One session on the database.
 *
 * It must be direct, not through a pooler that hands out another session for each transaction: the lock that keeps a second
 * runner away belongs to the session. A `query` without values may hold many statements; it rejects with the driver's error, on
 * which `code` is the SQLSTATE and `position` the character in the text, as `pg` has them.
 */
export interface MigrationConnection {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
  end(): Promise<void>
}

/** Opens a session. Each run opens one, and ends it whatever happens. */
export type Connect = () => Promise<MigrationConnection>

/** Runs `task` on a session of its own and ends it on every way out. */
export async function withConnection<Result>(
  connect: Connect,
  task: (connection: MigrationConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await connect()
  try {
    return await task(connection)
  } finally {
    // The session may be the very thing that failed; what the task threw says more than how its end went.
    await connection.end().catch(() => undefined)
  }
}
