/** What the parts of identity are given: the database, the clock, randomness, and the keys of the installation. */
import type { Clock, Uuid } from '../kernel/index.ts'
import type { AccountsModel } from '../model/index.ts'
import type { Logger } from '../observe/index.ts'
import type { SqlDatabase } from '../sql/index.ts'
import type { Vault } from './vault.ts'

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
}
