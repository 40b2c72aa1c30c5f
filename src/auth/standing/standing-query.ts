/**
 * Asks the database what it says of tokens: one statement for all that are asked of at once.
 *
 * What is asked while answers are awaited forms the next statement, so that a restart with thousands of callers costs dozens of statements and
 * not thousands.
 */
import { identifier } from '../../sql/index.ts'
import type { IdentityScope } from '../ports.ts'
import type { StandingKeys } from './token-standing.ts'

export interface StandingRow {
  /** Null where there is no living account of this id. */
  readonly role: string | null
  readonly is_suspended: boolean
  /** Lives, and belongs to the account. */
  readonly has_session: boolean
  /** Is registered and enabled. */
  readonly has_client: boolean
  /** What the client may have now. */
  readonly scopes: readonly string[] | null
  readonly is_revoked: boolean
}

interface Question {
  readonly keys: StandingKeys
  readonly resolve: (row: StandingRow) => void
  readonly reject: (error: unknown) => void
}

/** So many are under way; a slow one does not hold up all others. */
const STATEMENTS_MAX = 2
const QUESTIONS_MAX = 500

export class StandingQuery {
  readonly #sql: IdentityScope['sql']
  readonly #text: string
  #waiting: Question[] = []
  #isArmed = false
  #running = 0

  constructor({ sql, accounts }: Pick<IdentityScope, 'sql' | 'accounts'>) {
    this.#sql = sql
    const { resource, role } = accounts
    this.#text = `SELECT q.n::integer, u.role, coalesce(a.suspended_at IS NOT NULL, false) AS is_suspended, s.session_id IS NOT NULL AS has_session, \
c.client_id IS NOT NULL AS has_client, c.scopes, r.jti IS NOT NULL AS is_revoked \
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY AS q(account_id, session_id, client_id, jti, n) \
LEFT JOIN LATERAL (SELECT u.${identifier(role.column)}::text AS role FROM ${identifier(resource.table)} u WHERE u."id" = q.account_id AND u."deleted_at" IS NULL) u ON true \
LEFT JOIN plinth_accounts a ON a.account_id = q.account_id \
LEFT JOIN plinth_sessions s ON s.session_id = q.session_id AND s.account_id = q.account_id AND s.ended_at IS NULL \
LEFT JOIN plinth_oauth_clients c ON c.client_id = q.client_id AND c.disabled_at IS NULL \
LEFT JOIN plinth_revoked_tokens r ON r.jti = q.jti`
  }

  /** @throws `DEPENDENCY_UNAVAILABLE`, `DEPENDENCY_TIMEOUT` */
  ask(keys: StandingKeys): Promise<StandingRow> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, resolve, reject })
      this.#arm()
    })
  }

  /** Sends at the end of the turn, so that all requests of one turn share a statement. */
  #arm(): void {
    if (this.#isArmed || this.#running >= STATEMENTS_MAX || this.#waiting.length === 0) return
    this.#isArmed = true
    setImmediate(() => {
      this.#isArmed = false
      void this.#run(this.#waiting.splice(0, QUESTIONS_MAX))
      this.#arm()
    })
  }

  async #run(questions: readonly Question[]): Promise<void> {
    this.#running += 1
    try {
      const column = <Value>(read: (keys: StandingKeys) => Value): Value[] => questions.map(({ keys }) => read(keys))
      const rows = await this.#sql.query<StandingRow & { readonly n: number }>(this.#text, [
        column((keys) => keys.accountId),
        column((keys) => keys.sessionId),
        column((keys) => keys.clientId),
        column((keys) => keys.jti),
      ])
      for (const row of rows) questions[row.n - 1]?.resolve(row)
    } catch (error) {
      for (const { reject } of questions) reject(error)
    } finally {
      this.#running -= 1
      this.#arm()
    }
  }
}
