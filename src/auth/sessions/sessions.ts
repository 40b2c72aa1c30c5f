/**
 * Sessions: one for each sign-in, with its family of refresh tokens.
 *
 * A refresh token serves once. Its successor is a keyed digest of it and of the request's Idempotency-Key: so a client whose answer was lost
 * can repeat the very request and get the very answer, while a token that comes a second time in another request was stolen, by whoever of the
 * two, and ends the session.
 */
import { isoTime, PlinthError, type Uuid } from '../../kernel/index.ts'
import type { Device } from '../../model/index.ts'
import type { BoundValue, SqlClient } from '../../sql/index.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'
import type { IdentityScope } from '../ports.ts'
import type { SignedIn } from './sign-in.ts'

/** Mints the access token of a session. */
export interface AccessTokens {
  mint(order: {
    readonly subject: string
    readonly roles: readonly string[]
    readonly permissions: readonly string[]
    readonly session: {
      readonly id: string
      readonly clientId: string | null
      readonly device: Device
      readonly amr: readonly string[]
      readonly authenticatedAtMs: number
      readonly secondFactorAtMs: number | null
    }
  }): { readonly token: string; readonly jti: string; readonly expiresInS: number }
}

/** What a client is given. */
export interface SessionTokens {
  readonly sessionId: string
  readonly accessToken: string
  readonly accessTokenExpiresInS: number
  readonly refreshToken: string
  readonly refreshTokenExpiresInS: number
}

/** A session as its owner sees it. */
export interface SessionView {
  readonly id: string
  readonly clientId: string | null
  readonly device: Device
  readonly userAgent: string | null
  readonly address: string | null
  readonly createdAt: Date
  readonly lastUsedAt: Date
  readonly expiresAt: Date
}

export interface SessionPlace {
  readonly device: Device
  readonly userAgent: string | null
  readonly address: string | null
  /** The OAuth client that acts for the account. */
  readonly clientId?: string
}

/** Which factor the owner of a session has proved again, and when. */
export interface StepUp {
  readonly account: Account
  readonly amr: readonly string[]
  readonly authenticatedAtMs: number | null
  readonly secondFactorAtMs: number | null
}

export type SessionEnd =
  | 'signed_out'
  | 'ended_by_owner'
  | 'ended_by_admin'
  | 'password_changed'
  | 'refresh_reused'
  | 'suspended'
  | 'deleted'

export interface SessionsParts {
  readonly scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault' | 'newId' | 'roles' | 'report'>
  readonly accounts: Accounts
  readonly tokens: AccessTokens
  /** Told of each session that ended, on this instance, before the caller has the answer. */
  readonly onEnded: (sessionIds: readonly string[]) => void
}

/** JWT-02: 30 days from sign-in at the most. */
const SESSION_LIFETIME_S = 30 * 86_400
/** A device that was silent for two weeks signs in again. */
const REFRESH_LIFETIME_S = 14 * 86_400
/** How long the answer to a refresh can be asked for again. */
const REPEAT_S = 60
const USER_AGENT_LENGTH_MAX = 256

const OPEN = `INSERT INTO plinth_sessions (session_id, account_id, client_id, device, user_agent, address, amr, created_at, last_used_at, expires_at, authenticated_at, second_factor_at)
SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::text[], $8::timestamptz, $8::timestamptz, $9::timestamptz, $10::timestamptz, $11::timestamptz`
const ADD_TOKEN = `INSERT INTO plinth_refresh_tokens (token_digest, session_id, created_at, expires_at)
VALUES ($1::text, $2::uuid, $3::timestamptz, $4::timestamptz)`
const SESSION_COLUMNS =
  's.session_id, s.account_id, s.client_id, s.device, s.amr, s.authenticated_at, s.second_factor_at, s.expires_at'
