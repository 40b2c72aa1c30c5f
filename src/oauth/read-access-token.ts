/** Reads signed access tokens for the endpoints that take any token: introspection, revocation, userinfo. */

import type { AdapterPayload } from 'oidc-provider'
import { ACCESS_TOKEN_LIFETIME_S_MAX, type RevokedTokens } from '../auth/index.ts'
import { isUuid, toPlinthError } from '../kernel/index.ts'
import type { Actor } from '../model/index.ts'
import type { Artifacts } from './artifacts.ts'

export interface AccessTokenReader {
  isSigned(token: string): boolean
  /** The token as the library keeps its own; undefined for one that is not good, or of another kind. */
  read(kind: 'AccessToken' | 'ClientCredentials', token: string, route: string | undefined): Promise<AdapterPayload | undefined>
  /** Refuses a signed token from now on, by its `jti`. */
  revoke(jti: string): Promise<void>
}

export interface AccessTokenReaderParts {
  readonly revoked: Pick<RevokedTokens, 'revoke'>
  readonly clock: { now(): number }
  readonly artifacts: Artifacts
  /** Judges an `Authorization` header as every surface does. @throws `AUTH_*` */
  readonly authenticate: (authorization: string) => Actor | Promise<Actor>
}

/** The library refuses what looks like a signed token before it asks its store; with this in front it no longer does. */
const MARK = 'signed:'
const FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** Marks the token of a form where it is signed, so that introspection and revocation take it. All else stays. */
export function markSigned(form: Buffer): Buffer {
  const marked = new URLSearchParams()
  for (const [name, value] of new URLSearchParams(form.toString('utf8')))
    marked.append(name, name === 'token' && FORM.test(value) ? MARK + value : value)
  return Buffer.from(marked.toString())
}

export function createAccessTokenReader(parts: AccessTokenReaderParts): AccessTokenReader {
  const { revoked, clock, artifacts, authenticate } = parts
  return {
    isSigned: (token) => FORM.test(unmark(token)),
    async read(kind, marked, route) {
      const token = unmark(marked)
      try {
        await authenticate(`Bearer ${token}`)
      } catch (error) {
        // A token that is not good is an answer here; a database that is away is none.
        if (toPlinthError(error).status === 401) return undefined
        throw error
      }
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims
      const isService = claims.sub === claims.client_id
      if (claims.client_id === undefined || isService !== (kind === 'ClientCredentials')) return undefined
      const isUserinfo = route === 'userinfo'
      const grant = claims.sid === undefined ? undefined : await artifacts.find('Grant', claims.sid)
      const lent = (grant as { readonly openid?: { readonly scope?: string } } | undefined)?.openid?.scope ?? ''
      // What the token was asked for, as far as it is still lent: a token for posts alone tells nobody an address.
      const asked = new Set(claims.scope?.split(' '))
      const openid = lent.split(' ').filter((scope) => asked.has(scope))
      return {
        kind,
        jti: claims.jti,
        clientId: claims.client_id,
        iat: claims.iat,
        exp: claims.exp,
        // The endpoint for what is known of the person takes tokens without an audience; ours is the same service.
        ...(!isUserinfo && { aud: claims.aud }),
        scope: [...openid, ...claims.permissions].join(' '),
        ...(!isService && { accountId: claims.sub, grantId: claims.sid }),
        extra: { sub: claims.sub, roles: claims.roles, permissions: claims.permissions, token_use: 'access' },
      }
    },
    async revoke(jti) {
      // The names of stored tokens are secrets; those of signed ones are ids.
      if (!isUuid(jti)) return
      await revoked.revoke(jti, clock.now() + ACCESS_TOKEN_LIFETIME_S_MAX * 1_000)
    },
  }
}

interface Claims {
  readonly sub: string
  readonly client_id?: string
  readonly sid?: string
  readonly scope?: string
  readonly jti: string
  readonly iat: number
  readonly exp: number
  readonly aud: string
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
}

function unmark(token: string): string {
  return token.startsWith(MARK) ? token.slice(MARK.length) : token
}
