/** What all parts of identity stand on: one pool of connections, one vault, one name as an issuer, one log of what happened. */
import { createVault, type IdentityScope } from '../../auth/index.ts'
import { uuidGenerator } from '../../kernel/index.ts'
import type { AccountsModel } from '../../model/index.ts'
import { createUserHash, type Logger } from '../../observe/index.ts'
import type { SqlPool } from '../../pg/index.ts'
import { SYSTEM_CLOCK, SYSTEM_RANDOMNESS } from '../clock.ts'
import type { App } from '../declare.ts'
import type { Settings } from '../settings.ts'

export interface ScopeOptions {
  readonly app: App
  readonly accounts: AccountsModel
  readonly settings: Settings
  /** How the service is reached from outside: the issuer of its tokens. */
  readonly issuer: string
  readonly deriveKey: (purpose: string) => Uint8Array
  readonly logger: Logger
}

/** As long as the subject of an account. */
const NOBODY = 'usr_00000000000000000000000000'

export function createScope({ app, accounts, settings, issuer, deriveKey, logger }: ScopeOptions, sql: SqlPool): IdentityScope {
  const hashUserId = createUserHash(deriveKey('user-hash'))
  return {
    sql,
    accounts,
    roles: app.domain.roles,
    issuer,
    audience: settings.tokenAudience ?? app.domain.name,
    clock: SYSTEM_CLOCK,
    newId: uuidGenerator(SYSTEM_CLOCK, SYSTEM_RANDOMNESS),
    vault: createVault(deriveKey),
    logger,
    report({ event, subject, requestId, fields }) {
      // Hashed where there is nobody too: events come before answers, whose time must not tell whether there is an account.
      const userId = hashUserId({ subject: subject ?? NOBODY })
      logger.security(event, { ...fields, request_id: requestId }, { userId: subject === null ? null : userId })
    },
  }
}