const USE_TOKEN = `WITH t AS (UPDATE plinth_refresh_tokens t SET used_at = $2::timestamptz, used_by = $3::text FROM plinth_sessions s
WHERE t.token_digest = $1::text AND t.used_at IS NULL AND t.expires_at > $2::timestamptz
AND s.session_id = t.session_id AND s.ended_at IS NULL AND s.expires_at > $2::timestamptz RETURNING t.session_id)
UPDATE plinth_sessions s SET last_used_at = $2::timestamptz FROM t WHERE s.session_id = t.session_id RETURNING ${SESSION_COLUMNS}`
const FIND_USED = `SELECT ${SESSION_COLUMNS}, t.used_by, t.used_at > $2::timestamptz - ${REPEAT_S} * interval '1 second' AS is_recent, s.ended_at IS NOT NULL AS is_ended,
EXISTS (SELECT FROM plinth_refresh_tokens n WHERE n.token_digest = $3::text AND n.used_at IS NULL) AS is_successor_unused
FROM plinth_refresh_tokens t JOIN plinth_sessions s ON s.session_id = t.session_id WHERE t.token_digest = $1::text AND t.used_at IS NOT NULL`
const LIST = `SELECT session_id, client_id, device, user_agent, address, created_at, last_used_at, expires_at FROM plinth_sessions
WHERE account_id = $1::uuid AND ended_at IS NULL AND expires_at > $2::timestamptz ORDER BY last_used_at DESC, session_id LIMIT 100`
const END = `WITH w AS (UPDATE plinth_sessions SET ended_at = $2::timestamptz, end_reason = $3::text
WHERE ended_at IS NULL AND account_id = $1::uuid AND ($4::uuid IS NULL OR session_id = $4::uuid) AND ($5::uuid IS NULL OR session_id <> $5::uuid)
RETURNING session_id),
j AS (INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id)
SELECT $2::timestamptz, 'plinth.session', w.session_id, $3::text, 0, $6::text, $7::text FROM w) SELECT session_id FROM w`

interface SessionRow {
  readonly session_id: Uuid
  readonly account_id: Uuid
  readonly client_id: string | null
  readonly device: Device
  readonly amr: readonly string[]
  readonly authenticated_at: Date
  readonly second_factor_at: Date | null
  readonly expires_at: Date
}

/** A session to be opened. */
interface SessionOrder {
  readonly session: SessionRow
  /** For `OPEN`. */
  readonly values: readonly BoundValue[]
}

interface UsedRow extends SessionRow {
  readonly used_by: string | null
  readonly is_recent: boolean
  readonly is_ended: boolean
  readonly is_successor_unused: boolean
}

export class Sessions {
  readonly #parts: SessionsParts
  readonly #openAtOnce: string

