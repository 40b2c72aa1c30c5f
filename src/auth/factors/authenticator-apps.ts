/**
 * Authenticator apps: sets one up and consumes its codes (TOTP, RFC 6238: SHA-1, six digits, 30 seconds, which is what all apps know).
 *
 * Invariant: a code serves once. The step of the last code is moved on by one statement, and never back; so of any number of requests with one code
 * at once one succeeds, and a code from before the last one is refused too.
 */
import { generateSecret, generateURI, verify } from 'otplib'
import { isoTime, PlinthError, type Uuid } from '../../kernel/index.ts'
import type { SqlClient } from '../../sql/index.ts'
import type { Account } from '../accounts/accounts.ts'
import type { IdentityScope } from '../ports.ts'

/** What the app needs; shown once, as text and as a picture of the URI. */
export interface AppEnrolment {
  /** 160 bits in base32. */
  readonly secret: string
  /** `otpauth://totp/…`. @see https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
  readonly uri: string
}

export interface AuthenticatorAppsParts {
  readonly scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault' | 'report'>
  /** How the service is called in the app. */
  readonly service: string
}

const STEP_S = 30
const CODE_FORM = /^[0-9]{6}$/

const ENROL = `INSERT INTO plinth_accounts AS a (account_id, totp_secret) VALUES ($1::uuid, $2::text)
ON CONFLICT (account_id) DO UPDATE SET totp_secret = excluded.totp_secret, totp_last_step = 0 WHERE a.totp_confirmed_at IS NULL
RETURNING account_id`
const FIND = `SELECT totp_secret AS sealed FROM plinth_accounts
WHERE account_id = $1::uuid AND totp_secret IS NOT NULL AND (totp_confirmed_at IS NOT NULL) = $2::boolean`
const CONFIRM = `UPDATE plinth_accounts SET totp_confirmed_at = $4::timestamptz, totp_last_step = $3::bigint
WHERE account_id = $1::uuid AND totp_secret = $2::text AND totp_confirmed_at IS NULL RETURNING account_id`
// The secret is compared too: a code of an app that was replaced meanwhile is worth nothing.
const CONSUME = `UPDATE plinth_accounts SET totp_last_step = $3::bigint
WHERE account_id = $1::uuid AND totp_secret = $2::text AND totp_confirmed_at IS NOT NULL AND totp_last_step < $3::bigint RETURNING account_id`
const REMOVE = `UPDATE plinth_accounts SET totp_secret = NULL, totp_confirmed_at = NULL
WHERE account_id = $1::uuid AND totp_confirmed_at IS NOT NULL RETURNING account_id`

export class AuthenticatorApps {
  readonly #parts: AuthenticatorAppsParts

  constructor(parts: AuthenticatorAppsParts) {
    this.#parts = parts
  }

  /**
   * Makes a secret, which counts once a code of it is confirmed. One that was not confirmed is replaced.
   * @throws `CONFLICT_DUPLICATE` when the account has an app already
   */
  async enrol(account: Account): Promise<AppEnrolment> {
    const { scope, service } = this.#parts
    const secret = generateSecret()
    const rows = await scope.sql.query(ENROL, [account.id, scope.vault.seal(purposeOf(account.id), secret)])
    if (rows.length === 0)
      throw new PlinthError('CONFLICT_DUPLICATE', 'The account has an authenticator app already; remove it first')
    // A colon parts issuer and name in the URI, so neither may hold one.
    const uri = generateURI({ issuer: service.replaceAll(':', ' '), label: account.login.replaceAll(':', ' '), secret })
    return { secret, uri }
  }

  /**
   * Makes the app count, with a first code of it; that code is used then.
   *
   * @param client the transaction in which the recovery codes are made too
   * @throws `NOT_FOUND_RECORD` when nothing waits to be confirmed, `AUTH_FACTOR_INVALID`
   */
  async confirm(client: SqlClient, account: Account, code: string, requestId: string): Promise<void> {
    const sealed = await this.#find(client, account.id, false)
    if (sealed === undefined)
      throw new PlinthError('NOT_FOUND_RECORD', 'There is no authenticator app to confirm; set one up first')
    const step = await this.#findStep(account, sealed, code, requestId)
    const now = isoTime(this.#parts.scope.clock.now())
    const rows = step === undefined ? [] : await client.query(CONFIRM, [account.id, sealed, step, now])
    if (rows.length === 0)
      throw new PlinthError('AUTH_FACTOR_INVALID', 'This is not the code that the authenticator app shows now')
  }

  /** Consumes a code of the step that is now, the one before or the one after. @returns false for any other, and for one that served */
  async consume(account: Account, code: string, requestId: string): Promise<boolean> {
    const { sql } = this.#parts.scope
    const sealed = await this.#find(sql, account.id, true)
    const step = sealed === undefined ? undefined : await this.#findStep(account, sealed, code, requestId)
    if (sealed === undefined || step === undefined) return false
    const rows = await sql.query(CONSUME, [account.id, sealed, step])
    return rows.length > 0
  }

  /** @returns false when there was none */
  async remove(client: SqlClient, accountId: Uuid): Promise<boolean> {
    const rows = await client.query(REMOVE, [accountId])
    return rows.length > 0
  }

  async #find(client: SqlClient, accountId: Uuid, isConfirmed: boolean): Promise<string | undefined> {
    const [row] = await client.query<{ sealed: string }>(FIND, [accountId, isConfirmed])
    return row?.sealed
  }

  /** The step whose code it is. */
  async #findStep(account: Account, sealed: string, code: string, requestId: string): Promise<number | undefined> {
    if (!CODE_FORM.test(code)) return undefined
    const secret = this.#open(account, sealed, requestId)
    if (secret === undefined) return undefined
    const epoch = Math.floor(this.#parts.scope.clock.now() / 1_000)
    const result = await verify({ secret, token: code, epoch, period: STEP_S, epochTolerance: STEP_S })
    return result.valid && 'timeStep' in result ? result.timeStep : undefined
  }

  /** A secret that cannot be opened proves nothing: it was moved here from another account, or the installation's secret is another. */
  #open(account: Account, sealed: string, requestId: string): string | undefined {
    const { vault, report } = this.#parts.scope
    try {
      return vault.open(purposeOf(account.id), sealed)
    } catch {
      report({ event: 'auth.factor_unreadable', subject: account.subject, requestId, fields: { method: 'totp' } })
      return undefined
    }
  }
}

/** Binds the sealed secret to its account. */
function purposeOf(accountId: Uuid): string {
  return `totp:${accountId}`
}
