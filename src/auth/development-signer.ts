/** Signs access tokens for development: its key is made on first use and kept in a file that only its owner can read. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../kernel/index.ts'
import { LIFETIME_S_MAX } from './claims.ts'
import type { JwkSet } from './keys.ts'

export interface DevelopmentSignerOptions {
  /** A file under the application's `.plinth/`; made, with its folder, when it is missing. */
  readonly keyFile: string
  readonly issuer: string
  readonly audience: string
  readonly clock: Pick<Clock, 'now'>
}

export interface TokenOrder {
  /** `usr_…`, as in the database. */
  readonly subject: string
  readonly roles?: readonly string[]
  readonly permissions?: readonly string[]
  /** Default and most: 900. */
  readonly ttlS?: number
}

export interface DevelopmentSigner {
  mintToken(order: TokenOrder): string
  /** What a verifier needs: the public key only. */
  publicJwks(): JwkSet
}

/** Opens or makes the key. @throws when the file can be read by others, or holds no P-256 key */
export function createDevelopmentSigner({ keyFile, issuer, audience, clock }: DevelopmentSignerOptions): DevelopmentSigner {
  const key = openKey(keyFile)
  const { crv, kty, x, y } = createPublicKey(key).export({ format: 'jwk' })
  // RFC 7638: the name of a key follows from the key.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  const jwk: JwkSet['keys'][number] = { ...({ crv, kty, x, y } as JsonWebKey), kid, alg: 'ES256', use: 'sig' }
  const header = encode({ alg: 'ES256', typ: 'at+jwt', kid })

  return {
    mintToken({ subject, roles = [], permissions = [], ttlS = LIFETIME_S_MAX }) {
      if (!(ttlS > 0 && ttlS <= LIFETIME_S_MAX))
        throw new RangeError(`Cannot mint a token for ${ttlS} s: expected more than 0 and at most ${LIFETIME_S_MAX}`)
      const nowS = Math.floor(clock.now() / 1_000)
      const claims = {
        iss: issuer,
        aud: audience,
        sub: subject,
        roles,
        permissions,
        iat: nowS,
        nbf: nowS,
        exp: nowS + ttlS,
        jti: randomUUID(),
      }
      const input = `${header}.${encode(claims)}`
      return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    },
    publicJwks: () => ({ keys: [jwk] }),
  }
}

function openKey(keyFile: string): KeyObject {
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  try {
    // Fails when the file is there: of two processes that start at once, one makes the key and both use it.
    writeFileSync(keyFile, `${JSON.stringify(privateKey.export({ format: 'jwk' }))}\n`, { mode: 0o600, flag: 'wx' })
    return privateKey
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const mode = statSync(keyFile).mode & 0o777
  if ((mode & 0o077) !== 0) {
    throw new Error(
      `Cannot use the key file "${keyFile}": its mode is ${mode.toString(8)}, expected 600. Run: chmod 600 ${keyFile}`,
    )
  }
  const key = createPrivateKey({ key: JSON.parse(readFileSync(keyFile, 'utf8')) as JsonWebKey, format: 'jwk' })
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error(`Cannot use the key file "${keyFile}": it holds no P-256 key. Delete it, and a new one is made`)
  }
  return key
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
