/**
 * The secrets in letters. Each is bound to the name that the letter went to: once an account has another name, what was sent to the old one
 * serves no more.
 */
import type { OneTimeSecrets } from '../one-time-secrets.ts'
import type { IdentityScope } from '../ports.ts'
import type { Account, Accounts } from './accounts.ts'

export type LetterPurpose = 'verify-email' | 'reset-password'

const LIFETIMES_S: Readonly<Record<LetterPurpose, number>> = { 'verify-email': 24 * 3_600, 'reset-password': 30 * 60 }
/** Guesses at what is asked beside the secret. */
const ATTEMPTS = 10

export class LetterSecrets {
  readonly #scope: Pick<IdentityScope, 'vault'>
  readonly #secrets: OneTimeSecrets
  readonly #accounts: Accounts

  constructor(scope: Pick<IdentityScope, 'vault'>, secrets: OneTimeSecrets, accounts: Accounts) {
    this.#scope = scope
    this.#secrets = secrets
    this.#accounts = accounts
  }

  /** Makes the secret for a letter to the account's name; earlier ones for the purpose serve no more. */
  issue(purpose: LetterPurpose, { id, login }: Pick<Account, 'id' | 'login'>): Promise<string> {
    const data = { login: this.#digest(login) }
    return this.#secrets.issue({ purpose, accountId: id, data, lifetimeS: LIFETIMES_S[purpose], attempts: ATTEMPTS })
  }

  /** Whose secret it is; takes one of its attempts. Undefined when it serves no more. */
  async spend(purpose: LetterPurpose, secret: string): Promise<Account | undefined> {
    const held = await this.#secrets.spend(purpose, secret)
    const account = held?.accountId == null ? undefined : await this.#accounts.findById(held.accountId)
    return account !== undefined && held?.data['login'] === this.#digest(account.login) ? account : undefined
  }

  /** Takes the secret itself. @returns false where somebody else was first */
  async consume(purpose: LetterPurpose, secret: string): Promise<boolean> {
    return (await this.#secrets.consume(purpose, secret)) !== undefined
  }

  #digest(login: string): string {
    return this.#scope.vault.keyedDigest(`letter ${login}`)
  }
}
