/**
 * Sets the library up: what this authorization server can do, and all that it refuses.
 *
 * It knows the code flow with PKCE, client credentials and device codes, nothing else. The library is loaded when the first provider is made,
 * and a new provider is made for each change of the keys; requests under way keep theirs.
 */
import type { EventEmitter } from 'node:events'
import type { Adapter, Configuration, KoaContextWithOIDC, Provider as LibraryProvider } from 'oidc-provider'
import { ACCESS_TOKEN_LIFETIME_S_MAX, type Account, type Accounts, type SigningKeys } from '../auth/index.ts'
import { decodeTypeId, type Uuid } from '../kernel/index.ts'
import { serviceClaims, userClaims } from './access-claims.ts'
import type { AdapterErrors } from './adapter.ts'
import { DEVICE_GRANT, type OAuthClients } from './clients.ts'
import { BROWSER_LIFETIME_S, type GrantSessions } from './grant-sessions.ts'
import type { ProviderRequest } from './run-provider.ts'
import { IDENTITY_SCOPES } from './scopes.ts'

/** RFC 6749, 4.1.2 allows ten minutes; a redirect takes a second. */
const CODE_LIFETIME_S = 60
const DEVICE_CODE_LIFETIME_S = 600
/** Time to find the password and the phone. */
const INTERACTION_LIFETIME_S = 900
/** JWT-02: whatever came of a consent ends after thirty days. */
const GRANT_LIFETIME_S = 30 * 86_400

/** What people see; each returns a whole page. */
export interface ProviderPages {
  error(
    ctx: KoaContextWithOIDC,
    out: { readonly error: string; readonly error_description?: string | undefined },
    fault: Error,
  ): string
  enterCode(ctx: KoaContextWithOIDC, fault: Error | undefined): string
  confirmCode(ctx: KoaContextWithOIDC, clientName: string, userCode: string): string
  deviceDone(ctx: KoaContextWithOIDC, clientName: string): string
  signOut(ctx: KoaContextWithOIDC): string
  signedOut(ctx: KoaContextWithOIDC): string
  /** Where the library would post a form by script: the same form with a button. */
  goOn(ctx: KoaContextWithOIDC): string
}

export interface ProviderParts {
  readonly origin: string
  readonly audience: string
  readonly roles: Readonly<Record<string, readonly string[]>>
  readonly permissions: readonly string[]
  readonly accountPrefix: string
  readonly newId: () => Uuid
  readonly keys: Pick<SigningKeys, 'signer' | 'privateJwks'>
  readonly accounts: Pick<Accounts, 'findById'>
  readonly clients: OAuthClients
  readonly grants: GrantSessions
  readonly pages: ProviderPages
  readonly createAdapter: (kind: string, errors: AdapterErrors, currentRoute: () => string | undefined) => Adapter
  readonly onFault: (error: unknown, request: ProviderRequest | undefined) => void
}

/** In the title of the library's pages that post themselves, which the content security policy stops. */
const SELF_POSTING = '<title>Submitting Callback</title>'

type ResponseMode = Parameters<LibraryProvider['registerResponseMode']>[1]
type Library = typeof import('oidc-provider')
let library: Promise<Library> | undefined
let loaded: Library | undefined

/** Where the endpoints are. */
export const ENDPOINTS = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  device_authorization: '/oauth/device/authorize',
  code_verification: '/oauth/device',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
  pushed_authorization_request: '/oauth/par',
  userinfo: '/oauth/userinfo',
  end_session: '/oauth/end-session',
  jwks: '/.well-known/jwks.json',
} as const

