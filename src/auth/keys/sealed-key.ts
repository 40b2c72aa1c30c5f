/**
 * One key that signs tokens: how it is made, sealed for the database, and opened again.
 *
 * Invariant: the public part follows from the sealed private one, never from what stands beside it in the table; and the name of a key is the
 * thumbprint of its public part (RFC 7638). So whoever can write to the table, and has not the secret, cannot add a key that is believed.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { JwkSet } from '../keys.ts'
import type { Vault } from '../vault.ts'

export type Jwk = JwkSet['keys'][number]

/** A key whose private part is at hand. */
export interface OpenKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicJwk: Jwk
}

const PURPOSE = 'signing-key'

export function makeKey(): OpenKey {
  return describeKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
}

/** PKCS #8, sealed. */
export function sealKey({ privateKey }: OpenKey, vault: Vault): string {
  return vault.seal(PURPOSE, privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64url'))
}

/** @throws a sentence for the operator when it was sealed with another secret, or when it is not the key of this name */
export function openKey(kid: string, sealed: string, vault: Vault): OpenKey {
  const der = Buffer.from(vault.open(PURPOSE, sealed), 'base64url')
  const key = describeKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  if (key.kid !== kid)
    throw new Error(
      `Cannot use the signing key "${kid}": what is sealed under this name is the key "${key.kid}", expected the name that follows from the key`,
    )
  return key
}

/** Both parts, for a library that signs by itself. */
export function renderPrivateJwk({ privateKey, publicJwk }: OpenKey): Jwk {
  return { ...publicJwk, ...(privateKey.export({ format: 'jwk' }) as JsonWebKey) }
}

function describeKey(privateKey: KeyObject): OpenKey {
  const { crv, kty, x, y } = createPublicKey(privateKey).export({ format: 'jwk' })
  const parts = { crv, kty, x, y } as JsonWebKey
  const kid = createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
  return { kid, privateKey, publicJwk: Object.freeze({ ...parts, kid, alg: 'ES256', use: 'sig' }) }
}
