/** Writes the letters by which an account becomes somebody's, and a new name of it theirs. */
import type { Account } from './accounts.ts'
import type { LetterKind, LetterSecrets } from './letter-secrets.ts'
import { invitationLetter, type LetterScope, type SendLetter, verificationLetter } from './letters.ts'

export interface ClaimLettersParts {
  readonly secrets: LetterSecrets
  readonly letters: LetterScope
  readonly send: SendLetter
}

export class ClaimLetters {
  readonly #parts: ClaimLettersParts

  constructor(parts: ClaimLettersParts) {
    this.#parts = parts
  }

  /**
   * To choose a password, with nothing but the letter in hand. For whoever asks, so it leaves in force what was sent before.
   * @returns false when the account has been sent its share of letters
   */
  async invite(account: Account): Promise<boolean> {
    return this.#invite(account, 'invitation', false)
  }

  /** The same for whoever manages accounts: it takes the place of what was sent before. @returns as `invite`; what others asked for does not count */
  async inviteForManager(account: Account): Promise<boolean> {
    return this.#invite(account, 'invitation by a manager', true)
  }

  /** To confirm the address with the password that the account has. @returns as `invite` */
  async askToConfirm(account: Account): Promise<boolean> {
    if (!(await this.#parts.secrets.takeLetter('verify-email', account))) return false
    await this.askFirst(account)
    return true
  }

  /** The same for an account that was made a moment ago: its first letter is always written. */
  async askFirst(account: Pick<Account, 'id' | 'login'>): Promise<void> {
    const { secrets, send, letters } = this.#parts
    send(verificationLetter(letters, account.login, await secrets.issue('verify-email', account)))
  }

  async #invite(account: Account, kind: LetterKind, replaces: boolean): Promise<boolean> {
    const { secrets, letters, send } = this.#parts
    if (!(await secrets.takeLetter(kind, account))) return false
    send(invitationLetter(letters, account.login, await secrets.issueInvitation(account, replaces)))
    return true
  }
}