/** Makes a provider for the keys as they are now. */
export async function createProvider(parts: ProviderParts): Promise<LibraryProvider> {
  // 300 ms and 40 MB that a service without OAuth clients never spends.
  library ??= import('oidc-provider')
  loaded = await library
  const { Provider, errors, interactionPolicy } = loaded

  let byQuery: ResponseMode | undefined
  /**
   * Knows one way back to the client: the query of the redirect. A form that posts itself needs script, a fragment leaks. No client is
   * registered with these modes, but the library tells of an error by the mode that was asked for.
   */
  class PlinthProvider extends Provider {
    override registerResponseMode(name: string, handler: ResponseMode): void {
      // The library registers `query` first.
      byQuery ??= handler
      super.registerResponseMode(name, byQuery)
    }
  }

  const policy = interactionPolicy.base()
  const login = policy.get('login')
  // The account behind a browser's session is gone, suspended, or has another password since.
  login?.checks.add(
    new interactionPolicy.Check(
      'account_gone',
      'End-User authentication is required',
      (ctx) => ctx.oidc.session?.accountId !== undefined && ctx.oidc.account === undefined,
    ),
  )

  const isHttps = parts.origin.startsWith('https:')
  const configuration: Configuration = {
    adapter: (kind) => parts.createAdapter(kind, errors, () => Provider.ctx?.oidc.route),
    // The key that signs comes first, and the library takes the first that fits.
    jwks: parts.keys.privateJwks() as NonNullable<Configuration['jwks']>,
    routes: ENDPOINTS,
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256', response_types: ['code'], grant_types: ['authorization_code'] },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    conformIdTokenClaims: true,
    cookies: {
      names: isHttps
        ? { session: '__Host-plinth_oauth', interaction: '__Secure-plinth_interaction', resume: '__Secure-plinth_resume' }
        : { session: 'plinth_oauth', interaction: 'plinth_interaction', resume: 'plinth_resume' },
      long: { httpOnly: true, sameSite: 'lax', secure: isHttps, path: '/', signed: false },
      short: { httpOnly: true, sameSite: 'lax', secure: isHttps, signed: false },
    },
    ttl: {
      AccessToken: ACCESS_TOKEN_LIFETIME_S_MAX,
      AuthorizationCode: CODE_LIFETIME_S,
      ClientCredentials: ACCESS_TOKEN_LIFETIME_S_MAX,
      DeviceCode: DEVICE_CODE_LIFETIME_S,
      Grant: GRANT_LIFETIME_S,
      IdToken: ACCESS_TOKEN_LIFETIME_S_MAX,
      Interaction: INTERACTION_LIFETIME_S,
      RefreshToken: (ctx) => Math.max(1, Math.min(GRANT_LIFETIME_S, ctx.oidc.entities.Grant?.remainingTTL ?? GRANT_LIFETIME_S)),
      Session: BROWSER_LIFETIME_S,
    },
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    // Whichever token of a grant is revoked: the person or the client wants it to end.
    revokeGrantPolicy: () => true,
    expiresWithSession: (_, source) => !source.scopes.has('offline_access'),
    loadExistingGrant: async (ctx) => {
      const { session, client, result } = ctx.oidc
      const grantId = result?.consent?.grantId ?? (client === undefined ? undefined : session?.grantIdFor(client.clientId))
      if (grantId === undefined || !(await parts.grants.isAlive(grantId))) return undefined
      return ctx.oidc.provider.Grant.find(grantId)
    },
    findAccount: (ctx, subject, source) => findAccount(parts, ctx, subject, source, errors),
    formats: {
      customizers: {
        jwt: (ctx, token, structured) => {
          structured.payload = { ...accessClaims(parts, ctx, token, structured.payload) }
        },
      },
    },
    interactions: { policy, url: (_, interaction) => `/oauth/interaction/${interaction.uid}` },
    renderError: (ctx, out, fault) => {
      ctx.type = 'html'
      ctx.body = parts.pages.error(ctx, out, fault)
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        deviceInfo: () => ({}),
        userCodeInputSource: (ctx, _form, _out, fault) => {
          ctx.type = 'html'
          ctx.body = parts.pages.enterCode(ctx, fault)
        },
        userCodeConfirmSource: (ctx, _form, client, _deviceInfo, userCode) => {
          const request = ctx.req as unknown as ProviderRequest
          request.notes.isUserCodeGood = true
          ctx.type = 'html'
          ctx.body = parts.pages.confirmCode(ctx, client.clientName ?? client.clientId, userCode)
        },
        successSource: (ctx) => {
          ctx.type = 'html'
          ctx.body = parts.pages.deviceDone(ctx, ctx.oidc.client?.clientName ?? '')
        },
      },
      introspection: {
        enabled: true,
        allowedPolicy: (_, client, token) => client.clientAuthMethod !== 'none' && token.clientId === client.clientId,
      },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
      pushedAuthorizationRequests: { enabled: true },
      registration: { enabled: false },
      userinfo: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx) => {
          ctx.body = parts.pages.signOut(ctx)
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.type = 'html'
          ctx.body = parts.pages.signedOut(ctx)
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => parts.origin,
        useGrantedResource: (_, source) => parts.permissions.some((permission) => source.scopes.has(permission)),
        getResourceServerInfo: async (ctx, resource, client) => {
          if (resource !== parts.origin) throw new errors.InvalidTarget()
          const known = await parts.clients.known(client.clientId)
          const lent = known?.client.scopes.filter((scope) => parts.permissions.includes(scope)) ?? []
          const params = ctx.oidc.params as { scope?: string; grant_type?: string } | undefined
          // RFC 6749, 3.3: a service that asks for nothing gets what it was lent.
          if (params !== undefined && params.grant_type === 'client_credentials') params.scope ??= lent.join(' ')
          for (const scope of (params?.scope ?? '').split(' ')) {
            if (scope !== '' && !lent.includes(scope) && !(IDENTITY_SCOPES as readonly string[]).includes(scope))
              throw new errors.InvalidScope('requested scope is not allowed', scope)
          }
          return {
            scope: lent.join(' '),
            audience: parts.audience,
            accessTokenFormat: 'jwt',
            accessTokenTTL: ACCESS_TOKEN_LIFETIME_S_MAX,
            jwt: { sign: { alg: 'ES256', kid: parts.keys.signer().kid } },
          }
        },
      },
    },
  }

  const provider = new PlinthProvider(parts.origin, configuration)
  mendSessions(provider, configuration.cookies?.long)
  const { clients } = parts
  provider.Client.prototype.compareClientSecret = function (this: { clientSecret?: string }, secret: string) {
    return clients.isSecret(this.clientSecret ?? '', secret)
  }
  provider.on('server_error', (ctx, error) => parts.onFault(error, ctx.req as unknown as ProviderRequest))
  // What Koa has nobody else for; without a listener it would print.
  ;(provider as EventEmitter).on('error', (error: unknown) => parts.onFault(error, undefined))
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.path.startsWith('/.well-known/') && typeof ctx.body === 'object' && ctx.body !== null)
      ctx.body = withOurWords(ctx.body as Readonly<Record<string, unknown>>, parts.permissions)
    if (typeof ctx.body === 'string' && ctx.body.includes(SELF_POSTING))
      ctx.body = parts.pages.goOn(ctx as unknown as KoaContextWithOIDC)
  })
  return provider
}