  constructor(parts: SessionsParts) {
    this.#parts = parts
    this.#openAtOnce = `WITH held AS (${parts.accounts.renderHold('$2', '$12')}), s AS (${OPEN} FROM held RETURNING session_id)
INSERT INTO plinth_refresh_tokens (token_digest, session_id, created_at, expires_at)
SELECT $13::text, s.session_id, $8::timestamptz, $14::timestamptz FROM s RETURNING session_id`
  }

  /**
   * Opens a session for somebody who signed in, and gives its first tokens.
   * @throws `AUTH_CREDENTIALS_INVALID` where the password was changed meanwhile: whoever changed it signed everybody out
   */
  async open(signedIn: SignedIn, place: SessionPlace): Promise<SessionTokens> {
    const { scope } = this.#parts
    const nowMs = scope.clock.now()
    const refreshToken = scope.vault.makeSecret()
    const order = this.#describe(signedIn, place, nowMs)
    const { session, values } = order
    const { account } = signedIn
    const tokenEnd = isoTime(refreshEndMs(session, nowMs))
    const atOnce = [...values, account.passwordDigest, scope.vault.digest(refreshToken), tokenEnd]
    const opened = await scope.sql.query(this.#openAtOnce, atOnce)
    // The digest is another: either it was made anew of the same password, or the password was changed.
    if (opened.length === 0) {
      await scope.sql.transaction(async (client) => {
        await this.#insert(client, account, order)
        await this.#addToken(client, session, refreshToken, nowMs)
      })
    }
    return this.#render(session, account, refreshToken, nowMs)
  }

  /** Opens a session whose tokens another part keeps: that of an OAuth grant. @throws as `open` */
  async register(signedIn: SignedIn, place: SessionPlace): Promise<string> {
    const { sql, clock } = this.#parts.scope
    const order = this.#describe(signedIn, place, clock.now())
    await sql.transaction((client) => this.#insert(client, signedIn.account, order))
    return order.session.session_id
  }

  /**
   * Takes a refresh token and gives the next.
   *
   * @param idempotencyKey of the request: the same token with the same key gets the same answer, for a minute and while the answer is unused
   * @throws `AUTH_REFRESH_INVALID`; where the token was used before, its session has ended then
   */
  async refresh(
    token: string,
    { idempotencyKey, requestId }: { readonly idempotencyKey: string | undefined; readonly requestId: string },
  ): Promise<SessionTokens> {
    const { scope, accounts } = this.#parts
    const { vault, clock, sql } = scope
    const nowMs = clock.now()
    // Without a key of the client's no repetition can prove that it is one.
    const request = vault.digest(idempotencyKey ?? vault.makeSecret())
    const successor = vault.keyedDigest(`refresh ${request} ${token}`)
    const used = await sql.transaction(async (client) => {
      const [row] = await client.query<SessionRow>(USE_TOKEN, [vault.digest(token), isoTime(nowMs), request])
      if (row !== undefined) await this.#addToken(client, row, successor, nowMs)
      return row
    })
    const session = used ?? (await this.#findRepeated(token, request, successor, nowMs, requestId))
    const account = await accounts.findById(session.account_id)
    if (account === undefined || account.isSuspended) throw new PlinthError('AUTH_REFRESH_INVALID')
    return this.#render(session, account, successor, nowMs)
  }

  /**
   * A new access token for a session whose owner has just proved a factor again. What was proved before still counts.
   * @param proved what was proved now; null for the time of what was not
   */
  async stepUp(sessionId: string, proved: StepUp): Promise<{ readonly accessToken: string; readonly expiresInS: number }> {
    const { scope } = this.#parts
    const [row] = await scope.sql.query<SessionRow>(
      `UPDATE plinth_sessions s SET amr = ARRAY(SELECT DISTINCT unnest(s.amr || $2::text[]) ORDER BY 1),
authenticated_at = greatest(s.authenticated_at, $3::timestamptz), second_factor_at = greatest(s.second_factor_at, $4::timestamptz)
WHERE s.session_id = $1::uuid AND s.ended_at IS NULL AND s.account_id = $5::uuid RETURNING ${SESSION_COLUMNS}`,
      [
        sessionId,
        [...proved.amr],
        proved.authenticatedAtMs === null ? null : isoTime(proved.authenticatedAtMs),
        proved.secondFactorAtMs === null ? null : isoTime(proved.secondFactorAtMs),
        proved.account.id,
      ],
    )
    if (row === undefined) throw new PlinthError('AUTH_REFRESH_INVALID', 'The session has ended')
    const { token, expiresInS } = this.#mint(row, proved.account)
    return { accessToken: token, expiresInS }
  }

  /** The living sessions of an account, the one used last first; at most 100. */
  async list(accountId: Uuid): Promise<readonly SessionView[]> {
    const { sql, clock } = this.#parts.scope
    const rows = await sql.query<SessionListRow>(LIST, [accountId, isoTime(clock.now())])
    return rows.map((row) => ({
      id: row.session_id,
      clientId: row.client_id,
      device: row.device,
      userAgent: row.user_agent,
      address: row.address,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      expiresAt: row.expires_at,
    }))
  }

  /**
   * Ends one session of an account, or all, or all but one. Their access tokens are refused from now on: here at once, elsewhere within a second.
   * @returns the sessions that ended
   */
  async end(
    accountId: Uuid,
    reason: SessionEnd,
    by: { readonly actor: string | null; readonly requestId: string },
    which: { readonly only?: string; readonly except?: string | null } = {},
  ): Promise<readonly string[]> {
    const { sql, clock } = this.#parts.scope
    const values = [accountId, isoTime(clock.now()), reason, which.only ?? null, which.except ?? null, by.actor, by.requestId]
    const rows = await sql.query<{ session_id: string }>(END, values)
    const ended = rows.map((row) => row.session_id)
    if (ended.length > 0) this.#parts.onEnded(ended)
    return ended
  }

  /** Ends the session that a refresh token belongs to: what signing out means. Does nothing for an unknown token. */
  async endByToken(token: string, requestId: string): Promise<void> {
    const { sql, vault } = this.#parts.scope
    const [row] = await sql.query<{ session_id: string; account_id: Uuid }>(
      `SELECT s.session_id, s.account_id FROM plinth_refresh_tokens t JOIN plinth_sessions s ON s.session_id = t.session_id WHERE t.token_digest = $1::text`,
      [vault.digest(token)],
    )
    if (row !== undefined) await this.end(row.account_id, 'signed_out', { actor: null, requestId }, { only: row.session_id })
  }

  /** Judges a token that could not be used: a repetition of the request that used it, or a second use. */
  async #findRepeated(token: string, request: string, successor: string, nowMs: number, requestId: string): Promise<SessionRow> {
    const { sql, vault, report } = this.#parts.scope
    const values = [vault.digest(token), isoTime(nowMs), vault.digest(successor)]
    const [row] = await sql.query<UsedRow>(FIND_USED, values)
    if (row === undefined || row.is_ended) throw new PlinthError('AUTH_REFRESH_INVALID')
    if (row.used_by === request && row.is_recent && row.is_successor_unused) return row
    report({
      event: 'auth.refresh_reused',
      subject: this.#parts.accounts.subjectOf(row.account_id),
      requestId,
      fields: { session_id: row.session_id },
    })
    await this.end(row.account_id, 'refresh_reused', { actor: null, requestId }, { only: row.session_id })
    throw new PlinthError('AUTH_REFRESH_INVALID')
  }

  #describe({ account, amr, authenticatedAtMs, secondFactorAtMs }: SignedIn, place: SessionPlace, nowMs: number): SessionOrder {
    const expiresAt = new Date(nowMs + SESSION_LIFETIME_S * 1_000)
    const session: SessionRow = {
      session_id: this.#parts.scope.newId(),
      account_id: account.id,
      client_id: place.clientId ?? null,
      device: place.device,
      amr,
      authenticated_at: new Date(authenticatedAtMs),
      second_factor_at: secondFactorAtMs === null ? null : new Date(secondFactorAtMs),
      expires_at: expiresAt,
    }
    const values = [
      session.session_id,
      session.account_id,
      session.client_id,
      session.device,
      place.userAgent?.slice(0, USER_AGENT_LENGTH_MAX) ?? null,
      place.address,
      [...amr],
      isoTime(nowMs),
      expiresAt.toISOString(),
      session.authenticated_at.toISOString(),
      session.second_factor_at?.toISOString() ?? null,
    ]
    return { session, values }
  }

  async #insert(client: SqlClient, account: Account, { values }: SessionOrder): Promise<void> {
    if (!(await this.#parts.accounts.holdPassword(client, account))) throw new PlinthError('AUTH_CREDENTIALS_INVALID')
    await client.query(OPEN, values)
  }

  async #addToken(client: SqlClient, session: SessionRow, token: string, nowMs: number): Promise<void> {
    const expiresAt = isoTime(refreshEndMs(session, nowMs))
    await client.query(ADD_TOKEN, [this.#parts.scope.vault.digest(token), session.session_id, isoTime(nowMs), expiresAt])
  }

  #render(session: SessionRow, account: Account, refreshToken: string, nowMs: number): SessionTokens {
    const { token, expiresInS } = this.#mint(session, account)
    return {
      sessionId: session.session_id,
      accessToken: token,
      accessTokenExpiresInS: expiresInS,
      refreshToken,
      refreshTokenExpiresInS: Math.floor((refreshEndMs(session, nowMs) - nowMs) / 1_000),
    }
  }

  #mint(session: SessionRow, account: Account) {
    return this.#parts.tokens.mint({
      subject: account.subject,
      roles: [account.role],
      permissions: this.#parts.scope.roles[account.role] ?? [],
      session: {
        id: session.session_id,
        clientId: session.client_id,
        device: session.device,
        amr: session.amr,
        authenticatedAtMs: session.authenticated_at.getTime(),
        secondFactorAtMs: session.second_factor_at?.getTime() ?? null,
      },
    })
  }
}

interface SessionListRow {
  readonly session_id: string
  readonly client_id: string | null
  readonly device: Device
  readonly user_agent: string | null
  readonly address: string | null
  readonly created_at: Date
  readonly last_used_at: Date
  readonly expires_at: Date
}

function refreshEndMs(session: SessionRow, nowMs: number): number {
  return Math.min(nowMs + REFRESH_LIFETIME_S * 1_000, session.expires_at.getTime())
}
