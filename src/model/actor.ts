/** Who asks: a user, a service or nobody. Policies read it; how it was proved is no concern of the model. */
import type { Uuid } from '../kernel/index.ts'

export interface Actor {
  readonly kind: 'user' | 'service' | 'nobody'
  /** The account's key in the database; null for nobody and for a service without an account. */
  readonly id: Uuid | null
  /** The `sub` of the token as it came (`usr_01h4…`); null for nobody. */
  readonly subject: string | null
  readonly roles: readonly string[]
  /** `<resource>:<verb>`, as `posts:write`. */
  readonly permissions: readonly string[]
  /** How they signed in; absent where the token does not tell. */
  readonly session?: ActorSession
}

/** What somebody signed in on: a browser, an application on their own device, or a program without a person. */
export const DEVICES = ['browser', 'native', 'service'] as const
export type Device = (typeof DEVICES)[number]

/** The sign-in behind a token. */
export interface ActorSession {
  readonly id: string | null
  /** The OAuth client that acts; null for somebody who signed in here. */
  readonly clientId: string | null
  readonly device: Device | null
  /** When the first factor was shown last. */
  readonly authenticatedAtMs: number | null
  /** When a second factor was shown last; null for never. */
  readonly secondFactorAtMs: number | null
}

/** The actor of a request that carries no token. */
export const NOBODY: Actor = Object.freeze({
  kind: 'nobody',
  id: null,
  subject: null,
  roles: Object.freeze([]),
  permissions: Object.freeze([]),
})
