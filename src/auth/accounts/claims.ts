/**
 * Decides how an account that nobody owns yet becomes somebody's: only by a letter to its name.
 *
 * Invariant: nothing that was put on an account before its mailbox was shown serves after. The password that opens it is either chosen with the letter in
 * hand, or is the one of a registration that its owner types again beside the letter, and that opens what a registration gives and no more. The failure
 * this prevents: a stranger registers, or plants a factor, for the name of somebody who comes later.
 * @see https://www.usenix.org/conference/usenixsecurity22/presentation/sudhodanan
 */
import type { SqlClient } from '../../sql/index.ts'
import type { IdentityScope } from '../ports.ts'
import type { Account, Accounts } from './accounts.ts'

/** What somebody could sign in with, of an account that nobody could sign in to: whoever put it there was not its owner. */
const DROP_FACTORS = `WITH p AS (DELETE FROM plinth_passkeys WHERE account_id = $1::uuid),
c AS (DELETE FROM plinth_recovery_codes WHERE account_id = $1::uuid)
UPDATE plinth_accounts SET totp_secret = NULL, totp_confirmed_at = NULL WHERE account_id = $1::uuid`

export class Claims {
  readonly #scope: Pick<IdentityScope, 'sql' | 'accounts' | 'report'>
  readonly #accounts: Accounts

  constructor(scope: Pick<IdentityScope, 'sql' | 'accounts' | 'report'>, accounts: Accounts) {
    this.#scope = scope
    this.#accounts = accounts
  }

  /**
   * Whether the account waits for somebody who was invited: it has no password, or a role that no registration gives. Its password is chosen with the
   * letter in hand; one that was there before never serves, whoever set it.
   */
  isInvited({ isClaimed, passwordDigest, role }: Account): boolean {
    return !isClaimed && (passwordDigest === null || role !== this.#scope.accounts.role.rules.fallback)
  }

  /**
   * Sets the password for whoever has a letter to the account's name, and notes that the name is theirs.
   * @returns false when the account is not what it was when it was read, and nothing is changed
   */
  async byLetter(read: Account, digest: string, requestId: string): Promise<boolean> {
    const held = await this.#scope.sql.transaction(async (client) => {
      const account = await this.#lockUnchanged(client, read)
      if (account === undefined) return undefined
      if (!account.isClaimed) await client.query(DROP_FACTORS, [account.id])
      await this.#accounts.markVerified(account, client)
      await this.#accounts.setPassword(account.id, digest, { actor: null, requestId }, client)
      return account
    })
    if (held !== undefined) this.#report(held, 'letter', requestId)
    return held !== undefined
  }

  /**
   * Notes that the name belongs to whoever has the letter, and has shown the password too.
   * @returns false when the account is not what it was, or waits for somebody who was invited
   */
  async byPassword(read: Account, requestId: string): Promise<boolean> {
    const held = await this.#scope.sql.transaction(async (client) => {
      const account = await this.#lockUnchanged(client, read)
      if (account === undefined || this.isInvited(account)) return undefined
      await this.#accounts.markVerified(account, client)
      return account
    })
    if (held !== undefined) this.#report(held, 'letter and password', requestId)
    return held !== undefined
  }

  async #lockUnchanged(client: SqlClient, read: Account): Promise<Account | undefined> {
    const account = await this.#accounts.lock(client, read.id)
    const isSame =
      account !== undefined &&
      !account.isSuspended &&
      account.login === read.login &&
      account.passwordChangedAt?.getTime() === read.passwordChangedAt?.getTime()
    return isSame ? account : undefined
  }

  /** An address that was mistyped shows in the log, by the role that went with it. */
  #report(account: Account, by: string, requestId: string): void {
    if (account.isVerified) return
    const { subject, role, isClaimed, passwordDigest, hasSecondFactor } = account
    const had = [isClaimed && 'owner', passwordDigest !== null && 'password', hasSecondFactor && 'factor']
      .filter(Boolean)
      .join(' ')
    const fields = { role, by, was_invited: this.isInvited(account), had }
    this.#scope.report({ event: 'auth.account_claimed', subject, requestId, fields })
  }
}
