/** Mints the access tokens of a run, with a key that lives as long as the run. */
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { encodeTypeId } from '../src/kernel/index.ts'

export type Role = 'admin' | 'editor' | 'viewer'

/** As `examples/blog` gives them. */
const PERMISSIONS: Record<Role, readonly string[]> = {
  admin: ['users:read', 'users:write', 'posts:read', 'posts:write', 'posts:delete'],
  editor: ['posts:read', 'posts:write'],
  viewer: ['posts:read'],
}

export interface Issuer {
  readonly issuer: string
  readonly audience: string
  readonly publicJwk: JWK
  token(userId: string, role: Role): Promise<string>
}

/** Below the fifteen minutes that an access token may live; each round mints its own. */
const LIFETIME = '10m'
const KEY_ID = 'bench'

export async function createIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const publicJwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'ES256', use: 'sig' }
  const issuer = 'https://bench.example'
  const audience = 'blog'
  const token: Issuer['token'] = (userId, role) =>
    new SignJWT({ roles: [role], permissions: PERMISSIONS[role] })
      .setProtectedHeader({ alg: 'ES256', kid: KEY_ID, typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(encodeTypeId('usr', userId))
      .setIssuedAt()
      .setNotBefore('0s')
      .setExpirationTime(LIFETIME)
      .setJti(crypto.randomUUID())
      .sign(privateKey)
  return { issuer, audience, publicJwk, token }
}
