/**
 * Keeps what this instance believes of tokens current: it follows the journal, on connections apart from the rest, so that a rush to sign in never makes
 * the check of a token wait.
 */
import { type IdentityScope, type SigningKeys, Standings } from '../../auth/index.ts'
import { JournalFollower, SqlPool } from '../../pg/index.ts'
import type { LaterTasks } from '../later.ts'

export interface StandingFeedOptions {
  readonly scope: IdentityScope
  readonly keys: SigningKeys
  readonly later: LaterTasks
  readonly databaseUrl: string
  readonly applicationName: string
}

export interface StandingFeed {
  readonly standings: Standings
  start(): Promise<void>
  /** Nothing is heard any more. */
  silence(): Promise<void>
  close(): Promise<void>
}

/** One to follow the journal, one to ask of tokens. */
const CONNECTIONS = 2

export function createStandingFeed({ scope, keys, later, databaseUrl, applicationName }: StandingFeedOptions): StandingFeed {
  const sql = new SqlPool({ url: databaseUrl, applicationName, connections: CONNECTIONS })
  const standings = new Standings({ scope: { ...scope, sql } })
  const follower = new JournalFollower({
    sql,
    resources: [...standings.resources, 'plinth.key'],
    onRows(rows) {
      standings.take(rows)
      if (rows.some(({ resource }) => resource === 'plinth.key')) later.follow(() => keys.refresh())
    },
    onGap: () => standings.noteGap(),
    onRead: (readAtMs) => standings.noteFresh(readAtMs),
    onError: (error) =>
      scope.logger.warn('The journal could not be read; tokens are checked in the database meanwhile', { error }),
  })
  return {
    standings,
    start: () => follower.start(),
    silence: () => follower.stop(),
    close: () => sql.close(),
  }
}
