/** The second factors of accounts: which there are, and whether what somebody shows is one of them. Every guess is counted before it is judged. */
import { PlinthError, type Uuid } from '../../kernel/index.ts'
import type { Account } from '../accounts/accounts.ts'
import type { Notice } from '../accounts/letters.ts'
import type { Failures } from '../failures.ts'
import type { IdentityScope } from '../ports.ts'
import type { SecondFactorMethod, SecondFactorProof, SecondFactors } from '../sessions/sign-in.ts'
import type { AuthenticatorApps } from './authenticator-apps.ts'
import type { Passkeys } from './passkeys.ts'
import type { RecoveryCodes } from './recovery-codes.ts'

/** Writes to the owner of an account what happened to it. */
export type NotifyOwner = (account: Account, notice: Notice) => void

export interface FactorsParts {
  readonly scope: Pick<IdentityScope, 'sql' | 'report'>
  readonly failures: Failures
  readonly apps: AuthenticatorApps
  readonly codes: RecoveryCodes
  readonly passkeys: Passkeys
  readonly notify: NotifyOwner
}

/** What an account has set up. */
export interface FactorsView {
  readonly hasTotp: boolean
  readonly passkeys: number
  /** How many recovery codes are left. */
  readonly recoveryCodes: number
}

const VIEW = `SELECT EXISTS (SELECT FROM plinth_accounts WHERE account_id = $1::uuid AND totp_confirmed_at IS NOT NULL) AS "hasTotp",
(SELECT count(*) FROM plinth_passkeys WHERE account_id = $1::uuid)::integer AS passkeys,
(SELECT count(*) FROM plinth_recovery_codes WHERE account_id = $1::uuid AND used_at IS NULL)::integer AS "recoveryCodes"`

export class Factors implements SecondFactors {
  readonly #parts: FactorsParts

  constructor(parts: FactorsParts) {
    this.#parts = parts
  }

  async view(accountId: Uuid): Promise<FactorsView> {
    const [row] = await this.#parts.scope.sql.query<FactorsView>(VIEW, [accountId])
    return row ?? { hasTotp: false, passkeys: 0, recoveryCodes: 0 }
  }

  /** The methods by which the account can finish signing in; none where a password is enough. Recovery codes alone are no second factor. */
  async of(account: Pick<Account, 'id'>): Promise<readonly SecondFactorMethod[]> {
    const { hasTotp, passkeys, recoveryCodes } = await this.view(account.id)
    if (!hasTotp && passkeys === 0) return []
    const methods: readonly (readonly [SecondFactorMethod, boolean])[] = [
      ['totp', hasTotp],
      ['passkey', passkeys > 0],
      ['recovery', recoveryCodes > 0],
    ]
    return methods.flatMap(([method, isThere]) => (isThere ? [method] : []))
  }

  /**
   * Consumes what somebody shows as their second factor.
   *
   * A recovery code gives `otp`, as RFC 8176 has no word of its own: it is a password that serves once. The security log tells them apart.
   *
   * @returns the values for `amr`
   * @throws `AUTH_FACTOR_INVALID`, `RATE_LIMIT_SIGN_IN`, `VALIDATION_FAILED`
   */
  async verify(account: Account, proof: SecondFactorProof, requestId: string): Promise<readonly string[]> {
    const { apps, passkeys } = this.#parts
    switch (proof.method) {
      case 'totp':
        await this.#count(account, () => apps.consume(account, proof.code ?? '', requestId))
        return ['otp']
      case 'recovery':
        await this.#count(account, () => this.#consumeRecoveryCode(account, proof.code ?? '', requestId))
        return ['otp']
      case 'passkey':
        // A signature cannot be guessed, so it is not counted.
        return (await passkeys.verifySecond(account.id, proof.assertion, requestId, proof.step)).amr
    }
  }

  /** Counts a guess, whichever kind of code it is: both guard the same door. */
  async #count(account: Account, consume: () => Promise<boolean>): Promise<void> {
    const { failures } = this.#parts
    await failures.attempt('factor', account.id)
    if (!(await consume())) throw new PlinthError('AUTH_FACTOR_INVALID')
    await failures.clear('factor', account.id)
  }

  async #consumeRecoveryCode(account: Account, code: string, requestId: string): Promise<boolean> {
    const { codes, notify, scope } = this.#parts
    // Without a factor to recover from there is nothing to recover.
    if (!(await this.of(account)).includes('recovery')) return false
    if (!(await codes.consume(account.id, code))) return false
    scope.report({ event: 'auth.recovery_code_used', subject: account.subject, requestId })
    notify(account, 'recovery_code_used')
    return true
  }
}
