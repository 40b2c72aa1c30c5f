/** What is remembered of one access token's standing between two uses. */
import type { Uuid } from '../../kernel/index.ts'
import type { Actor } from '../../model/index.ts'

/** Why a token that is signed and in time is refused all the same. */
export type Refusal = 'revoked' | 'suspended'

/** By which names a token can be taken back. Null where it has none of the kind. */
export interface StandingKeys {
  readonly accountId: Uuid | null
  readonly sessionId: Uuid | null
  readonly clientId: string | null
  readonly jti: string
}

export interface TokenStanding {
  readonly keys: StandingKeys
  /** Those of its keys that it has. */
  readonly ids: readonly string[]
  /** Whom the token stands for now, or why for nobody; undefined before the first answer. */
  verdict: Actor | Refusal | undefined
  /** The tick of `Standings` before which the answer was asked for; what changed later is not in it. */
  tick: number
  /** On the monotonic clock: when the database was asked last, and whether it failed to answer. */
  askedAtMs: number
  hasFailed: boolean
  /** The question under way, and the tick at which it began. */
  pending: { readonly tick: number; readonly verdict: Promise<Actor> } | undefined
}
