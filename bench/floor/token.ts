/** Verifies ES256 access tokens, and remembers those that it has verified until they expire. */
import { importJWK, type JWK, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { decodeTypeId } from '../../src/kernel/index.ts'

export interface Actor {
  /** As the token names its bearer. */
  readonly subject: string
  /** The subject, as a UUID of the database. */
  readonly id: string
  readonly isAdmin: boolean
  readonly isEditor: boolean
  readonly expiresAtS: number
  readonly tokenId: string
}

export interface TokenVerifier {
  /** The bearer of a token that was verified before; undefined when it is new or has expired since. */
  known(token: string): Actor | undefined
  check(token: string): Promise<Actor>
}

export async function tokenVerifier(publicKey: JWK, issuer: string, audience: string): Promise<TokenVerifier> {
  const key = await importJWK(publicKey, 'ES256')
  const verified = new LRUCache<string, Actor>({ max: 10_000 })
  const revoked = new Set<string>()

  return {
    known(token) {
      const actor = verified.get(token)
      if (actor === undefined || actor.expiresAtS * 1000 <= Date.now() || revoked.has(actor.tokenId)) return undefined
      return actor
    },
    async check(token) {
      const requiredClaims = ['sub', 'exp', 'iat', 'jti']
      const { payload } = await jwtVerify(token, key, { issuer, audience, algorithms: ['ES256'], requiredClaims })
      const { sub = '', exp, jti, roles, permissions } = payload
      const id = decodeTypeId('usr', sub)
      if (id === undefined || exp === undefined || jti === undefined || revoked.has(jti)) throw new Error('The token is not ours')
      const may = (role: string, permission: string): boolean =>
        Array.isArray(roles) && roles.includes(role) && Array.isArray(permissions) && permissions.includes(permission)
      const actor = {
        subject: sub,
        id,
        isAdmin: may('admin', 'posts:write'),
        isEditor: may('editor', 'posts:write'),
        expiresAtS: exp,
        tokenId: jti,
      }
      verified.set(token, actor)
      return actor
    },
  }
}
