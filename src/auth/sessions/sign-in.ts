/**
 * Decides who somebody is: password first, then a second factor where the account has one. Every way in ends in a `SignedIn`.
 *
 * Known and unknown names get the same answer after the same work: a password is checked against a digest of nobody where there is no account.
 */
import { PlinthError } from '../../kernel/index.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'
import type { PasskeyProof } from '../factors/passkeys.ts'
import type { Failures, Guessed } from '../failures.ts'
import type { OneTimeSecrets } from '../one-time-secrets.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import type { IdentityScope } from '../ports.ts'
import { isCurrentDevice, KnownDevices } from './known-devices.ts'

/** Somebody who has shown who they are. */
export interface SignedIn {
  readonly account: Account
  /** How: the values of RFC 8176, `pwd`, `otp`, `hwk` … */
  readonly amr: readonly string[]
  readonly authenticatedAtMs: number
  readonly secondFactorAtMs: number | null
}

export type SecondFactorMethod = 'totp' | 'recovery' | 'passkey'

/** What somebody offers as their second factor. */
export interface SecondFactorProof {
  readonly method: SecondFactorMethod
  /** For `totp` and `recovery`. */
  readonly code?: string
  /** For `passkey`: the answer of the browser. */
  readonly assertion?: unknown
  /** For `passkey`: the step that its challenge was made for, if any. */
  readonly step?: string
}

/** The second factors of accounts. */
export interface SecondFactors {
  /** Those that the account has set up; none: its password is enough. */
  of(account: Account): Promise<readonly SecondFactorMethod[]>
  /**
   * Consumes the proof. @returns the methods for `amr`
   * @throws `AUTH_FACTOR_INVALID`, `RATE_LIMIT_SIGN_IN`
   */
  verify(account: Account, proof: SecondFactorProof, requestId: string): Promise<readonly string[]>
}

export interface SignInParts {
  readonly scope: Pick<IdentityScope, 'clock' | 'report' | 'vault'>
  readonly accounts: Accounts
  readonly passwords: PasswordHasher
  readonly failures: Failures
  readonly secrets: OneTimeSecrets
  readonly factors: SecondFactors
  /** One key for all addresses of one household: IPv6 by /64. */
  readonly addressKey: (address: string) => string
}

export interface PasswordAttempt {
  readonly login: string
  readonly password: string
  readonly address: string
  /** What the browser keeps in `DEVICE_COOKIE`. */
  readonly deviceToken?: string | undefined
  readonly requestId: string
  readonly signal?: AbortSignal
}

export type SignInOutcome =
  | { readonly kind: 'signed-in'; readonly signedIn: SignedIn }
  | { readonly kind: 'second-factor'; readonly ticket: string; readonly methods: readonly SecondFactorMethod[] }

const TICKET = 'sign-in'
/** Time to find the phone. */
const TICKET_LIFETIME_S = 300
const TICKET_ATTEMPTS = 5

export class SignIn {
  readonly #parts: SignInParts
  readonly #devices: KnownDevices

  constructor(parts: SignInParts) {
    this.#parts = parts
    this.#devices = new KnownDevices(parts.scope)
  }

  /**
   * The first step.
   *
   * @throws `AUTH_CREDENTIALS_INVALID`, `RATE_LIMIT_SIGN_IN`; after the right password also `AUTH_ACCOUNT_SUSPENDED`, `AUTH_EMAIL_UNVERIFIED`
   */
  async withPassword(attempt: PasswordAttempt): Promise<SignInOutcome> {
    const { scope, secrets, factors } = this.#parts
    // Before the look at the account: a password that is changed meanwhile was changed after this sign-in, and ends what comes of it.
    const authenticatedAtMs = scope.clock.now()
    const account = await this.#checkPassword(attempt)
    this.#expectFit(account, attempt.requestId)
    const methods = account.hasSecondFactor ? await factors.of(account) : []
    if (methods.length === 0)
      return { kind: 'signed-in', signedIn: { account, amr: ['pwd'], authenticatedAtMs, secondFactorAtMs: null } }
    const ticket = await secrets.issue({
      purpose: TICKET,
      accountId: account.id,
      data: { amr: ['pwd'], authenticatedAtMs, passwordChangedAt: stampOf(account) },
      lifetimeS: TICKET_LIFETIME_S,
      attempts: TICKET_ATTEMPTS,
      replaces: false,
    })
    return { kind: 'second-factor', ticket, methods }
  }

  /**
   * The second step. The ticket bears five attempts and serves for one success, while the password is the one that it was given for.
   *
   * @throws `AUTH_TICKET_INVALID`, `AUTH_FACTOR_INVALID`, `RATE_LIMIT_SIGN_IN`
   */
  async withSecondFactor(ticket: string, proof: SecondFactorProof, requestId: string): Promise<SignedIn> {
    const { scope, accounts, secrets, factors } = this.#parts
    const held = await secrets.spend(TICKET, ticket)
    const account = held?.accountId == null ? undefined : await accounts.findById(held.accountId)
    if (account === undefined || held?.data['passwordChangedAt'] !== stampOf(account))
      throw new PlinthError('AUTH_TICKET_INVALID')
    const amr = await factors.verify(account, proof, requestId).catch((error: unknown) => {
      this.#report('auth.second_factor_failed', account, { method: proof.method }, requestId)
      throw error
    })
    const first = await secrets.consume(TICKET, ticket)
    if (first === undefined) throw new PlinthError('AUTH_TICKET_INVALID')
    this.#expectFit(account, requestId)
    const { amr: firstAmr, authenticatedAtMs } = first.data as { amr: readonly string[]; authenticatedAtMs: number }
    return {
      account,
      amr: [...new Set([...firstAmr, ...amr, 'mfa'])],
      authenticatedAtMs,
      secondFactorAtMs: scope.clock.now(),
    }
  }

