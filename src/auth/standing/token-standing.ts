/** What is remembered of one access token's standing between two uses. */
import type { Actor } from '../../model/index.ts'

/** Why a token that is signed and in time is refused all the same. */
export type Refusal = 'revoked' | 'suspended'

export interface TokenStanding {
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
