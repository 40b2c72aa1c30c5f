/** Changes passwords: by their owner, who knows the old one, or by a letter. Either signs everybody else out. */
import { PlinthError, type Uuid } from '../../kernel/index.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import type { RunLater } from '../ports.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { SignIn } from '../sessions/sign-in.ts'
import type { Account, Accounts } from './accounts.ts'
import type { LetterSecrets } from './letter-secrets.ts'
import { type LetterScope, noticeLetter, resetLetter, type SendLetter } from './letters.ts'

/** Judges a new password. @throws `VALIDATION_FAILED` with the field `password` */
export type CheckPassword = (plain: string, personal: readonly string[]) => Promise<void>

export interface PasswordChangesParts {
  readonly accounts: Accounts
  readonly secrets: LetterSecrets
  readonly passwords: PasswordHasher
  readonly check: CheckPassword
  readonly signIn: SignIn
  readonly sessions: Sessions
  /** Signs the account out of the pages of this site, in all browsers. */
  readonly endBrowsers?: (accountId: Uuid) => Promise<void>
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
    await this.#parts.signIn.confirmPassword(account, { password: current, ...request })
    const digest = await this.#digest(account, next, request.signal)
    await this.#set(account, digest, sessionId, { actor: account.subject, requestId: request.requestId })
  }

  /** Sends the letter to the owner of the name, if there is one. */
  requestReset(login: string): void {
    const { accounts, secrets, letters, send, later } = this.#parts
    // All of it later: whether there was anything to do shows neither in the time nor in a refusal when too much is under way.
    later(async () => {
      const account = await accounts.findByLogin(login)
      if (account === undefined || account.isSuspended || !(await secrets.takeLetter('reset-password', account))) return
      send(resetLetter(letters, account.login, await secrets.issue('reset-password', account)))
    })
  }

  /**
   * Sets the password by a letter's secret. The letter came to the address, so the address is confirmed too.
   * @throws `AUTH_LINK_INVALID`; `VALIDATION_FAILED` and `RATE_LIMIT_OVERLOADED`, after which the letter still serves
   */
  async reset(secret: string, next: string, request: PasswordRequest): Promise<void> {
    const { accounts, secrets } = this.#parts
    const account = await secrets.spend('reset-password', secret)
    if (account === undefined || account.isSuspended) throw new PlinthError('AUTH_LINK_INVALID')
    const digest = await this.#digest(account, next, request.signal)
    if (!(await secrets.consume('reset-password', secret))) throw new PlinthError('AUTH_LINK_INVALID')
    await accounts.markVerified(account)
    await this.#set(account, digest, null, { actor: null, requestId: request.requestId })
  }

  async #digest(account: Account, next: string, signal: AbortSignal | undefined): Promise<string> {
    const { check, passwords } = this.#parts
    await check(next, personalOf(account))
    return passwords.hash(next, signal)
  }

  async #set(
    account: Account,
    digest: string,
    sessionId: string | null,
    by: { readonly actor: string | null; readonly requestId: string },
  ): Promise<void> {
    const { accounts, sessions, endBrowsers, letters, send } = this.#parts
    if (!(await accounts.setPassword(account.id, digest, by))) throw new PlinthError('AUTH_REQUIRED')
    await sessions.end(account.id, 'password_changed', by, { except: sessionId })
    await endBrowsers?.(account.id)
    send(noticeLetter(letters, account.login, 'password_changed'))
  }
}

/** What a password must not be made of. */
function personalOf(account: Account): readonly string[] {
  return [account.login, ...(account.displayName === null ? [] : [account.displayName])]
}
