/**
 * What this authorization server can do, in the words of the library, and all that it refuses.
 *
 * It knows the code flow with PKCE, client credentials and device codes, nothing else.
 */
import type { Configuration } from 'oidc-provider'
import { ACCESS_TOKEN_LIFETIME_S_MAX } from '../auth/index.ts'
import { BROWSER_LIFETIME_S, INTERACTION_LIFETIME_S } from './grant-sessions.ts'
import { accessClaims, findAccount } from './provider-accounts.ts'
import type { Library, ProviderParts } from './provider-parts.ts'
import type { ProviderRequest } from './run-provider.ts'
import { IDENTITY_SCOPES } from './scopes.ts'

/** RFC 6749, 4.1.2 allows ten minutes; a redirect takes a second. */
const CODE_LIFETIME_S = 60
const DEVICE_CODE_LIFETIME_S = 600
/** JWT-02: whatever came of a consent ends after thirty days. */
const GRANT_LIFETIME_S = 30 * 86_400

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

/** @param library loaded before, since it is large */
export function createConfiguration(parts: ProviderParts, library: Library): Configuration {
  const { errors } = library
  const isHttps = parts.origin.startsWith('https:')
  return {
    adapter: (kind) => parts.createAdapter(kind, errors, () => library.Provider.ctx?.oidc.route),
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
    interactions: { policy: createPolicy(library), url: (_, interaction) => `/oauth/interaction/${interaction.uid}` },
    renderError: (ctx, out, fault) => {
      ctx.type = 'html'
      ctx.body = parts.pages.error(ctx, out, fault)
    },
    features: createFeatures(parts, errors),
  }
}

function createPolicy({ interactionPolicy }: Library) {
  const policy = interactionPolicy.base()
  // The account behind a browser's session is gone, suspended, or has another password since.
  policy
    .get('login')
    ?.checks.add(
      new interactionPolicy.Check(
        'account_gone',
        'End-User authentication is required',
        (ctx) => ctx.oidc.session?.accountId !== undefined && ctx.oidc.account === undefined,
      ),
    )
  return policy
}

function createFeatures(parts: ProviderParts, errors: Library['errors']): Configuration['features'] {
  return {
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
  }
}