  /** The account whose first factor was right: to ask for one of its passkeys. Takes none of the ticket's attempts. @throws `AUTH_TICKET_INVALID` */
  async findByTicket(ticket: string): Promise<Account> {
    const { accounts, secrets } = this.#parts
    const held = await secrets.peek(TICKET, ticket)
    const account = held?.accountId == null ? undefined : await accounts.findById(held.accountId)
    if (account === undefined) throw new PlinthError('AUTH_TICKET_INVALID')
    return account
  }

  /**
   * Takes the account that a passkey named: something they have and something they are or know, so both factors in one.
   *
   * @throws `AUTH_FACTOR_INVALID` where the account is gone, `AUTH_ACCOUNT_SUSPENDED`, `AUTH_EMAIL_UNVERIFIED`
   */
  async withPasskey({ accountId, amr }: PasskeyProof, requestId: string): Promise<SignedIn> {
    const account = await this.#parts.accounts.findById(accountId)
    if (account === undefined) throw new PlinthError('AUTH_FACTOR_INVALID', 'The passkey is not accepted')
    this.#expectFit(account, requestId)
    const nowMs = this.#parts.scope.clock.now()
    return { account, amr: [...new Set([...amr, 'mfa'])], authenticatedAtMs: nowMs, secondFactorAtMs: nowMs }
  }

  /**
   * Checks the password of an account that is signed in already, before it changes something that only its owner may.
   * @throws `AUTH_CREDENTIALS_INVALID`, `RATE_LIMIT_SIGN_IN`
   */
  async confirmPassword(account: Account, attempt: Omit<PasswordAttempt, 'login'>): Promise<void> {
    const confirmed = await this.#checkPassword({ ...attempt, login: account.login })
    // The name may be somebody else's by now.
    if (confirmed.id !== account.id) throw new PlinthError('AUTH_CREDENTIALS_INVALID')
  }

  /** The cookie by which the browser is known from now on: for an answer that says that the account is signed in. */
  rememberDevice({ login }: Pick<Account, 'login'>): string {
    return this.#devices.remember(this.#nameOf(login))
  }

  async #checkPassword({ login, password, address, deviceToken, requestId, signal }: PasswordAttempt): Promise<Account> {
    const { accounts, passwords, failures, addressKey } = this.#parts
    const place = addressKey(address)
    const name = this.#nameOf(login)
    const device = this.#devices.recognize(deviceToken, name)
    let guessed: Guessed = device === undefined ? { kind: 'account', name } : { kind: 'device', name: device.id }
    await failures.attemptBoth(place, guessed)
    const account = await accounts.findByLogin(login)
    if (device !== undefined && account !== undefined && !isCurrentDevice(device, account)) {
      guessed = { kind: 'account', name }
      await failures.attempt('account', name)
    }
    const verdict = passwords.verify(password, account?.passwordDigest ?? undefined, signal)
    const { isMatch, needsRehash } = await verdict.catch(async (error: unknown) => {
      // Nothing was judged, so nothing was guessed: whom a flood kept out must not wait for long after it.
      await Promise.all([failures.takeBack(guessed.kind, guessed.name), failures.takeBack('address', place)])
      throw error
    })
    if (account === undefined || account.passwordDigest === null || !isMatch) {
      this.#report('auth.sign_in_failed', account, {}, requestId)
      throw new PlinthError('AUTH_CREDENTIALS_INVALID')
    }
    await failures.succeedBoth(place, guessed)
    if (needsRehash) await accounts.rehash(account.id, account.passwordDigest, await passwords.hash(password, signal))
    return account
  }

  /** What cannot be a name is counted too, by its own spelling: it costs as much work as any. */
  #nameOf(login: string): string {
    return this.#parts.accounts.readLogin(login) ?? login.slice(0, 320)
  }

  #expectFit(account: Account, requestId: string): void {
    if (account.isSuspended) {
      this.#report('auth.sign_in_suspended', account, {}, requestId)
      throw new PlinthError('AUTH_ACCOUNT_SUSPENDED')
    }
    if (!account.isVerified) throw new PlinthError('AUTH_EMAIL_UNVERIFIED')
  }

  #report(event: string, account: Account | undefined, fields: Readonly<Record<string, unknown>>, requestId: string): void {
    this.#parts.scope.report({ event, subject: account?.subject ?? null, requestId, fields })
  }
}

function stampOf({ passwordChangedAt }: Account): string | null {
  return passwordChangedAt?.toISOString() ?? null
}
