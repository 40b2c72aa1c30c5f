/**
 * The refresh tokens of a session: a family of which one serves at a time, and once.
 *
 * A token's successor is a keyed digest of it and of the request's Idempotency-Key: so a client whose answer was lost can repeat the very request
 * and get the very answer, while a token that comes a second time in another request was stolen, by whoever of the two.
 *
 * Every token names its session under a digest that only this installation can make. So a second use is known for what it is without a record of
 * the tokens that were used: of a session two are kept, the one that serves and the one before it, however often it is refreshed.
 */
import { timingSafeEqual } from 'node:crypto'
import { isoTime, isUuid, type Uuid } from '../../kernel/index.ts'
import type { Device } from '../../model/index.ts'
import type { SqlClient } from '../../sql/index.ts'
import type { IdentityScope } from '../ports.ts'

/** A session as its tokens need it. */
export interface SessionRow {
  readonly session_id: Uuid
  readonly account_id: Uuid
  readonly client_id: string | null
  readonly device: Device
  readonly amr: readonly string[]
  readonly authenticated_at: Date
  readonly second_factor_at: Date | null
  readonly expires_at: Date
}

/** What a refresh came to. */
export type Refreshed =
  | { readonly kind: 'refreshed'; readonly session: SessionRow; readonly token: string }
  /** The token was used before: its session has to end. */
  | { readonly kind: 'reused'; readonly sessionId: Uuid; readonly accountId: Uuid }
  | { readonly kind: 'invalid' }

/** A device that was silent for two weeks signs in again. */
const LIFETIME_S = 14 * 86_400
/** How long the answer to a refresh can be asked for again. */
const REPEAT_S = 60
/** Of the digest that names the session: 128 bits. */
const MARK_LENGTH = 22

export const SESSION_COLUMNS =
  's.session_id, s.account_id, s.client_id, s.device, s.amr, s.authenticated_at, s.second_factor_at, s.expires_at'
const ADD = `INSERT INTO plinth_refresh_tokens (token_digest, session_id, created_at, expires_at)
VALUES ($1::text, $2::uuid, $3::timestamptz, $4::timestamptz)`
/** Uses the token, puts its successor in its place, and forgets those before it. */
const USE = `WITH t AS (UPDATE plinth_refresh_tokens t SET used_at = $2::timestamptz, used_by = $3::text FROM plinth_sessions s
WHERE t.token_digest = $1::text AND t.used_at IS NULL AND t.expires_at > $2::timestamptz
AND s.session_id = t.session_id AND s.ended_at IS NULL AND s.expires_at > $2::timestamptz RETURNING t.session_id, s.expires_at),
n AS (INSERT INTO plinth_refresh_tokens (token_digest, session_id, created_at, expires_at)
SELECT $4::text, t.session_id, $2::timestamptz, least($2::timestamptz + ${LIFETIME_S} * interval '1 second', t.expires_at) FROM t),
d AS (DELETE FROM plinth_refresh_tokens o USING t WHERE o.session_id = t.session_id AND o.used_at IS NOT NULL)
UPDATE plinth_sessions s SET last_used_at = $2::timestamptz FROM t WHERE s.session_id = t.session_id AND s.ended_at IS NULL RETURNING ${SESSION_COLUMNS}`
const FIND_REPEATED = `SELECT ${SESSION_COLUMNS} FROM plinth_refresh_tokens t JOIN plinth_sessions s ON s.session_id = t.session_id
WHERE t.token_digest = $1::text AND t.used_by = $3::text AND t.used_at > $2::timestamptz - ${REPEAT_S} * interval '1 second' AND s.ended_at IS NULL
AND EXISTS (SELECT FROM plinth_refresh_tokens n WHERE n.token_digest = $4::text AND n.used_at IS NULL)`
/** The session, while it has another token that serves: else nobody lost anything to whoever shows this one. */
const FIND_REUSED = `SELECT s.account_id FROM plinth_sessions s
WHERE s.session_id = $1::uuid AND s.ended_at IS NULL AND EXISTS (SELECT FROM plinth_refresh_tokens n
WHERE n.session_id = s.session_id AND n.token_digest <> $3::text AND n.used_at IS NULL AND n.expires_at > $2::timestamptz)`

export class RefreshTokens {
  readonly #scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault'>

  constructor(scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault'>) {
    this.#scope = scope
  }

  /** Makes the first token of a session; `keep` or a statement of the caller's has to keep it. */
  make(sessionId: Uuid): string {
    return this.#render(sessionId, this.#scope.vault.makeSecret())
  }

  async keep(client: SqlClient, session: SessionRow, token: string, nowMs: number): Promise<void> {
    const values = [this.#scope.vault.digest(token), session.session_id, isoTime(nowMs), isoTime(refreshEndMs(session, nowMs))]
    await client.query(ADD, values)
  }

  /** The session that the token was made for, whether it still serves or not; undefined for what this installation has not made. */
  sessionOf(token: string): Uuid | undefined {
    const [sessionId = '', secret = '', ...rest] = token.split('.')
    if (rest.length !== 1 || !isUuid(sessionId)) return undefined
    const [given, expected] = [Buffer.from(token), Buffer.from(this.#render(sessionId, secret))]
    return given.length === expected.length && timingSafeEqual(given, expected) ? sessionId : undefined
  }

  /** @param idempotencyKey of the request: the same token with the same key gets the same answer, for a minute and while the answer is unused */
  async refresh(token: string, idempotencyKey: string | undefined): Promise<Refreshed> {
    const { sql, vault, clock } = this.#scope
    const sessionId = this.sessionOf(token)
    if (sessionId === undefined) return { kind: 'invalid' }
    // Without a key of the client's no repetition can prove that it is one.
    const request = vault.digest(idempotencyKey ?? vault.makeSecret())
    const successor = this.#render(sessionId, vault.keyedDigest(`refresh ${request} ${token}`))
    const [digest, now] = [vault.digest(token), isoTime(clock.now())]
    const values = [digest, now, request, vault.digest(successor)]
    const [session] = await sql.query<SessionRow>(USE, values)
    if (session !== undefined) return { kind: 'refreshed', session, token: successor }
    const [repeated] = await sql.query<SessionRow>(FIND_REPEATED, values)
    if (repeated !== undefined) return { kind: 'refreshed', session: repeated, token: successor }
    const [reused] = await sql.query<{ account_id: Uuid }>(FIND_REUSED, [sessionId, now, digest])
    return reused === undefined ? { kind: 'invalid' } : { kind: 'reused', sessionId, accountId: reused.account_id }
  }

  #render(sessionId: Uuid, secret: string): string {
    const mark = this.#scope.vault.keyedDigest(`refresh of ${sessionId} ${secret}`).slice(0, MARK_LENGTH)
    return `${sessionId}.${secret}.${mark}`
  }
}

/** When a token of the session that is made now ends. */
export function refreshEndMs(session: Pick<SessionRow, 'expires_at'>, nowMs: number): number {
  return Math.min(nowMs + LIFETIME_S * 1_000, session.expires_at.getTime())
}
