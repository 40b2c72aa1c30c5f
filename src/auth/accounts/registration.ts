/**
 * Makes accounts for those who ask, and confirms their addresses. Whether an address has an account already is told to its owner by letter, and to
 * nobody else: the answer and the work are the same.
 *
 * An address is confirmed by the letter and the password together. So whoever registers the address of somebody else gains nothing: they have no
 * letter, and its owner, who has, does not know the password. Until then the latest registration counts.
 */
import type { Engine, FieldValues } from '../../engine/index.ts'
import { PlinthError, type Uuid } from '../../kernel/index.ts'
import { NOBODY } from '../../model/index.ts'
import type { OneTimeSecrets } from '../one-time-secrets.ts'
import type { IdentityScope } from '../ports.ts'
import type { PasswordHasher } from '../sessions/sign-in.ts'
import type { Account, Accounts } from './accounts.ts'
import { alreadyRegisteredLetter, type LetterScope, type SendLetter, VERIFY_LIFETIME_S, verificationLetter } from './letters.ts'

export interface RegistrationParts {
  readonly scope: Pick<IdentityScope, 'accounts' | 'clock'>
  readonly engine: Engine
  readonly accounts: Accounts
  readonly secrets: OneTimeSecrets
  readonly passwords: PasswordHasher
  readonly letters: LetterScope
  readonly send: SendLetter
}

const VERIFY = 'verify-email'
/** Guesses at the password beside one letter. */
const VERIFY_ATTEMPTS = 10

export class Registration {
  readonly #parts: RegistrationParts

  constructor(parts: RegistrationParts) {
    this.#parts = parts
  }

  /**
   * Registers an account, and sends a letter either way.
   *
   * @param values of all fields that were given, the password among them
   * @throws `VALIDATION_FAILED` for a password that must not be used; `AUTH_REQUIRED` where the domain lets nobody register
   */
  async register(values: FieldValues, request: { readonly address: string; readonly requestId: string }): Promise<void> {
    const { scope, engine, accounts, send, letters } = this.#parts
    const login = String(values.get(scope.accounts.login))
    const context = { actor: NOBODY, nowMs: scope.clock.now(), ...request }
    try {
      const { id } = await engine.resource(scope.accounts.resource.name).create(context, { values, verb: 'register' })
      await this.#sendVerification(id, login)
    } catch (error) {
      if (!isTaken(error)) throw error
      const known = await accounts.findByLogin(login)
      if (known === undefined) return
      if (known.isVerified) send(alreadyRegisteredLetter(letters, known.login))
      else await this.#replace(known, String(values.get(scope.accounts.password)), request.requestId)
    }
  }

  /** Sends another letter to an account that is not confirmed; does nothing for others. */
  async requestVerification(login: string): Promise<void> {
    const account = await this.#parts.accounts.findByLogin(login)
    if (account !== undefined && !account.isVerified) await this.#sendVerification(account.id, account.login)
  }

  /**
   * Confirms an address.
   *
   * @param secret from the letter
   * @throws `AUTH_LINK_INVALID`, `AUTH_CREDENTIALS_INVALID` for another password than the one that was registered
   */
  async verify(secret: string, password: string, signal?: AbortSignal): Promise<Account> {
    const { accounts, secrets, passwords } = this.#parts
    const held = await secrets.spend(VERIFY, secret)
    const account = held?.accountId == null ? undefined : await accounts.findById(held.accountId)
    const { isMatch } = await passwords.verify(password, account?.passwordDigest ?? undefined, signal)
    if (account === undefined) throw new PlinthError('AUTH_LINK_INVALID')
    if (!isMatch) throw new PlinthError('AUTH_CREDENTIALS_INVALID', 'This is not the password that was registered')
    if ((await secrets.consume(VERIFY, secret)) === undefined) throw new PlinthError('AUTH_LINK_INVALID')
    await accounts.markVerified(account.id)
    return { ...account, isVerified: true }
  }

  async #sendVerification(id: Uuid, login: string): Promise<void> {
    const { secrets, send, letters } = this.#parts
    const secret = await secrets.issue({
      purpose: VERIFY,
      accountId: id,
      lifetimeS: VERIFY_LIFETIME_S,
      attempts: VERIFY_ATTEMPTS,
    })
    send(verificationLetter(letters, login, secret))
  }

  /** The latest registration of an address that nobody has confirmed counts. */
  async #replace(account: Account, password: string, requestId: string): Promise<void> {
    const { accounts, passwords } = this.#parts
    await accounts.setPassword(account.id, await passwords.hash(password), { actor: null, requestId })
    await this.#sendVerification(account.id, account.login)
  }
}

/** Only the login is unique in the sense of this question; any other duplicate is told as it is. */
function isTaken(error: unknown): boolean {
  return error instanceof PlinthError && error.code === 'CONFLICT_DUPLICATE'
}
