/** What tests of second factors stand on: an account, its factors, codes of its app, and what its owner was told. */
import { generate } from 'otplib'
import type { Account } from '../../src/auth/accounts/accounts.ts'
import type { Notice } from '../../src/auth/accounts/letters.ts'
import { AuthenticatorApps } from '../../src/auth/factors/authenticator-apps.ts'
import { FactorChanges, type FactorOwner } from '../../src/auth/factors/factor-changes.ts'
import { Factors } from '../../src/auth/factors/factors.ts'
import { Passkeys } from '../../src/auth/factors/passkeys.ts'
import { RecoveryCodes } from '../../src/auth/factors/recovery-codes.ts'
import { relyingParty } from '../../src/auth/factors/webauthn.ts'
import { type FailurePolicy, Failures } from '../../src/auth/failures.ts'
import { OneTimeSecrets } from '../../src/auth/one-time-secrets.ts'
import { type IdentityKit, identityKit } from './identity-kit.ts'
import type { SoftwareAuthenticator } from './software-authenticator.ts'

export interface FactorsKit extends IdentityKit {
  readonly apps: AuthenticatorApps
  readonly codes: RecoveryCodes
  readonly passkeys: Passkeys
  readonly factors: Factors
  readonly changes: FactorChanges
  readonly notices: readonly Notice[]
  /** Makes an account without a second factor. */
  account(login: string): Promise<Account>
  /** Its owner, who has just shown all that there is to show. */
  owner(account: Account): FactorOwner
  /** The code that an app shows, some steps from now. */
  code(secret: string, steps?: number): Promise<string>
  /** Sets up an app. Its first code is used then. */
  addTotp(account: Account): Promise<{ readonly secret: string; readonly recoveryCodes: readonly string[] }>
  addPasskey(account: Account, authenticator: SoftwareAuthenticator): Promise<void>
}

export const ORIGIN = 'http://localhost:3000'

/** @param policy of guesses, where a test needs another */
export async function factorsKit(policy?: FailurePolicy): Promise<FactorsKit> {
  const kit = await identityKit()
  const { scope, accounts } = kit
  const notices: Notice[] = []
  const notify = (_: Account, notice: Notice): void => void notices.push(notice)
  const apps = new AuthenticatorApps({ scope, service: 'Blog: test' })
  const codes = new RecoveryCodes(scope)
  const party = relyingParty(scope.issuer, 'Blog')
  const passkeys = new Passkeys({ scope, accounts, secrets: new OneTimeSecrets(scope), party })
  const failures = new Failures(scope, policy === undefined ? {} : { factor: policy })
  const factors = new Factors({ scope, failures, apps, codes, passkeys, notify })
  const changes = new FactorChanges({ scope, factors, apps, codes, passkeys, notify })

  const owner = (account: Account): FactorOwner => {
    const nowMs = scope.clock.now()
    return { account, shown: { authenticatedAtMs: nowMs, secondFactorAtMs: nowMs }, requestId: 'request-1' }
  }
  const code = (secret: string, steps = 0): Promise<string> =>
    generate({ secret, epoch: Math.floor(scope.clock.now() / 1_000) + steps * 30 })

  return {
    ...kit,
    apps,
    codes,
    passkeys,
    factors,
    changes,
    notices,
    owner,
    code,
    async account(login) {
      const account = await accounts.findById(await kit.addAccount(login))
      if (account === undefined) throw new Error(`Cannot find account "${login}" that was just made`)
      return account
    },
    async addTotp(account) {
      const { secret } = await changes.enrolTotp(owner(account))
      const recoveryCodes = await changes.confirmTotp(owner(account), await code(secret))
      return { secret, recoveryCodes }
    },
    async addPasskey(account, authenticator) {
      const options = await changes.beginPasskey(owner(account))
      await changes.addPasskey(owner(account), authenticator.create(options), 'Test key')
    },
  }
}
