/** Adds what identity serves to a server that does not listen yet: the keys, the OAuth server, the pages of accounts, and the routes under `/auth`. */
import {
  accountRoutes,
  adminRoutes,
  factorRoutes,
  type IdentityScope,
  mountIdentityRoutes,
  mountJwks,
  PasswordChanges,
  Registration,
  type SigningKeys,
  type Standings,
  sessionRoutes,
  type TokenVerifier,
  tokenRoutes,
} from '../../auth/index.ts'
import type { Engine } from '../../engine/index.ts'
import type { HttpServer } from '../../http/index.ts'
import type { Domain } from '../../model/index.ts'
import { clientRoutes, mountAccountPages, mountOAuth } from '../../oauth/index.ts'
import type { LaterTasks } from '../later.ts'
import type { GrantEnds } from './grant-ends.ts'
import type { LetterBox } from './letter-box.ts'
import type { IdentityParts } from './parts.ts'

export interface MountOptions {
  readonly domain: Domain
  readonly scope: IdentityScope
  readonly keys: SigningKeys
  readonly standings: Standings
  readonly parts: IdentityParts
  readonly letterBox: LetterBox
  readonly grantEnds: GrantEnds
  readonly later: LaterTasks
}

export function mountIdentity(options: MountOptions, server: HttpServer, engine: Engine, verifier: TokenVerifier): void {
  const { domain, scope, keys, standings, parts, letterBox, grantEnds, later } = options
  const { clock } = scope
  const onChanged = (id: string): void => standings.noteChange(id)
  const lettered = { secrets: parts.letterSecrets, letters: letterBox.scope, send: letterBox.send, later: later.run }
  const registration = new Registration({ ...parts, ...lettered, scope, engine })
  const passwordChanges = new PasswordChanges({ ...parts, ...lettered })

  mountJwks(server, keys)
  const oauth = mountOAuth({
    ...parts,
    server,
    scope,
    domain,
    keys,
    authenticate: (authorization) => verifier.authenticate(authorization),
    onChanged,
  })
  grantEnds.connect(oauth)
  mountAccountPages(server, {
    domain,
    origin: scope.issuer,
    registration,
    passwordChanges,
    clock,
    endOf: async (purpose, secret) => (await parts.secrets.peek(purpose, secret))?.expiresAt,
  })

  const shared = { ...parts, scope, engine, onChanged }
  mountIdentityRoutes(server, [
    ...accountRoutes({ ...shared, registration, passwordChanges }),
    ...sessionRoutes(shared),
    ...factorRoutes(shared),
    ...clientRoutes({
      clients: oauth.clients,
      clock,
      report: scope.report,
      hasSecondFactor: async (id) => (await parts.factors.of({ id })).length > 0,
    }),
    ...tokenRoutes(shared),
    ...adminRoutes(shared),
  ])
}
