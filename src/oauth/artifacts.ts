/**
 * Keeps what the authorization server remembers between requests: codes, grants, browser sessions, refresh tokens, device codes.
 *
 * Invariants: a row is found by a digest of its name, and its content is sealed to that name, so a copy of the table opens nothing. What may
 * serve once is consumed by one `UPDATE … WHERE consumed_at IS NULL`; whoever comes second ends the grant, whether they come later or at
 * the same moment. What is consumed is not written again, and what has ended (`end`) stays as an empty row until its time is over, so that nobody who
 * read it before can bring it to life. @see https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
 */
import type { Vault } from '../auth/index.ts'
import { decodeTypeId, type Uuid } from '../kernel/index.ts'
import type { SqlClient, SqlDatabase } from '../sql/index.ts'

/** What the library keeps under a name. Only what this file looks at is named. */
export interface ArtifactPayload {
  readonly grantId?: string | undefined
  readonly accountId?: string | undefined
  readonly userCode?: string | undefined
  readonly uid?: string | undefined
  readonly consumed?: unknown
  /** What a step of a person came to. */
  readonly result?: { readonly login?: { readonly accountId?: string | undefined } | undefined } | undefined
  readonly [key: string]: unknown
}

export interface ArtifactsParts {
  readonly sql: SqlDatabase
  readonly clock: { now(): number }
  readonly vault: Pick<Vault, 'digest' | 'keyedDigest' | 'seal' | 'open'>
  /** The prefix of account ids: `usr`. */
  readonly accountPrefix: string
  /** Told of a grant that ended, with its account. */
  readonly onGrantEnded: (accountId: Uuid, sessionId: string, reason: 'signed_out' | 'refresh_reused') => Promise<unknown>
}

const UPSERT = `INSERT INTO plinth_oauth_artifacts AS a (kind, name_digest, payload, grant_id, user_code_digest, uid_digest, account_id, expires_at)
VALUES ($1::text, $2::text, $3::jsonb, $4::text, $5::text, $6::text, $7::uuid, $8::timestamptz)
ON CONFLICT (kind, name_digest) DO UPDATE SET payload = $3::jsonb, grant_id = $4::text, user_code_digest = $5::text, uid_digest = $6::text, account_id = $7::uuid, expires_at = $8::timestamptz
WHERE a.consumed_at IS NULL`
const COLUMNS = 'name_digest, payload, consumed_at, account_id'
const FIND = `SELECT ${COLUMNS} FROM plinth_oauth_artifacts WHERE kind = $1::text AND name_digest = $2::text`
const FIND_BY_UID = `SELECT ${COLUMNS} FROM plinth_oauth_artifacts WHERE kind = $1::text AND uid_digest = $2::text`
const FIND_BY_USER_CODE = `SELECT ${COLUMNS} FROM plinth_oauth_artifacts WHERE kind = $1::text AND user_code_digest = $2::text`
const CONSUME = `UPDATE plinth_oauth_artifacts SET consumed_at = $3::timestamptz
WHERE kind = $1::text AND name_digest = $2::text AND consumed_at IS NULL RETURNING grant_id`
const GRANT_OF = 'SELECT grant_id FROM plinth_oauth_artifacts WHERE kind = $1::text AND name_digest = $2::text'
const DESTROY = 'DELETE FROM plinth_oauth_artifacts WHERE kind = $1::text AND name_digest = $2::text'
const END = `UPDATE plinth_oauth_artifacts SET consumed_at = $3::timestamptz, payload = 'null'::jsonb, uid_digest = NULL
WHERE kind = $1::text AND name_digest = $2::text AND consumed_at IS NULL`
const REVOKE = 'DELETE FROM plinth_oauth_artifacts WHERE kind = $1::text AND grant_id = $2::text'
const END_GRANT = 'DELETE FROM plinth_oauth_artifacts WHERE grant_id = $1::text RETURNING account_id'
/** With the steps in which somebody has signed in and not gone on yet. */
const END_BROWSERS = `WITH i AS (DELETE FROM plinth_oauth_artifacts WHERE kind = 'Interaction' AND account_id = $1::uuid)
UPDATE plinth_oauth_artifacts SET consumed_at = $2::timestamptz, payload = 'null'::jsonb, uid_digest = NULL
WHERE kind = 'Session' AND account_id = $1::uuid AND consumed_at IS NULL`
/** A row of its own stands for "polled just now": whoever can write it waited long enough. */
const POLL = `INSERT INTO plinth_oauth_artifacts AS a (kind, name_digest, payload, expires_at)
VALUES ('DevicePoll', $1::text, 'null'::jsonb, $3::timestamptz)
ON CONFLICT (kind, name_digest) DO UPDATE SET expires_at = $3::timestamptz WHERE a.expires_at <= $2::timestamptz RETURNING kind`

interface Row {
  readonly name_digest: string
  /** Sealed; null for what has ended. */
  readonly payload: string | null
  readonly consumed_at: Date | null
  readonly account_id: Uuid | null
}

