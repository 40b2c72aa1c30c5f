/** What the authorization server asks of the sessions that its grants stand for, in one statement each. */
import { isUuid, type Uuid } from '../kernel/index.ts'
import type { SqlDatabase } from '../sql/index.ts'

/** For as long a browser is not asked for the password again, however often it comes. */
export const BROWSER_LIFETIME_S = 12 * 3_600
/** Time to find the password and the phone. */
export const INTERACTION_LIFETIME_S = 900
/** Seconds by which the sign-in may seem older than the change of the password that came with it. */
const LEEWAY_S = 1

const TOUCH = `UPDATE plinth_sessions SET last_used_at = $2::timestamptz
WHERE session_id = $1::uuid AND ended_at IS NULL AND expires_at > $2::timestamptz RETURNING session_id`
const IS_ALIVE = `SELECT FROM plinth_sessions WHERE session_id = $1::uuid AND ended_at IS NULL AND expires_at > $2::timestamptz`
const CHANGED_AFTER = 'SELECT FROM plinth_accounts WHERE account_id = $1::uuid AND password_changed_at > $2::timestamptz'

export class GrantSessions {
  readonly #parts: { readonly sql: SqlDatabase; readonly clock: { now(): number } }

  constructor(parts: { readonly sql: SqlDatabase; readonly clock: { now(): number } }) {
    this.#parts = parts
  }

  /** Notes that a session was used. @returns false when it has ended */
  async touch(sessionId: string): Promise<boolean> {
    return isUuid(sessionId) && (await this.#parts.sql.query(TOUCH, [sessionId, this.#now()])).length > 0
  }

  async isAlive(sessionId: string): Promise<boolean> {
    return isUuid(sessionId) && (await this.#parts.sql.query(IS_ALIVE, [sessionId, this.#now()])).length > 0
  }

  /** Whether a browser that signed in then still counts: not after half a day, and not once the password was changed. */
  async isSignInValid(accountId: Uuid, signedInAtS: number): Promise<boolean> {
    if (this.#parts.clock.now() >= (signedInAtS + BROWSER_LIFETIME_S) * 1_000) return false
    const signedInAt = new Date((signedInAtS + LEEWAY_S) * 1_000).toISOString()
    return (await this.#parts.sql.query(CHANGED_AFTER, [accountId, signedInAt])).length === 0
  }

  #now(): string {
    return new Date(this.#parts.clock.now()).toISOString()
  }
}
