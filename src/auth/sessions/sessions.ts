/**
 * Sessions: one for each sign-in, seen by their owner, with its refresh tokens. How they end is `SignOut`'s.
 *
 * Invariant: an account has a hundred at the most. Whoever signs in once more ends the one that was silent for the longest. Of sign-ins at the same moment
 * none sees the others; the next one ends what they are too many.
 */
import { isoTime, PlinthError, type Uuid } from '../../kernel/index.ts'
import type { Device } from '../../model/index.ts'
import type { BoundValue, SqlClient } from '../../sql/index.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'
import type { IdentityScope } from '../ports.ts'
import { RefreshTokens, refreshEndMs, SESSION_COLUMNS, type SessionRow } from './refresh-tokens.ts'
import type { SignedIn } from './sign-in.ts'
import type { SignOut } from './sign-out.ts'

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
  /** Of the request that opens it. */
  readonly requestId: string
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

export interface SessionsParts {
  readonly scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault' | 'newId' | 'roles' | 'report'>
  readonly accounts: Accounts
  readonly tokens: AccessTokens
  readonly signOut: SignOut
}

/** JWT-02: 30 days from sign-in at the most. */
const SESSION_LIFETIME_S = 30 * 86_400
/** More than anybody has browsers and devices; the list of them is no longer than this either. */
const SESSIONS_MAX = 100
const USER_AGENT_LENGTH_MAX = 256

const OPEN = `INSERT INTO plinth_sessions (session_id, account_id, client_id, device, user_agent, address, amr, created_at, last_used_at, expires_at, authenticated_at, second_factor_at)
SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::text[], $8::timestamptz, $8::timestamptz, $9::timestamptz, $10::timestamptz, $11::timestamptz`
/** Sessions that are too many once another is opened: what a statement that opens one returns beside it. */
const EXCESS = `ARRAY(SELECT o.session_id FROM plinth_sessions o WHERE o.account_id = $2::uuid AND o.ended_at IS NULL AND o.expires_at > $8::timestamptz
ORDER BY o.last_used_at DESC, o.session_id OFFSET ${SESSIONS_MAX - 1}) AS excess`
const LIST = `SELECT session_id, client_id, device, user_agent, address, created_at, last_used_at, expires_at FROM plinth_sessions
WHERE account_id = $1::uuid AND ended_at IS NULL AND expires_at > $2::timestamptz ORDER BY last_used_at DESC, session_id LIMIT ${SESSIONS_MAX}`
/** A session to be opened. */
interface SessionOrder {
  readonly session: SessionRow
  /** For `OPEN`. */
  readonly values: readonly BoundValue[]
}

interface OpenedRow {
  readonly excess: readonly string[]
}

export class Sessions {
  readonly #parts: SessionsParts
  readonly #refreshTokens: RefreshTokens
  readonly #openAtOnce: string

  constructor(parts: SessionsParts) {
    this.#parts = parts
    this.#refreshTokens = new RefreshTokens(parts.scope)
    this.#openAtOnce = `WITH held AS (${parts.accounts.renderHold('$2', '$12')}), s AS (${OPEN} FROM held RETURNING session_id, ${EXCESS}),
t AS (INSERT INTO plinth_refresh_tokens (token_digest, session_id, created_at, expires_at)
SELECT $13::text, s.session_id, $8::timestamptz, $14::timestamptz FROM s) SELECT excess FROM s`
  }

  /**
   * Opens a session for somebody who signed in, and gives its first tokens.
   * @throws `AUTH_CREDENTIALS_INVALID` where the password was changed meanwhile: whoever changed it signed everybody out
   */
  async open(signedIn: SignedIn, place: SessionPlace): Promise<SessionTokens> {
    const { scope } = this.#parts
    const nowMs = scope.clock.now()
    const order = this.#describe(signedIn, place, nowMs)
    const { session, values } = order
    const { account } = signedIn
    const refreshToken = this.#refreshTokens.make(session.session_id)
    const tokenEnd = isoTime(refreshEndMs(session, nowMs))
    const atOnce = [...values, account.passwordDigest, scope.vault.digest(refreshToken), tokenEnd]
    const [opened] = await scope.sql.query<OpenedRow>(this.#openAtOnce, atOnce)
    // The digest is another: either it was made anew of the same password, or the password was changed.
    const { excess } =
      opened ??
      (await scope.sql.transaction(async (client) => {
        const inserted = await this.#insert(client, account, order)
        await this.#refreshTokens.keep(client, session, refreshToken, nowMs)
        return inserted
      }))
    await this.#crowdOut(account, excess, place)
    return this.#render(session, account, refreshToken, nowMs)
  }

  /** Opens a session whose tokens another part keeps: that of an OAuth grant. @throws as `open` */
  async register(signedIn: SignedIn, place: SessionPlace): Promise<string> {
    const { sql, clock } = this.#parts.scope
    const { account } = signedIn
    const order = this.#describe(signedIn, place, clock.now())
    const { excess } = await sql.transaction((client) => this.#insert(client, account, order))
    await this.#crowdOut(account, excess, place)
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
    const { scope, accounts, signOut } = this.#parts
    const nowMs = scope.clock.now()
    const refreshed = await this.#refreshTokens.refresh(token, idempotencyKey)
    if (refreshed.kind === 'reused') {
      const { accountId, sessionId } = refreshed
      const subject = accounts.subjectOf(accountId)
      scope.report({ event: 'auth.refresh_reused', subject, requestId, fields: { session_id: sessionId } })
      await signOut.ofSessions(accountId, [sessionId], 'refresh_reused', { actor: null, requestId })
    }
    if (refreshed.kind !== 'refreshed') throw new PlinthError('AUTH_REFRESH_INVALID')
    const account = await accounts.findById(refreshed.session.account_id)
    if (account === undefined || account.isSuspended) throw new PlinthError('AUTH_REFRESH_INVALID')
    return this.#render(refreshed.session, account, refreshed.token, nowMs)
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

  /** Ends the session that a refresh token belongs to: what signing out means. Does nothing for an unknown token. */
  async endByToken(token: string, requestId: string): Promise<void> {
    const sessionId = this.#refreshTokens.sessionOf(token)
    if (sessionId === undefined) return
    const { scope, signOut } = this.#parts
    const [row] = await scope.sql.query<{ account_id: Uuid }>(
      'SELECT account_id FROM plinth_sessions WHERE session_id = $1::uuid',
      [sessionId],
    )
    if (row !== undefined) await signOut.ofSessions(row.account_id, [sessionId], 'signed_out', { actor: null, requestId })
  }

  async #crowdOut({ id, subject }: Account, sessionIds: readonly string[], { requestId }: SessionPlace): Promise<void> {
    if (sessionIds.length === 0) return
    const { scope, signOut } = this.#parts
    const ended = await signOut.ofSessions(id, sessionIds, 'crowded_out', { actor: subject, requestId })
    scope.report({ event: 'auth.sessions_crowded_out', subject, requestId, fields: { count: ended.length } })
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

  async #insert(client: SqlClient, account: Account, { values }: SessionOrder): Promise<OpenedRow> {
    if (!(await this.#parts.accounts.holdPassword(client, account))) throw new PlinthError('AUTH_CREDENTIALS_INVALID')
    const [row] = await client.query<OpenedRow>(`${OPEN} RETURNING ${EXCESS}`, values)
    return row ?? { excess: [] }
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
