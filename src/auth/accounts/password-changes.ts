/** Changes passwords: by their owner, who knows the old one, or by a letter, which may be an invitation. Either signs everybody else out. */
import { PlinthError } from '../../kernel/index.ts'
import type { SqlClient } from '../../sql/index.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import type { RunLater } from '../ports.ts'
import type { SignIn } from '../sessions/sign-in.ts'
import type { SignOut } from '../sessions/sign-out.ts'
import type { Account, Accounts } from './accounts.ts'
import type { ClaimLetters } from './claim-letters.ts'
import type { Claims } from './claims.ts'
import type { LetterSecrets } from './letter-secrets.ts'
import { type LetterScope, type Notice, noticeLetter, resetLetter, type SendLetter } from './letters.ts'

/** Judges a new password. @throws `VALIDATION_FAILED` with the field `password` */
export type CheckPassword = (plain: string, personal: readonly string[]) => Promise<void>

export interface PasswordChangesParts {
  readonly accounts: Accounts
  readonly claims: Claims
  readonly claimLetters: ClaimLetters
  readonly secrets: LetterSecrets
  readonly passwords: PasswordHasher
  readonly check: CheckPassword
  readonly signIn: SignIn
  readonly signOut: SignOut
  readonly later: RunLater
  readonly letters: LetterScope
  readonly send: SendLetter
}

export interface PasswordRequest {
  readonly address: string
  /** What the browser keeps in `DEVICE_COOKIE`. */
  readonly deviceToken?: string | undefined
  readonly requestId: string
  readonly signal?: AbortSignal
}

export class PasswordChanges {
  readonly #parts: PasswordChangesParts

  constructor(parts: PasswordChangesParts) {
    this.#parts = parts
  }

  /**
   * @param sessionId the session that goes on; all others end
   * @throws `AUTH_CREDENTIALS_INVALID` for a wrong current password, `VALIDATION_FAILED` for a new one that must not be used
   */
  async change(
    account: Account,
    { current, next }: { readonly current: string; readonly next: string },
    sessionId: string | null,
    request: PasswordRequest,
  ): Promise<void> {
    const { accounts, signIn, signOut } = this.#parts
    await signIn.confirmPassword(account, { password: current, ...request })
    const digest = await this.#digest(account, next, request.signal)
    const by = { actor: account.subject, requestId: request.requestId }
    const change = async (client: SqlClient): Promise<void> => {
      // Whoever reset it meanwhile must not find the password of somebody else in its place.
      if ((await accounts.lockUnchanged(client, account)) === undefined) throw new PlinthError('AUTH_CREDENTIALS_INVALID')
      await accounts.setPassword(account.id, digest, by, client)
    }
    await signOut.everywhereWith(change, account.id, 'password_changed', by, sessionId)
    this.#notify(account, 'password_changed')
  }

  /**
   * Sends the letter to the owner of the name, if there is one; to an account that nobody owns yet, the one that makes it theirs. An account that is
   * somebody's and was given a name which they have not shown to be theirs is opened by neither alone: the letter asks for its password.
   */
  requestReset(login: string): void {
    const { accounts, claimLetters, secrets, letters, send, later } = this.#parts
    // All of it later: whether there was anything to do shows neither in the time nor in a refusal when too much is under way.
    later(async () => {
      const account = await accounts.findByLogin(login)
      if (account === undefined || account.isSuspended) return
      if (!account.isClaimed) return void (await claimLetters.invite(account))
      if (!account.isVerified) return void (await claimLetters.askToConfirm(account))
      if (!(await secrets.takeLetter('reset-password', account))) return
      send(resetLetter(letters, account.login, await secrets.issue('reset-password', account)))
    })
  }

  /**
   * Sets the password by a letter's secret. The letter came to the address, so the address is confirmed too, and all that was there before ends.
   * @throws `AUTH_LINK_INVALID`; `VALIDATION_FAILED` and `RATE_LIMIT_OVERLOADED`, after which the letter still serves
   */
  async reset(secret: string, next: string, request: PasswordRequest): Promise<void> {
    const { claims, secrets } = this.#parts
    const account = await secrets.spend('reset-password', secret)
    if (account === undefined || account.isSuspended) throw new PlinthError('AUTH_LINK_INVALID')
    const digest = await this.#digest(account, next, request.signal)
    const claim = { secret, read: account, requestId: request.requestId }
    if (!(await claims.byLetter(claim, digest))) throw new PlinthError('AUTH_LINK_INVALID')
    this.#notify(account, account.isClaimed ? 'password_changed' : 'account_claimed')
  }

  async #digest(account: Account, next: string, signal: AbortSignal | undefined): Promise<string> {
    const { check, passwords } = this.#parts
    await check(next, personalOf(account))
    return passwords.hash(next, signal)
  }

  #notify({ login }: Account, notice: Notice): void {
    const { letters, send } = this.#parts
    send(noticeLetter(letters, login, notice))
  }
}

/** What a password must not be made of. */
function personalOf(account: Account): readonly string[] {
  return [account.login, ...(account.displayName === null ? [] : [account.displayName])]
}
