/**
 * Passkeys: their challenges, registration, and use as the only factor or the second one.
 *
 * Invariants: a challenge serves once, for the purpose, the account and the step that it was made for, since it is consumed before anything is verified. A
 * counter that does not grow means a copied key; the statement that keeps the new count is the one that compares it.
 *
 * Sign-in with a passkey alone takes no account name, so there is nothing to find out about names: which passkeys an account has is told only after
 * its password was right. @see https://www.w3.org/TR/webauthn-3/#sctn-username-enumeration
 */
import { invalid, isoTime, PlinthError, type Uuid } from '../../kernel/index.ts'
import type { Json } from '../../model/index.ts'
import type { SqlClient } from '../../sql/index.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'
import type { OneTimeSecrets } from '../one-time-secrets.ts'
import type { IdentityScope } from '../ports.ts'
import {
  loadLibrary,
  type PasskeyReference,
  type PasskeyResponse,
  type RelyingParty,
  readPasskeyResponse,
  refusePasskey,
  renderCreation,
  renderRequest,
  verifyAssertion,
  verifyRegistration,
} from './webauthn.ts'

export interface PasskeysParts {
  readonly scope: Pick<IdentityScope, 'sql' | 'clock' | 'newId' | 'report'>
  readonly accounts: Pick<Accounts, 'subjectOf'>
  readonly secrets: OneTimeSecrets
  readonly party: RelyingParty
}

/** A passkey as its owner sees it. */
export interface PasskeyView {
  readonly id: Uuid
  readonly name: string
  readonly isBackedUp: boolean
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
}

/** Whom a passkey named. */
export interface PasskeyProof {
  readonly accountId: Uuid
  /** RFC 8176: `hwk` for a key that stays in its device, `swk` for one that is synchronised; `user`, since somebody touched it. */
  readonly amr: readonly string[]
}

type Purpose = 'passkey-register' | 'passkey-sign-in' | 'passkey-second'

const CHALLENGE_LIFETIME_S = 300
const PASSKEYS_MAX = 20

const REFERENCES =
  'SELECT credential_id, transports FROM plinth_passkeys WHERE account_id = $1::uuid ORDER BY passkey_id LIMIT 20'
const INSERT = `INSERT INTO plinth_passkeys (passkey_id, credential_id, account_id, public_key, sign_count, transports, is_backed_up, name, created_at)
VALUES ($1::uuid, $2::text, $3::uuid, $4::text, $5::bigint, $6::text[], $7::boolean, $8::text, $9::timestamptz)
ON CONFLICT (credential_id) DO NOTHING RETURNING passkey_id`
const FIND = 'SELECT account_id, public_key FROM plinth_passkeys WHERE credential_id = $1::text'
// Authenticators without a counter say zero each time.
const USE = `UPDATE plinth_passkeys SET sign_count = $3::bigint, is_backed_up = $4::boolean, last_used_at = $5::timestamptz
WHERE credential_id = $1::text AND account_id = $2::uuid AND (sign_count < $3::bigint OR (sign_count = 0 AND $3::bigint = 0)) RETURNING passkey_id`
const VIEW = 'passkey_id AS id, name, is_backed_up AS "isBackedUp", created_at AS "createdAt", last_used_at AS "lastUsedAt"'
const LIST = `SELECT ${VIEW} FROM plinth_passkeys WHERE account_id = $1::uuid ORDER BY passkey_id LIMIT ${PASSKEYS_MAX}`
const RENAME = `UPDATE plinth_passkeys SET name = $3::text WHERE account_id = $1::uuid AND passkey_id = $2::uuid RETURNING ${VIEW}`
const REMOVE = 'DELETE FROM plinth_passkeys WHERE account_id = $1::uuid AND passkey_id = $2::uuid RETURNING passkey_id'

export class Passkeys {
  readonly #parts: PasskeysParts

