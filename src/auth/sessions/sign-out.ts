/** How sessions end: some of an account's or all, alone or in one step with the change that asks for it, and who is told. */
import { isoTime, type Uuid } from '../../kernel/index.ts'
import type { SqlClient } from '../../sql/index.ts'
import type { ChangedBy, IdentityScope } from '../ports.ts'

export type SessionEnd =
  | 'signed_out'
  | 'ended_by_owner'
  | 'ended_by_admin'
  | 'password_changed'
  | 'refresh_reused'
  | 'crowded_out'
  | 'suspended'
  | 'deleted'

export interface SignOutParts {
  readonly scope: Pick<IdentityScope, 'sql' | 'clock'>
  /** Told of each session that ended, on this instance, before the caller has the answer. */
  readonly onEnded: (sessionIds: readonly string[]) => void
  /** Signs an account out of the pages of this site in all browsers, within a transaction. */
  readonly endBrowsers: (accountId: Uuid, client: SqlClient) => Promise<void>
  /** Told of an account one of whose sessions ended because a token of it was used twice: its owner has to hear of that. */
  readonly onStolen: (accountId: Uuid) => void
}

const END = `WITH w AS (UPDATE plinth_sessions SET ended_at = $2::timestamptz, end_reason = $3::text
WHERE ended_at IS NULL AND account_id = $1::uuid AND ($4::uuid[] IS NULL OR session_id = ANY ($4::uuid[])) AND ($5::uuid IS NULL OR session_id <> $5::uuid)
RETURNING session_id),
j AS (INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id)
SELECT $2::timestamptz, 'plinth.session', w.session_id, $3::text, 0, $6::text, $7::text FROM w) SELECT session_id FROM w`

/** Which sessions of an account are to end: those that are named, or all but one. */
interface EndOrder {
  readonly accountId: Uuid
  readonly reason: SessionEnd
  readonly by: ChangedBy
  readonly only?: readonly string[]
  readonly except?: string | null
}

/** Access tokens of a session that ended are refused from then on: here at once, on other instances within a second. */
export class SignOut {
  readonly #parts: SignOutParts

  constructor(parts: SignOutParts) {
    this.#parts = parts
  }

  /** Ends some sessions of an account. @returns those that ended: not those that had, or are another's */
  async ofSessions(
    accountId: Uuid,
    sessionIds: readonly string[],
    reason: SessionEnd,
    by: ChangedBy,
  ): Promise<readonly string[]> {
    const ended = await this.#end(this.#parts.scope.sql, { accountId, reason, by, only: sessionIds })
    this.#noteEnded(ended)
    if (reason === 'refresh_reused' && ended.length > 0) this.#parts.onStolen(accountId)
    return ended
  }

  /** Ends all sessions of an account, and what browsers remember of it on the pages of this site. */
  async everywhere(accountId: Uuid, reason: SessionEnd, by: ChangedBy): Promise<void> {
    await this.everywhereWith(async () => undefined, accountId, reason, by)
  }

  /**
   * Signs an account out everywhere in one transaction with the change that asks for it: there is no moment, nor a process that dies, between a new
   * password and the end of what came of the old one.
   *
   * @param change runs first; what it throws leaves all as it was
   * @param except the session that goes on
   */
  async everywhereWith<Result>(
    change: (client: SqlClient) => Promise<Result>,
    accountId: Uuid,
    reason: SessionEnd,
    by: ChangedBy,
    except: string | null = null,
  ): Promise<Result> {
    const { scope, endBrowsers } = this.#parts
    const { result, ended } = await scope.sql.transaction(async (client) => {
      const made = await change(client)
      const sessionIds = await this.#end(client, { accountId, reason, by, except })
      await endBrowsers(accountId, client)
      return { result: made, ended: sessionIds }
    })
    this.#noteEnded(ended)
    return result
  }

  async #end(client: SqlClient, order: EndOrder): Promise<readonly string[]> {
    const { accountId, reason, by, only = null, except = null } = order
    const values = [accountId, isoTime(this.#parts.scope.clock.now()), reason, only, except, by.actor, by.requestId]
    return (await client.query<{ session_id: string }>(END, values)).map((row) => row.session_id)
  }

  #noteEnded(sessionIds: readonly string[]): void {
    if (sessionIds.length > 0) this.#parts.onEnded(sessionIds)
  }
}
