/**
 * Makes accounts for those who ask, and confirms their addresses. Whether an address has an account already is told to its owner by letter, and to
 * nobody else: the answer and the work are the same.
 *
 * A new address is confirmed by the letter and the password together. So whoever registers the address of somebody else gains nothing: they have no
 * letter, and its owner, who has, does not know the password. What is there already a registration never changes: whoever comes after gets a letter to choose
 * the password with.
 */
import type { Engine, FieldValues } from '../../engine/index.ts'
import { PlinthError } from '../../kernel/index.ts'
import { NOBODY } from '../../model/index.ts'
import { DENIED } from '../../policy/index.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import type { IdentityScope, RunLater } from '../ports.ts'
import type { Account, Accounts } from './accounts.ts'
import type { ClaimLetters } from './claim-letters.ts'
import type { Claims } from './claims.ts'
import type { LetterSecrets } from './letter-secrets.ts'
import { alreadyRegisteredLetter, type LetterScope, type SendLetter } from './letters.ts'
import type { CheckPassword } from './password-changes.ts'
import { PasswordDigest } from './password-digest.ts'

export interface RegistrationParts {
  readonly scope: Pick<IdentityScope, 'accounts' | 'clock' | 'report'>
  readonly engine: Engine
  readonly accounts: Accounts
  readonly claims: Claims
  readonly claimLetters: ClaimLetters
  readonly secrets: LetterSecrets
  readonly passwords: PasswordHasher
  readonly check: CheckPassword
  readonly later: RunLater
  readonly letters: LetterScope
  readonly send: SendLetter
}

export interface VerificationRequest {
  readonly requestId: string
  readonly signal?: AbortSignal
}

export class Registration {
  readonly #parts: RegistrationParts

  constructor(parts: RegistrationParts) {
    this.#parts = parts
  }

  /**
   * Registers an account, and sends a letter either way. What is done for a new address and for a known one differs, so it is done later.
   *
   * @param values of all fields that were given, the password among them
   * @throws `VALIDATION_FAILED` for a password that must not be used; `AUTH_REQUIRED` where the domain lets nobody register
   */
  async register(values: FieldValues, request: { readonly address: string; readonly requestId: string }): Promise<void> {
    const { scope, engine, accounts, claimLetters, check, passwords, later } = this.#parts
    const { login, password, displayName, resource } = scope.accounts
    const context = { actor: NOBODY, nowMs: scope.clock.now(), ...request }
    const operations = engine.resource(resource.name)
    if (operations.compiled.access('register').decide(context) === DENIED) throw new PlinthError('AUTH_REQUIRED')
    const personal = [login, displayName].flatMap((field) => (field === undefined ? [] : [String(values.get(field) ?? '')]))
    const plain = String(values.get(password))
    await check(plain, personal)
    const digest = await passwords.hash(plain)
    later(async () => {
      const name = String(values.get(login))
      const known = await accounts.findByLogin(name)
      if (known !== undefined) return this.#registerAgain(known, request.requestId)
      const complete = new Map(values).set(password, new PasswordDigest(digest))
      try {
        const { id } = await operations.create(context, { values: complete, verb: 'register' })
        await claimLetters.askFirst({ id, login: name })
      } catch (error) {
        if (!(error instanceof PlinthError && error.code === 'CONFLICT_DUPLICATE')) throw error
        // Somebody else registered it in the same moment, or it is the name of an account that was deleted, which gets no letter.
        const other = await accounts.findByLogin(name)
        if (other !== undefined) await this.#registerAgain(other, request.requestId)
      }
    })
  }

  /** Sends another letter to an account that is not confirmed: the one that its owner can use. Does nothing for others. */
  requestVerification(login: string): void {
    const { accounts, claims, claimLetters, later } = this.#parts
    later(async () => {
      const account = await accounts.findByLogin(login)
      if (account === undefined || account.isVerified || account.isSuspended) return
      await (claims.isInvited(account) ? claimLetters.invite(account) : claimLetters.askToConfirm(account))
    })
  }

  /**
   * Confirms an address.
   *
   * @param secret from the letter
   * @throws `AUTH_LINK_INVALID`, `AUTH_CREDENTIALS_INVALID` for another password than the one that was registered
   */
  async verify(secret: string, password: string, request: VerificationRequest): Promise<Account> {
    const { claims, secrets, passwords } = this.#parts
    const account = await secrets.spend('verify-email', secret)
    const { isMatch } = await passwords.verify(password, account?.passwordDigest ?? undefined, request.signal)
    if (account === undefined) throw new PlinthError('AUTH_LINK_INVALID')
    if (!isMatch) throw new PlinthError('AUTH_CREDENTIALS_INVALID', 'This is not the password that was registered')
    // Meanwhile somebody may have set another password, or given the account more than a registration does.
    const { requestId } = request
    if (!(await claims.byPassword({ secret, read: account, requestId }))) throw new PlinthError('AUTH_LINK_INVALID')
    return { ...account, isVerified: true, isClaimed: true }
  }

  /** Tells the owner of the address, and changes nothing. */
  async #registerAgain(known: Account, requestId: string): Promise<void> {
    const { scope, claims, claimLetters, secrets, send, letters } = this.#parts
    if (known.isClaimed) {
      if (await secrets.takeLetter('registered-already', known)) send(alreadyRegisteredLetter(letters, known.login))
      return
    }
    if (claims.isInvited(known)) {
      const { subject, role } = known
      scope.report({ event: 'auth.invited_address_registered', subject, requestId, fields: { role } })
    }
    if (!known.isSuspended) await claimLetters.invite(known)
  }
}
