/** What the authorization server needs of the rest of identity: who somebody is, their sessions, the keys, a count of failures. */
import type { Uuid } from '../kernel/index.ts'

/** A living account. */
export interface OAuthAccount {
  readonly id: Uuid
  /** The `sub` of its tokens: `usr_…`. */
  readonly subject: string
  readonly login: string
  readonly displayName: string | null
  readonly role: string
  readonly isVerified: boolean
  readonly isSuspended: boolean
}

/** Somebody who has shown who they are. */
export interface OAuthSignedIn<Account extends OAuthAccount = OAuthAccount> {
  readonly account: Account
  /** How: the values of RFC 8176; `mfa` among them says that a second factor was shown. */
  readonly amr: readonly string[]
  readonly authenticatedAtMs: number
  readonly secondFactorAtMs: number | null
}

export type OAuthFactor = 'totp' | 'recovery' | 'passkey'

export type OAuthSignInOutcome =
  | { readonly kind: 'signed-in'; readonly signedIn: OAuthSignedIn }
  | { readonly kind: 'second-factor'; readonly ticket: string; readonly methods: readonly OAuthFactor[] }

/** Decides who somebody is. */
export interface OAuthSignIn {
  /** @throws `AUTH_*`, `RATE_LIMIT_*`: the same for a known and an unknown name */
  withPassword(attempt: {
    readonly login: string
    readonly password: string
    readonly address: string
    readonly requestId: string
    readonly signal?: AbortSignal
  }): Promise<OAuthSignInOutcome>
  /** @throws `AUTH_*`, `RATE_LIMIT_*` */
  withSecondFactor(
    ticket: string,
    proof: { readonly method: OAuthFactor; readonly code: string },
    requestId: string,
  ): Promise<OAuthSignedIn>
}

/** Finds accounts. */
export interface OAuthAccounts<Account extends OAuthAccount = OAuthAccount> {
  findById(id: Uuid): Promise<Account | undefined>
}

/** Keeps the sessions that people see as "where I am signed in": each grant to a client is one. */
export interface OAuthSessions<Account extends OAuthAccount = OAuthAccount> {
  /** @returns the session's id */
  register(
    signedIn: OAuthSignedIn<Account>,
    place: {
      readonly device: 'browser' | 'native'
      readonly userAgent: string | null
      readonly address: string | null
      readonly clientId: string
    },
  ): Promise<string>
  end(
    accountId: Uuid,
    reason: 'signed_out' | 'refresh_reused',
    by: { readonly actor: string | null; readonly requestId: string },
    which: { readonly only: string },
  ): Promise<unknown>
}

/** The keys that sign tokens. */
export interface OAuthKeys {
  /** The key that signs now. */
  signer(): { readonly kid: string }
  /** All keys that are published, with their private parts. */
  privateJwks(): { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  /** Calls back after each change. */
  onChange(listener: () => void): unknown
}

/** Counts attempts that may be guesses. */
export interface OAuthFailures {
  /** @throws `RATE_LIMIT_SIGN_IN` */
  attempt(kind: 'factor', name: string): Promise<void>
  /** Takes one attempt back: it was no guess. Those before it stay counted. */
  takeBack(kind: 'factor', name: string): Promise<void>
}