  constructor(parts: PasskeysParts) {
    this.#parts = parts
  }

  /**
   * What `navigator.credentials.create` takes, good for five minutes and for this account.
   * @throws `VALIDATION_FAILED` when the account has 20 passkeys already
   */
  async registrationOptions(account: Account): Promise<Json> {
    const known = await this.#references(account.id)
    if (known.length >= PASSKEYS_MAX) {
      const message = `The account has ${PASSKEYS_MAX} passkeys already, which is the most; remove one first`
      throw invalid([{ field: '', code: 'too_many', message }])
    }
    const challenge = await this.#challenge('passkey-register', account.id)
    const user = {
      id: userHandleOf(account.id),
      name: account.login,
      displayName: account.displayName ?? account.login,
    }
    return renderCreation(this.#parts.party, challenge, user, known, CHALLENGE_LIFETIME_S * 1_000)
  }

  /**
   * Consumes the challenge and verifies a new passkey; `keep` then keeps it.
   * @throws `VALIDATION_FAILED`, `AUTH_FACTOR_INVALID`
   */
  async verifyNew(account: Account, input: unknown, name: string): Promise<(client: SqlClient) => Promise<PasskeyView>> {
    const response = readPasskeyResponse('response', 'registration', input)
    await this.#consume('passkey-register', response, account.id)
    const { credentialId, publicKey, signCount, isBackedUp } = await verifyRegistration(this.#parts.party, response)
    const { newId, clock } = this.#parts.scope
    const view: PasskeyView = { id: newId(), name, isBackedUp, createdAt: new Date(clock.now()), lastUsedAt: null }
    return async (client) => {
      const createdAt = view.createdAt.toISOString()
      const values = [
        view.id,
        credentialId,
        account.id,
        publicKey,
        signCount,
        [...response.transports],
        isBackedUp,
        name,
        createdAt,
      ]
      const rows = await client.query(INSERT, values)
      if (rows.length === 0) throw new PlinthError('CONFLICT_DUPLICATE', 'This passkey is registered already')
      return view
    }
  }

  /**
   * What `navigator.credentials.get` takes to sign in with a passkey alone: the browser asks which.
   * @param step what the answer must come back to, such as one visit of a page; default none
   */
  async signInOptions(step?: string): Promise<Json> {
    const challenge = await this.#challenge('passkey-sign-in', null, step)
    return renderRequest(this.#parts.party, challenge, [], 'required', CHALLENGE_LIFETIME_S * 1_000)
  }

  /**
   * What `navigator.credentials.get` takes to show a second factor of this account, whose first was right.
   * @param step as in `signInOptions`
   */
  async secondFactorOptions(accountId: Uuid, step?: string): Promise<Json> {
    const known = await this.#references(accountId)
    const challenge = await this.#challenge('passkey-second', accountId, step)
    return renderRequest(this.#parts.party, challenge, known, 'preferred', CHALLENGE_LIFETIME_S * 1_000)
  }

  /**
   * Consumes an assertion that stands alone. The authenticator must have verified its user, by PIN or by body.
   * @throws `VALIDATION_FAILED`, `AUTH_FACTOR_INVALID`
   */
  async authenticate(input: unknown, requestId: string, step?: string): Promise<PasskeyProof> {
    const response = readPasskeyResponse('assertion', 'assertion', input)
    try {
      await this.#consume('passkey-sign-in', response, null, step)
      return await this.#verify(response, undefined, requestId)
    } catch (error) {
      // Nobody is named: a passkey that was refused says nothing of whose it is.
      if (error instanceof PlinthError && error.code === 'AUTH_FACTOR_INVALID')
        this.#parts.scope.report({ event: 'auth.sign_in_failed', subject: null, requestId, fields: { method: 'passkey' } })
      throw error
    }
  }

  /**
   * Consumes an assertion for an account that is known already.
   * @throws `VALIDATION_FAILED`, `AUTH_FACTOR_INVALID`
   */
  async verifySecond(accountId: Uuid, input: unknown, requestId: string, step?: string): Promise<PasskeyProof> {
    const response = readPasskeyResponse('assertion', 'assertion', input)
    await this.#consume('passkey-second', response, accountId, step)
    return this.#verify(response, accountId, requestId)
  }

  /** Oldest first; 20 at the most. */
  list(accountId: Uuid): Promise<readonly PasskeyView[]> {
    return this.#parts.scope.sql.query<PasskeyView>(LIST, [accountId])
  }

  /** @returns the passkey as it is now; undefined when the account has none of this id */
  async rename(accountId: Uuid, id: Uuid, name: string): Promise<PasskeyView | undefined> {
    const [row] = await this.#parts.scope.sql.query<PasskeyView>(RENAME, [accountId, id, name])
    return row
  }

  /** @returns false when the account has none of this id */
  async remove(client: SqlClient, accountId: Uuid, id: Uuid): Promise<boolean> {
    const rows = await client.query(REMOVE, [accountId, id])
    return rows.length > 0
  }

  async #references(accountId: Uuid): Promise<readonly PasskeyReference[]> {
    const { sql } = this.#parts.scope
    const rows = await sql.query<{ credential_id: string; transports: readonly string[] }>(REFERENCES, [accountId])
    return rows.map((row) => ({ credentialId: row.credential_id, transports: row.transports }))
  }

  #challenge(purpose: Purpose, accountId: Uuid | null, step?: string): Promise<string> {
    // While somebody looks for their key there is time to load what will verify it; what fails now fails again when it is needed.
    loadLibrary().catch(() => undefined)
    const lifetimeS = CHALLENGE_LIFETIME_S
    const data = step === undefined ? {} : { step }
    return this.#parts.secrets.issue({ purpose, accountId, data, lifetimeS, replaces: purpose === 'passkey-register' })
  }

  async #consume(purpose: Purpose, response: PasskeyResponse, accountId: Uuid | null, step?: string): Promise<void> {
    const held = await this.#parts.secrets.consume(purpose, response.challenge)
    if (held === undefined || held.accountId !== accountId || held.data['step'] !== step)
      throw refuse('the challenge is unknown, was used, or is another one')
  }

  /** @param accountId undefined where the passkey alone says who it is */
  async #verify(response: PasskeyResponse, accountId: Uuid | undefined, requestId: string): Promise<PasskeyProof> {
    const { scope, party, accounts } = this.#parts
    const [row] = await scope.sql.query<{ account_id: Uuid; public_key: string }>(FIND, [response.credentialId])
    if (row === undefined || (accountId !== undefined && row.account_id !== accountId))
      throw refuse('the passkey is not of this account')
    const { userHandle } = response.members
    if (userHandle !== undefined && userHandle !== userHandleOf(row.account_id)) throw refuse('the passkey names another account')
    const { signCount, isBackedUp, isSynced } = await verifyAssertion(party, response, row.public_key, accountId === undefined)
    const now = isoTime(scope.clock.now())
    const used = await scope.sql.query(USE, [response.credentialId, row.account_id, signCount, isBackedUp, now])
    if (used.length === 0) {
      const subject = accounts.subjectOf(row.account_id)
      scope.report({ event: 'auth.passkey_counter_regressed', subject, requestId, fields: { sign_count: signCount } })
      throw refuse('the counter did not grow')
    }
    return { accountId: row.account_id, amr: [isSynced ? 'swk' : 'hwk', 'user'] }
  }
}

/** The account as authenticators know it: the bytes of its key, nothing that says who it is. */
function userHandleOf(accountId: Uuid): string {
  return Buffer.from(accountId.replaceAll('-', ''), 'hex').toString('base64url')
}

function refuse(reason: string): PlinthError {
  return refusePasskey(new Error(`Cannot take the passkey: ${reason}`))
}