interface LibrarySession {
  readonly id: string
  readonly exp?: number
  save(ttl: number): Promise<unknown>
  persist(): Promise<unknown>
}

/**
 * Lets a browser without a session fail on the pages for devices.
 *
 * The library shows the form again, with a secret in a session that it has neither saved nor told the browser of, and then fails to save it.
 */
function mendSessions(provider: LibraryProvider, cookie: NonNullable<Configuration['cookies']>['long']): void {
  const prototype = provider.Session.prototype as unknown as LibrarySession
  const { persist } = prototype
  prototype.persist = async function (this: LibrarySession) {
    if (typeof this.exp === 'number') return persist.call(this)
    await this.save(BROWSER_LIFETIME_S)
    // The same as `Provider.ctx`, with the types of a route.
    const ctx = loaded?.Provider.ctx as KoaContextWithOIDC | undefined
    ctx?.oidc.cookies.set(provider.cookieName('session'), this.id, cookie)
    return undefined
  }
}

/** The request that the library is answering, for what happens deep within; undefined outside of one. */
export function currentRequest(): ProviderRequest | undefined {
  return loaded?.Provider.ctx?.req as ProviderRequest | undefined
}

/** The library writes of what it could do; this server can less. */
function withOurWords(document: Readonly<Record<string, unknown>>, permissions: readonly string[]) {
  return {
    ...document,
    response_modes_supported: ['query'],
    scopes_supported: [...IDENTITY_SCOPES, ...permissions],
    token_endpoint_auth_signing_alg_values_supported: undefined,
    claims_supported: ['sub', 'name', 'email', 'email_verified', 'iss', 'auth_time', 'amr'],
  }
}

type Source = { readonly grantId?: string | undefined } | undefined

async function findAccount(
  { accounts, accountPrefix, grants }: ProviderParts,
  ctx: KoaContextWithOIDC,
  subject: string,
  source: Source,
  errors: Library['errors'],
) {
  const id = decodeTypeId(accountPrefix, subject)
  const account = id === undefined ? undefined : await accounts.findById(id)
  if (account === undefined || account.isSuspended) return undefined
  const { route, session } = ctx.oidc
  if (route === 'token') {
    // The session that the grant stands for: it ends when its owner says so, or the password changes.
    if (source?.grantId === undefined || !(await grants.touch(source.grantId))) throw new errors.InvalidGrant()
  } else if (session?.loginTs !== undefined && !(await grants.isSignInValid(account.id, session.loginTs))) {
    return undefined
  }
  return { accountId: subject, account, claims: (use: string, scope: string) => identityClaims(account, use, scope) }
}

function identityClaims(account: Account, _use: string, scope: string) {
  const asked = new Set(scope.split(' '))
  return {
    sub: account.subject,
    ...(asked.has('profile') && account.displayName !== null && { name: account.displayName }),
    ...(asked.has('email') && { email: account.login, email_verified: account.isVerified }),
  }
}

interface TokenPayload {
  readonly iat?: number
  readonly exp?: number
}

function accessClaims(
  { origin, audience, roles, newId }: ProviderParts,
  ctx: KoaContextWithOIDC,
  token: {
    readonly kind: string
    readonly scopes: Set<string>
    readonly clientId?: string | undefined
    readonly grantId?: string
  },
  { iat = 0, exp = 0 }: TokenPayload,
) {
  const clientId = token.clientId ?? ''
  const grant = {
    issuer: origin,
    audience,
    clientId,
    jti: newId(),
    issuedAtS: iat,
    expiresAtS: exp,
    scopes: [...token.scopes].filter((scope) => scope !== ''),
  }
  if (token.kind === 'ClientCredentials') return serviceClaims(grant)
  const { Account: found, AuthorizationCode, RefreshToken, DeviceCode } = ctx.oidc.entities
  const account = found?.['account'] as Account
  const source = AuthorizationCode ?? DeviceCode ?? RefreshToken
  const isNative = ctx.oidc.client?.applicationType === 'native' || ctx.oidc.client?.grantTypeAllowed(DEVICE_GRANT) === true
  return userClaims({
    ...grant,
    subject: account.subject,
    role: account.role,
    rolePermissions: roles[account.role] ?? [],
    sessionId: token.grantId ?? '',
    device: isNative ? 'native' : 'browser',
    authenticatedAtS: source?.authTime ?? iat,
    amr: source?.amr ?? [],
  })
}
