/** Puts the authorization server together, and says what others may end of it. */
import type { Provider } from 'oidc-provider'
import {
  type Accounts,
  type Failures,
  type IdentityScope,
  type Passkeys,
  RevokedTokens,
  type Sessions,
  type SignIn,
  type SigningKeys,
  type SignOut,
} from '../auth/index.ts'
import type { HttpServer } from '../http/index.ts'
import { encodeTypeId, toPlinthError, type Uuid } from '../kernel/index.ts'
import type { Actor, Domain } from '../model/index.ts'
import type { SqlClient } from '../sql/index.ts'
import { createAdapter } from './adapter.ts'
import { Artifacts } from './artifacts.ts'
import { OAuthClients } from './clients.ts'
import { CurrentProvider } from './current-provider.ts'
import { mountEndpoints } from './endpoints.ts'
import { GrantSessions } from './grant-sessions.ts'
import { Interactions } from './interactions.ts'
import type { PageFrame } from './pages/layout.ts'
import { createProvider, currentRequest } from './provider.ts'
import { createProviderPages } from './provider-pages.ts'
import { createAccessTokenReader } from './read-access-token.ts'
import { createScopes } from './scopes.ts'
import { sayName } from './words.ts'

export interface OAuthOptions {
  readonly server: HttpServer
  readonly scope: IdentityScope
  readonly domain: Domain
  readonly keys: Pick<SigningKeys, 'signer' | 'privateJwks' | 'onChange'>
  readonly accounts: Pick<Accounts, 'findById'>
  readonly signIn: Pick<SignIn, 'withPassword' | 'withSecondFactor' | 'withPasskey' | 'findByTicket' | 'rememberDevice'>
  readonly passkeys: Pick<Passkeys, 'signInOptions' | 'secondFactorOptions' | 'authenticate'>
  readonly sessions: Pick<Sessions, 'register'>
  readonly signOut: Pick<SignOut, 'ofSessions'>
  readonly failures: Pick<Failures, 'attempt' | 'takeBack'>
  /** Judges an `Authorization` header as every surface does. */
  readonly authenticate: (authorization: string) => Actor | Promise<Actor>
  /** What people know the service by. Default: the name of the domain, as words. */
  readonly serviceName?: string
  /** Told of a client or a token (`jti`) whose standing changed, on this instance. */
  readonly onChanged?: (id: string) => void
}

/** The authorization server as the rest of the service sees it. */
export interface OAuth {
  readonly clients: OAuthClients
  /** Ends what a client was granted, when its session has ended elsewhere. */
  revokeGrantOfSession(sessionId: string): Promise<void>
  /** Signs an account out of this server in all browsers, within a transaction: its password changed, or it was suspended. */
  endBrowsersOf(accountId: Uuid, client: SqlClient): Promise<void>
}

/**
 * Mounts the authorization server: OAuth 2.1 and OpenID Connect under `/oauth/*`, discovery under `/.well-known/*`.
 *
 * The keys under `/.well-known/jwks.json` are served by whoever owns them.
 *
 * @example
 * const oauth = mountOAuth({ server, scope, domain, keys, accounts, signIn, passkeys, sessions, signOut, failures, authenticate })
 * await oauth.clients.create({ name: 'Nightly export', kind: 'service', scopes: ['posts:read'] }, { actor: null, requestId: 'cli' })
 */
export function mountOAuth(options: OAuthOptions): OAuth {
  const { server, scope, domain, keys, signOut } = options
  const { sql, clock, vault, newId, issuer, audience } = scope
  const onChanged = options.onChanged ?? (() => undefined)
  const frame: PageFrame = { serviceName: options.serviceName ?? sayName(domain.name) }
  const scopes = createScopes(domain)
  const accountPrefix = scope.accounts.resource.idPrefix
  const clients = new OAuthClients({ sql, clock, newId, vault, scopes, onChanged })
  const grants = new GrantSessions({ sql, clock })
  const artifacts = new Artifacts({
    sql,
    clock,
    vault,
    accountPrefix,
    async onGrantEnded(accountId, sessionId, reason) {
      const requestId = currentRequest()?.requestId ?? 'oauth'
      const subject = encodeTypeId(accountPrefix, accountId)
      if (reason === 'refresh_reused')
        scope.report({ event: 'auth.oauth_reused', subject, requestId, fields: { session_id: sessionId } })
      await signOut.ofSessions(accountId, [sessionId], reason, { actor: null, requestId })
    },
  })
  const tokens = createAccessTokenReader({
    revoked: new RevokedTokens({ scope, onRevoked: onChanged }),
    clock,
    artifacts,
    authenticate: options.authenticate,
  })
  const interactions = new Interactions({
    frame,
    accountPrefix,
    accounts: options.accounts,
    signIn: options.signIn,
    passkeys: options.passkeys,
    sessions: options.sessions,
    clients,
    scopes,
    roles: scope.roles,
  })

  const makeProvider = (): Promise<Provider> =>
    createProvider({
      origin: issuer,
      audience,
      roles: scope.roles,
      permissions: scopes.permissions,
      accountPrefix,
      newId,
      keys,
      accounts: options.accounts,
      clients,
      grants,
      pages: createProviderPages(frame),
      createAdapter: (kind, errors, currentRoute) => createAdapter(kind, { artifacts, clients, tokens, errors, currentRoute }),
      onFault(error, request) {
        if (request !== undefined) request.notes.fault = error
        if (toPlinthError(error).status === 500)
          scope.logger.error('The authorization server failed', { request_id: request?.requestId, error })
      },
    })
  const provider = new CurrentProvider(keys, makeProvider)
  mountEndpoints({ server, issuer, frame, provider, interactions, failures: options.failures })

  return {
    clients,
    revokeGrantOfSession: (sessionId) => artifacts.endGrant(sessionId, 'signed_out'),
    endBrowsersOf: (accountId, client) => artifacts.endBrowsers(accountId, client),
  }
}
