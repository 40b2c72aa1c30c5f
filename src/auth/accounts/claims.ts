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
import type { SignOut } from '../sessions/sign-out.ts'
import type { Account, Accounts } from './accounts.ts'
import type { LetterSecrets } from './letter-secrets.ts'

/** What somebody could sign in with, of an account that nobody could sign in to: whoever put it there was not its owner. */
const DROP_FACTORS = `WITH p AS (DELETE FROM plinth_passkeys WHERE account_id = $1::uuid),
c AS (DELETE FROM plinth_recovery_codes WHERE account_id = $1::uuid)
UPDATE plinth_accounts SET totp_secret = NULL, totp_confirmed_at = NULL WHERE account_id = $1::uuid`

export interface ClaimsParts {
  readonly scope: Pick<IdentityScope, 'sql' | 'accounts' | 'report'>
  readonly accounts: Accounts
  readonly secrets: Pick<LetterSecrets, 'consume'>
  readonly signOut: Pick<SignOut, 'everywhereWith'>
}

/** Somebody with a letter in hand. */
export interface Claim {
  /** The letter's. It serves no more once the claim is made, and goes on to serve where it is not. */
  readonly secret: string
  /** What the account was when the secret was shown. */
  readonly read: Account
  readonly requestId: string
}

export class Claims {
  readonly #parts: ClaimsParts

  constructor(parts: ClaimsParts) {
    this.#parts = parts
  }

  /**
   * Whether the account waits for somebody who was invited: it has no password, or a role that no registration gives. Its password is chosen with the
   * letter in hand; one that was there before never serves, whoever set it.
   */
  isInvited({ isClaimed, passwordDigest, role }: Account): boolean {
    return !isClaimed && (passwordDigest === null || role !== this.#parts.scope.accounts.role.rules.fallback)
  }

  /**
   * Sets the password for whoever has a letter to the account's name, notes that the name is theirs, and signs everybody out: all of it or nothing.
   * @returns false when the account is not what it was when it was read, or the secret was used meanwhile
   */
  async byLetter({ secret, read, requestId }: Claim, digest: string): Promise<boolean> {
    const { accounts, secrets, signOut } = this.#parts
    const by = { actor: null, requestId }
    const claim = async (client: SqlClient): Promise<Account> => {
      const account = await this.#lockUnchanged(client, read)
      if (account === undefined || !(await secrets.consume('reset-password', secret, client))) throw new LostClaim()
      if (!account.isClaimed) await client.query(DROP_FACTORS, [account.id])
      await accounts.markVerified(account, client)
      await accounts.setPassword(account.id, digest, by, client)
      return account
    }
    const claimed = await orLost(signOut.everywhereWith(claim, read.id, 'password_changed', by))
    if (claimed !== undefined) this.#report(claimed, 'letter', requestId)
    return claimed !== undefined
  }

  /**
   * Notes that the name belongs to whoever has the letter, and has shown the password too.
   * @returns as `byLetter`; false also for an account that waits for somebody who was invited
   */
  async byPassword({ secret, read, requestId }: Claim): Promise<boolean> {
    const { scope, accounts, secrets } = this.#parts
    const claim = async (client: SqlClient): Promise<Account> => {
      const account = await this.#lockUnchanged(client, read)
      if (account === undefined || this.isInvited(account)) throw new LostClaim()
      if (!(await secrets.consume('verify-email', secret, client))) throw new LostClaim()
      await accounts.markVerified(account, client)
      return account
    }
    const claimed = await orLost(scope.sql.transaction(claim))
    if (claimed !== undefined) this.#report(claimed, 'letter and password', requestId)
    return claimed !== undefined
  }

  async #lockUnchanged(client: SqlClient, read: Account): Promise<Account | undefined> {
    const account = await this.#parts.accounts.lockUnchanged(client, read)
    return account === undefined || account.isSuspended || account.login !== read.login ? undefined : account
  }

  /** An address that was mistyped shows in the log, by the role that went with it. */
  #report(account: Account, by: string, requestId: string): void {
    if (account.isVerified) return
    const { subject, role, isClaimed, passwordDigest, hasSecondFactor } = account
    const had = [isClaimed && 'owner', passwordDigest !== null && 'password', hasSecondFactor && 'factor']
      .filter(Boolean)
      .join(' ')
    const fields = { role, by, was_invited: this.isInvited(account), had }
    this.#parts.scope.report({ event: 'auth.account_claimed', subject, requestId, fields })
  }
}

/** Rolls a claim back that came too late. */
class LostClaim extends Error {}

function orLost<Result>(claim: Promise<Result>): Promise<Result | undefined> {
  return claim.catch((error: unknown) => {
    if (error instanceof LostClaim) return undefined
    throw error
  })
}
