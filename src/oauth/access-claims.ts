/** The claims of access tokens: what a person's role allows, narrowed to what the client asked for; what a service was lent. */

/** How a token came to be. */
export interface AccessGrant {
  readonly issuer: string
  readonly audience: string
  readonly clientId: string
  /** Of the token: a UUID, so that it can be revoked by the same feed as all else. */
  readonly jti: string
  readonly issuedAtS: number
  readonly expiresAtS: number
  /** The permissions that were granted. */
  readonly scopes: readonly string[]
}

export interface UserGrant extends AccessGrant {
  readonly subject: string
  readonly role: string
  /** What the role may do. */
  readonly rolePermissions: readonly string[]
  readonly sessionId: string
  readonly device: 'browser' | 'native'
  /** What of the person it may be told: `openid`, `email` … */
  readonly identityScopes: readonly string[]
  readonly authenticatedAtS: number
  readonly amr: readonly string[]
}

export type AccessClaims = Readonly<Record<string, unknown>>

/** A client never gets more than the person has, nor more than it asked for: without a permission there is no role either. */
export function userClaims(grant: UserGrant): AccessClaims {
  const asked = new Set(grant.scopes)
  const permissions = grant.rolePermissions.filter((permission) => asked.has(permission))
  return {
    ...shared(grant, grant.subject),
    roles: permissions.length === 0 ? [] : [grant.role],
    permissions,
    scope: [...grant.identityScopes, ...permissions].join(' '),
    sid: grant.sessionId,
    device: grant.device,
    auth_time: grant.authenticatedAtS,
    amr: grant.amr,
    ...(grant.amr.includes('mfa') && { mfa_at: grant.authenticatedAtS }),
  }
}

/** A service acts for itself: `sub` is its own `client_id`. */
export function serviceClaims(grant: AccessGrant): AccessClaims {
  return { ...shared(grant, grant.clientId), roles: [], permissions: grant.scopes, device: 'service' }
}

function shared({ issuer, audience, clientId, jti, issuedAtS, expiresAtS }: AccessGrant, subject: string): AccessClaims {
  return { iss: issuer, aud: audience, sub: subject, client_id: clientId, iat: issuedAtS, nbf: issuedAtS, exp: expiresAtS, jti }
}
