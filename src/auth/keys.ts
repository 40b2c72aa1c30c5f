/**
 * The keys that tokens may be signed with, each bound to one algorithm and one issuer.
 *
 * Invariant: the algorithm of a check comes from the key and never from the token. The failure it prevents: a public RSA key
 * taken for the secret of HS256, and `alg: none`. @see https://www.rfc-editor.org/rfc/rfc8725#section-3.1
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

export type TokenAlgorithm = 'ES256' | 'RS256'

/** A JWK set with public keys; each needs a `kid`. */
export interface JwkSet {
  readonly keys: readonly (JsonWebKey & { readonly kid?: string; readonly alg?: string; readonly use?: string })[]
}

export interface VerificationKey {
  /** The one issuer whose tokens it vouches for. */
  readonly issuer: string
  readonly algorithm: TokenAlgorithm
  readonly key: KeyObject
}

/** NIST SP 800-131A: less is broken within reach. */
const RSA_BITS_MIN = 2_048

/** Reads a key set; throws a sentence for the operator when a key of it must not be used. */
export function readKeySet(issuer: string, set: JwkSet): ReadonlyMap<string, VerificationKey> {
  const keys = new Map<string, VerificationKey>()
  for (const jwk of set.keys) {
    const kid = jwk.kid
    if (typeof kid !== 'string' || kid === '')
      throw new TypeError('Cannot use a key without `kid`: expected a name that tokens refer to')
    if (keys.has(kid)) throw new TypeError(`Cannot use key "${kid}": another key has this \`kid\`, expected each once`)
    if (jwk['d'] !== undefined) throw new TypeError(`Cannot use key "${kid}": it is private, expected its public part`)
    if (jwk.use !== undefined && jwk.use !== 'sig')
      throw new TypeError(`Cannot use key "${kid}": its use is "${jwk.use}", expected "sig"`)
    keys.set(kid, { issuer, ...readKey(kid, jwk) })
  }
  if (keys.size === 0) throw new TypeError('Cannot verify tokens: the key set is empty, expected one public key or more')
  return keys
}

/**
 * Joins the sets of several issuers.
 * @throws where two have a key of one name: which of them vouches for a token would depend on their order
 */
export function joinKeySets(sets: Iterable<ReadonlyMap<string, VerificationKey>>): ReadonlyMap<string, VerificationKey> {
  const joined = new Map<string, VerificationKey>()
  for (const set of sets)
    for (const [kid, key] of set) {
      const other = joined.get(kid)
      if (other !== undefined)
        throw new TypeError(
          `Cannot trust both "${other.issuer}" and "${key.issuer}": each has a key "${kid}", expected names that tell whose a key is`,
        )
      joined.set(kid, key)
    }
  return joined
}

function readKey(kid: string, jwk: JwkSet['keys'][number]): Omit<VerificationKey, 'issuer'> {
  const algorithm = jwk.kty === 'EC' ? 'ES256' : jwk.kty === 'RSA' ? 'RS256' : undefined
  if (algorithm === undefined) throw new TypeError(`Cannot use key "${kid}": its type is "${jwk.kty}", expected "EC" or "RSA"`)
  if (jwk.alg !== undefined && jwk.alg !== algorithm) {
    throw new TypeError(`Cannot use key "${kid}": its algorithm is "${jwk.alg}", expected "${algorithm}"`)
  }
  // Rejects points that are not on the curve.
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  if (algorithm === 'ES256' && namedCurve !== 'prime256v1')
    throw new TypeError(`Cannot use key "${kid}": its curve is "${namedCurve}", expected P-256`)
  if (algorithm === 'RS256' && (modulusLength ?? 0) < RSA_BITS_MIN) {
    throw new TypeError(`Cannot use key "${kid}": it has ${modulusLength} bits, expected ${RSA_BITS_MIN} or more`)
  }
  return { algorithm, key }
}
