/** A pool of connections that may break at any moment; one is borrowed for a piece of work, in a transaction or not, and given back fit or not at all. */
import pg from 'pg'
import { PlinthError } from '../kernel/index.ts'
import { readDatabaseError } from './errors.ts'

/**
 * A pool that survives the end of its server. It replaces a connection that broke when it is next needed.
 *
 * pg throws an error of a connection that nobody listens to, and such an error ends the process. The pool listens while a connection rests,
 * and `withClient` while it is borrowed; a server that dies as it lets somebody in says both in one packet, which is in between.
 */
export function openPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config)
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/** Runs `work` on a connection of the pool. One that broke, or went silent, is closed and not given back. */
export async function withClient<Result>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect().catch((cause: unknown) => {
    // Whatever keeps it from connecting, no client of ours can mend it.
    throw new PlinthError('DEPENDENCY_UNAVAILABLE', undefined, { cause })
  })
  let broken: Error | undefined
  const markBroken = (error: Error): void => {
    broken = error
  }
  client.on('error', markBroken)
  try {
    return await work(client)
  } catch (error) {
    if (error instanceof PlinthError && error.code === 'DEPENDENCY_UNAVAILABLE') broken ??= error
    if (error instanceof RollbackFailed) broken ??= error
    throw error instanceof RollbackFailed ? error.cause : error
  } finally {
    client.off('error', markBroken)
    client.release(broken)
  }
}

/** Runs `work` in a transaction on a connection of the pool: commits when it returns, rolls back when it throws. */
export function withTransaction<Result>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  return withClient(pool, async (client) => {
    try {
      await control(client, 'BEGIN')
      const result = await work(client)
      await control(client, 'COMMIT')
      return result
    } catch (error) {
      // On a connection that has gone silent, ROLLBACK would wait too; the server rolls back what is cut.
      if (error instanceof PlinthError && error.code === 'DEPENDENCY_UNAVAILABLE') throw error
      await client.query('ROLLBACK').catch(() => {
        // Whether it is rolled back is no longer ours to know: the connection goes, and the server rolls back.
        throw new RollbackFailed(error)
      })
      throw error
    }
  })
}

/** Carries what went wrong past a connection that could not even roll back. */
class RollbackFailed extends Error {
  override readonly name = 'RollbackFailed'

  constructor(cause: unknown) {
    super('Cannot roll back: the connection is closed instead', { cause })
  }
}

async function control(client: pg.PoolClient, command: 'BEGIN' | 'COMMIT'): Promise<void> {
  const { command: done } = await client.query(command).catch((error: unknown) => {
    throw readDatabaseError(error, undefined)
  })
  // PostgreSQL answers COMMIT with ROLLBACK where a statement has failed; without this, code that swallows an error would report
  // success.
  if (done !== command) {
    const cause = new Error(
      'Cannot commit: the transaction was rolled back, since a statement in it failed and its error was not passed on',
    )
    throw new PlinthError('INTERNAL_ERROR', undefined, { cause })
  }
}
