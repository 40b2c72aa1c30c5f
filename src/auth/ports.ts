/** What the parts of identity are given: the database, the clock, randomness, and the keys of the installation. */
import type { Clock, Uuid } from '../kernel/index.ts'
import type { AccountsModel } from '../model/index.ts'
import type { Logger } from '../observe/index.ts'
import type { SqlDatabase } from '../sql/index.ts'
import type { Vault } from './vault.ts'

/** What happened that those who watch over the service want to know. No secrets and no addresses in it. */
export interface SecurityEvent {
  /** `auth.refresh_reused`. */
  readonly event: string
  /** Whose account, as the `sub` of tokens; it is written as a digest. Null where nobody is known. */
  readonly subject: string | null
  readonly requestId: string
  readonly fields?: Readonly<Record<string, unknown>>
}

/** Who made a change, by which request: the subject of the actor, null for nobody who is signed in. */
export interface ChangedBy {
  readonly actor: string | null
  readonly requestId: string
}

/** Runs work after the answer, so that its length tells nothing; what it throws is logged, and a stopping service waits for it. */
export type RunLater = (work: () => Promise<void>) => void

export interface IdentityScope {
  readonly sql: SqlDatabase
  /** The resource that holds the accounts. */
  readonly accounts: AccountsModel
  /** The permissions of each role. */
  readonly roles: Readonly<Record<string, readonly string[]>>
  /** How the service is reached from outside, without a slash at the end: the `iss` of its tokens. */
  readonly issuer: string
  /** What `aud` of its tokens holds. */
  readonly audience: string
  readonly clock: Clock
  readonly newId: () => Uuid
  readonly vault: Vault
  readonly logger: Logger
  /** Writes a line of the security log. */
  readonly report: (event: SecurityEvent) => void
}
