/**
 * Sets up and removes second factors. Each change needs a fresh sign-in, and a fresh second factor where there is one; each is written to the
 * security log and to the owner of the account.
 */
import { PlinthError, type Uuid } from '../../kernel/index.ts'
import type { Json } from '../../model/index.ts'
import type { SqlClient } from '../../sql/index.ts'
import type { Account } from '../accounts/accounts.ts'
import type { Notice } from '../accounts/letters.ts'
import type { IdentityScope } from '../ports.ts'
import type { AppEnrolment, AuthenticatorApps } from './authenticator-apps.ts'
import type { Factors, NotifyOwner } from './factors.ts'
import { expectFreshProof, type ShownAt } from './fresh-proof.ts'
import type { Passkeys, PasskeyView } from './passkeys.ts'
import type { RecoveryCodes } from './recovery-codes.ts'

export interface FactorChangesParts {
  readonly scope: Pick<IdentityScope, 'sql' | 'clock' | 'report'>
  readonly factors: Factors
  readonly apps: AuthenticatorApps
  readonly codes: RecoveryCodes
  readonly passkeys: Passkeys
  readonly notify: NotifyOwner
}

/** Who asks for a change of their own account. */
export interface FactorOwner {
  readonly account: Account
  readonly shown: ShownAt
  readonly requestId: string
}

export interface AddedPasskey {
  readonly passkey: PasskeyView
  /** For an account that had none left; shown once. */
  readonly recoveryCodes: readonly string[] | undefined
}

export class FactorChanges {
  readonly #parts: FactorChangesParts

  constructor(parts: FactorChangesParts) {
    this.#parts = parts
  }

  /**
   * Begins to set up an authenticator app. What it gives is shown once.
   * @throws `AUTH_STEP_UP_REQUIRED`, `CONFLICT_DUPLICATE`
   */
  async enrolTotp(owner: FactorOwner): Promise<AppEnrolment> {
    await this.#expectFresh(owner)
    return this.#parts.apps.enrol(owner.account)
  }

  /**
   * Makes the app count.
   * @returns ten recovery codes, shown once; older ones serve no more
   * @throws `AUTH_STEP_UP_REQUIRED`, `NOT_FOUND_RECORD`, `AUTH_FACTOR_INVALID`
   */
  async confirmTotp(owner: FactorOwner, code: string): Promise<readonly string[]> {
    const { scope, apps, codes } = this.#parts
    const { account, requestId } = owner
    await this.#expectFresh(owner)
    const made = await scope.sql.transaction(async (client) => {
      await apps.confirm(client, account, code, requestId)
      return codes.replace(client, account.id)
    })
    this.#tell(owner, 'auth.factor_added', 'totp', 'totp_added')
    return made
  }

  /** @throws `AUTH_STEP_UP_REQUIRED`, `NOT_FOUND_RECORD` */
  async removeTotp(owner: FactorOwner): Promise<void> {
    await this.#expectFresh(owner)
    await this.#remove(
      owner,
      (client) => this.#parts.apps.remove(client, owner.account.id),
      'The account has no authenticator app',
    )
    this.#tell(owner, 'auth.factor_removed', 'totp', 'totp_removed')
  }

  /**
   * Replaces the recovery codes.
   * @returns ten codes, shown once
   * @throws `AUTH_STEP_UP_REQUIRED`, `NOT_FOUND_RECORD` for an account without a second factor
   */
  async makeRecoveryCodes(owner: FactorOwner): Promise<readonly string[]> {
    const { scope, codes, factors } = this.#parts
    await this.#expectFresh(owner)
    if ((await factors.of(owner.account)).length === 0) {
      throw new PlinthError('NOT_FOUND_RECORD', 'The account has no second factor to recover from; set one up first')
    }
    const made = await scope.sql.transaction((client) => codes.replace(client, owner.account.id))
    this.#tell(owner, 'auth.recovery_codes_made', 'recovery', 'recovery_codes_made')
    return made
  }

  /** What `navigator.credentials.create` takes. @throws `AUTH_STEP_UP_REQUIRED`, `VALIDATION_FAILED` when there are 20 already */
  async beginPasskey(owner: FactorOwner): Promise<Json> {
    await this.#expectFresh(owner)
    return this.#parts.passkeys.registrationOptions(owner.account)
  }

  /**
   * Adds a passkey.
   * @param response what `navigator.credentials.create` gave, as JSON
   * @throws `AUTH_STEP_UP_REQUIRED`, `VALIDATION_FAILED`, `AUTH_FACTOR_INVALID`, `CONFLICT_DUPLICATE`
   */
  async addPasskey(owner: FactorOwner, response: unknown, name: string): Promise<AddedPasskey> {
    const { scope, passkeys, codes } = this.#parts
    await this.#expectFresh(owner)
    const keep = await passkeys.verifyNew(owner.account, response, name)
    const added = await scope.sql.transaction(async (client) => {
      const passkey = await keep(client)
      return { passkey, recoveryCodes: await codes.ensure(client, owner.account.id) }
    })
    this.#tell(owner, 'auth.factor_added', 'passkey', 'passkey_added')
    return added
  }

  /** @throws `AUTH_STEP_UP_REQUIRED`, `NOT_FOUND_RECORD` */
  async removePasskey(owner: FactorOwner, id: Uuid): Promise<void> {
    await this.#expectFresh(owner)
    await this.#remove(
      owner,
      (client) => this.#parts.passkeys.remove(client, owner.account.id, id),
      'The account has no such passkey',
    )
    this.#tell(owner, 'auth.factor_removed', 'passkey', 'passkey_removed')
  }

  async #expectFresh({ account, shown }: FactorOwner): Promise<void> {
    const { factors, scope } = this.#parts
    expectFreshProof(shown, (await factors.of(account)).length > 0, scope.clock.now())
  }

  /** Removes a factor, and with the last one the recovery codes, since there is nothing left to recover. */
  async #remove(owner: FactorOwner, remove: (client: SqlClient) => Promise<boolean>, missing: string): Promise<void> {
    const { scope, codes } = this.#parts
    await scope.sql.transaction(async (client) => {
      await codes.lock(client, owner.account.id)
      if (!(await remove(client))) throw new PlinthError('NOT_FOUND_RECORD', missing)
      await codes.clearUseless(client, owner.account.id)
    })
  }

  #tell({ account, requestId }: FactorOwner, event: string, method: string, notice: Notice): void {
    this.#parts.scope.report({ event, subject: account.subject, requestId, fields: { method } })
    this.#parts.notify(account, notice)
  }
}
