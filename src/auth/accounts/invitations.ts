/** Writes to the name of an account that nobody owns yet how to make it theirs: by a link to choose its password. */
import type { Account } from './accounts.ts'
import type { LetterSecrets } from './letter-secrets.ts'
import { invitationLetter, type LetterScope, type SendLetter } from './letters.ts'

export interface InvitationsParts {
  readonly secrets: LetterSecrets
  readonly letters: LetterScope
  readonly send: SendLetter
}

export class Invitations {
  readonly #parts: InvitationsParts

  constructor(parts: InvitationsParts) {
    this.#parts = parts
  }

  /** @returns false when the account has been sent its share of letters */
  async send(account: Account): Promise<boolean> {
    const { secrets, letters, send } = this.#parts
    if (!(await secrets.takeLetter('invitation', account))) return false
    send(invitationLetter(letters, account.login, await secrets.issueInvitation(account)))
    return true
  }
}
