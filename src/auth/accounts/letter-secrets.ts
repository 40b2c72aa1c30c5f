/**
 * The secrets in letters, and how many letters an account is sent. Each secret is bound to the name that the letter went to and to the password that
 * there was: once an account has another of either, what was sent before serves no more.
 *
 * Invariant: nobody takes a letter away from somebody by asking for another in their name. A letter that anybody may ask for leaves those before it in
 * force, and its allowance is not that of whoever manages accounts.
 */
import type { SqlClient } from '../../sql/index.ts'
import type { Failures } from '../failures.ts'
import type { OneTimeSecrets } from '../one-time-secrets.ts'
import type { IdentityScope } from '../ports.ts'
import type { Account, Accounts } from './accounts.ts'

export type LetterPurpose = 'verify-email' | 'reset-password'

/** Of whom a letter is asked for: letters of each kind are counted for each of them alone. */
export type LetterKind = LetterPurpose | 'registered-already' | 'invitation' | 'invitation by a manager'

const LIFETIMES_S: Readonly<Record<LetterPurpose, number>> = { 'verify-email': 24 * 3_600, 'reset-password': 30 * 60 }
/** Whoever is invited on a Friday may read it on a Monday. It sets a password as the other does. */
const INVITATION_LIFETIME_S = 3 * 86_400
/** Guesses at what is asked beside the secret. */
const ATTEMPTS = 10

/** Whom a letter goes to; without the time of the password for an account that was just made. */
export type Addressee = Pick<Account, 'id' | 'login'> & Partial<Pick<Account, 'passwordChangedAt'>>

export interface LetterSecretsParts {
  readonly secrets: OneTimeSecrets
  readonly accounts: Accounts
  readonly failures: Failures
}

export class LetterSecrets {
  readonly #scope: Pick<IdentityScope, 'vault'>
  readonly #parts: LetterSecretsParts

  constructor(scope: Pick<IdentityScope, 'vault'>, parts: LetterSecretsParts) {
    this.#scope = scope
    this.#parts = parts
  }

  /** Takes one of the letters of a kind that an account is sent: five, then four an hour. @returns false when there is none left */
  takeLetter(kind: LetterKind, { id }: Pick<Account, 'id'>): Promise<boolean> {
    return this.#parts.failures.tryAttempt('letter', `${kind} ${id}`)
  }

  /** Makes the secret for a letter to the account's name. */
  issue(purpose: LetterPurpose, account: Addressee): Promise<string> {
    return this.#issue(purpose, account, LIFETIMES_S[purpose])
  }

  /**
   * Makes the secret to choose the password of an account that nobody owns yet.
   * @param replaces whether earlier ones serve no more
   */
  issueInvitation(account: Addressee, replaces: boolean): Promise<string> {
    return this.#issue('reset-password', account, INVITATION_LIFETIME_S, replaces)
  }

  /** Whose secret it is; takes one of its attempts. Undefined when it serves no more. */
  async spend(purpose: LetterPurpose, secret: string): Promise<Account | undefined> {
    const { secrets, accounts } = this.#parts
    const held = await secrets.spend(purpose, secret)
    const account = held?.accountId == null ? undefined : await accounts.findById(held.accountId)
    return account !== undefined && held?.data['account'] === this.#digest(account) ? account : undefined
  }

  /** Takes the secret itself in a transaction, and all others of the account for the purpose. @returns false where somebody else was first */
  async consume(purpose: LetterPurpose, secret: string, client: SqlClient): Promise<boolean> {
    const { secrets } = this.#parts
    const held = await secrets.consume(purpose, secret, client)
    if (held?.accountId == null) return false
    await secrets.forget(purpose, held.accountId, client)
    return true
  }

  #issue(purpose: LetterPurpose, account: Addressee, lifetimeS: number, replaces = false): Promise<string> {
    const data = { account: this.#digest(account) }
    return this.#parts.secrets.issue({ purpose, accountId: account.id, data, lifetimeS, attempts: ATTEMPTS, replaces })
  }

  #digest({ login, passwordChangedAt = null }: Omit<Addressee, 'id'>): string {
    return this.#scope.vault.keyedDigest(`letter ${JSON.stringify([login, passwordChangedAt])}`)
  }
}
