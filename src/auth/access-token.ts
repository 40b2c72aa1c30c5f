/** What is kept of an access token that was verified: who it names, by which names it can be taken back, and when it ends. */
import type { Actor } from '../model/index.ts'
import type { TokenStanding } from './standing/token-standing.ts'

export interface AccessToken {
  /** Whom its claims name. */
  readonly actor: Actor
  readonly issuer: string
  readonly kid: string
  readonly jti: string
  /** From this second on it is expired, leeway included. */
  readonly endS: number
  /** What the database said of it last; undefined before it was asked. Only `Standings` writes it. */
  standing: TokenStanding | undefined
}
