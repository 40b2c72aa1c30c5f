/** What the library learns of accounts: whether one may go on, what is told of it, and the claims of its access tokens. */
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Account } from '../auth/index.ts'
import { decodeTypeId } from '../kernel/index.ts'
import { serviceClaims, userClaims } from './access-claims.ts'
import type { Library, ProviderParts } from './provider-parts.ts'
import { IDENTITY_SCOPES } from './scopes.ts'

/** Whether an account may go on, and what is told of it: undefined asks whoever sits there to sign in. */
export async function findAccount(
  { accounts, accountPrefix, grants }: Pick<ProviderParts, 'accounts' | 'accountPrefix' | 'grants'>,
  ctx: KoaContextWithOIDC,
  subject: string,
  source: { readonly grantId?: string | undefined } | undefined,
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
  return { accountId: subject, account, claims: (_: string, scope: string) => identityClaims(account, scope) }
}

function identityClaims(account: Account, scope: string) {
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

/** The claims of a signed access token, from what the library knows when it makes one. */
export function accessClaims(
  { origin, audience, roles, newId }: Pick<ProviderParts, 'origin' | 'audience' | 'roles' | 'newId'>,
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
  return userClaims({
    ...grant,
    subject: account.subject,
    role: account.role,
    rolePermissions: roles[account.role] ?? [],
    identityScopes: IDENTITY_SCOPES.filter((scope) => isAsked(ctx, source?.scopes, scope)),
    sessionId: token.grantId ?? '',
    device: ctx.oidc.client?.applicationType === 'native' ? 'native' : 'browser',
    authenticatedAtS: source?.authTime ?? iat,
    amr: source?.amr ?? [],
  })
}

/** Whether a scope belongs to the token: it came with the code, or with the refresh token, and was not left out of this request. */
function isAsked(ctx: KoaContextWithOIDC, held: ReadonlySet<string> | undefined, scope: string): boolean {
  const narrowed = ctx.oidc.params?.['scope']
  return held?.has(scope) === true && (typeof narrowed !== 'string' || narrowed.split(' ').includes(scope))
}