export class Artifacts {
  readonly #parts: ArtifactsParts

  constructor(parts: ArtifactsParts) {
    this.#parts = parts
  }

  async upsert(kind: string, name: string, payload: ArtifactPayload, lifetimeS: number | undefined): Promise<void> {
    const { sql, vault, accountPrefix } = this.#parts
    const digest = vault.digest(name)
    const accountId = payload.accountId ?? payload.result?.login?.accountId
    const sealed = vault.seal(purpose(kind, digest), JSON.stringify(payload))
    await sql.query(UPSERT, [
      kind,
      digest,
      JSON.stringify(sealed),
      grantOf(kind, name, payload),
      payload.userCode === undefined ? null : this.#userCodeDigest(payload.userCode),
      payload.uid === undefined ? null : vault.digest(payload.uid),
      accountId === undefined ? null : (decodeTypeId(accountPrefix, accountId) ?? null),
      lifetimeS === undefined ? null : this.#time(lifetimeS),
    ])
  }

  find(kind: string, name: string): Promise<ArtifactPayload | undefined> {
    return this.#find(FIND, kind, this.#parts.vault.digest(name))
  }

  findByUid(kind: string, uid: string): Promise<ArtifactPayload | undefined> {
    return this.#find(FIND_BY_UID, kind, this.#parts.vault.digest(uid))
  }

  findByUserCode(kind: string, userCode: string): Promise<ArtifactPayload | undefined> {
    return this.#find(FIND_BY_USER_CODE, kind, this.#userCodeDigest(userCode))
  }

  /** @returns false when somebody else consumed it first; then its grant has ended */
  async consume(kind: string, name: string): Promise<boolean> {
    const { sql, vault } = this.#parts
    const digest = vault.digest(name)
    const consumed = await sql.query(CONSUME, [kind, digest, this.#time(0)])
    if (consumed.length > 0) return true
    const [row] = await sql.query<{ grant_id: string | null }>(GRANT_OF, [kind, digest])
    if (row?.grant_id != null) await this.endGrant(row.grant_id, 'refresh_reused')
    return false
  }

  async destroy(kind: string, name: string): Promise<void> {
    await this.#parts.sql.query(DESTROY, [kind, this.#parts.vault.digest(name)])
  }

  /** Destroys it so that it cannot be written again either. */
  async end(kind: string, name: string): Promise<void> {
    await this.#parts.sql.query(END, [kind, this.#parts.vault.digest(name), this.#time(0)])
  }

  async revokeByGrantId(kind: string, grantId: string): Promise<void> {
    await this.#parts.sql.query(REVOKE, [kind, grantId])
  }

  /** Ends a grant with all that came of it. Its name is that of the session that it stands for. */
  async endGrant(grantId: string, reason: 'signed_out' | 'refresh_reused'): Promise<void> {
    const rows = await this.#parts.sql.query<{ account_id: Uuid | null }>(END_GRANT, [grantId])
    const accountId = rows.find((row) => row.account_id !== null)?.account_id
    if (accountId != null) await this.#parts.onGrantEnded(accountId, grantId, reason)
  }

  /** Signs an account out of the authorization server in all browsers. */
  async endBrowsers(accountId: Uuid, client: SqlClient = this.#parts.sql): Promise<void> {
    await client.query(END_BROWSERS, [accountId, this.#time(0)])
  }

  /** Whether a device may ask again now; the answer counts as a poll. */
  async poll(deviceCode: string, intervalS: number): Promise<boolean> {
    const digest = this.#parts.vault.digest(deviceCode)
    const written = await this.#parts.sql.query(POLL, [digest, this.#time(0), this.#time(intervalS)])
    return written.length > 0
  }

  async #find(text: string, kind: string, digest: string): Promise<ArtifactPayload | undefined> {
    const [row] = await this.#parts.sql.query<Row>(text, [kind, digest])
    if (row === undefined || row.payload === null) return undefined
    const payload = JSON.parse(this.#parts.vault.open(purpose(kind, row.name_digest), row.payload)) as ArtifactPayload
    return row.consumed_at === null ? payload : { ...payload, consumed: Math.floor(row.consumed_at.getTime() / 1_000) }
  }

  /** A user code is short enough to be guessed from a plain digest. */
  #userCodeDigest(userCode: string): string {
    return this.#parts.vault.keyedDigest(`oauth user code ${userCode}`)
  }

  #time(fromNowS: number): string {
    return new Date(this.#parts.clock.now() + fromNowS * 1_000).toISOString()
  }
}

/** What ends with a grant. A step of a person mentions the grant that there was, and goes on when it ends. */
function grantOf(kind: string, name: string, payload: ArtifactPayload): string | null {
  if (kind === 'Grant') return name
  return kind === 'Interaction' ? null : (payload.grantId ?? null)
}

function purpose(kind: string, nameDigest: string): string {
  return `oauth ${kind} ${nameDigest}`
}
