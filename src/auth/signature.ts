/** Takes a signed token apart and checks its signature. Knows JWS, and nothing of what the claims mean. */
import { verify } from 'node:crypto'
import type { VerificationKey } from './keys.ts'

/** The parts of a token whose signature is good. */
export interface SignedToken {
  readonly type: string
  readonly kid: string
  /** Of the key that signed it, whatever the token itself claims. */
  readonly issuer: string
  readonly claims: Readonly<Record<string, unknown>>
}

/** Three parts of base64url without padding. */
const FORM = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/
/** A header may name keys of its own or ask for processing that is not done here: each is a known way in. */
const REFUSED_HEADERS = ['crit', 'jku', 'jwk', 'x5u', 'x5c', 'zip', 'enc', 'b64', 'cty']
/** Two numbers of 32 bytes. OpenSSL refuses zero and what is not below the order of the curve. */
const ES256_SIGNATURE_BYTES = 64

/** Undefined for anything that is not exactly a token signed by one of the keys. */
export function readSignedToken(token: string, keys: ReadonlyMap<string, VerificationKey>): SignedToken | undefined {
  const [, rawHeader, rawClaims, rawSignature] = FORM.exec(token) ?? []
  if (rawHeader === undefined || rawClaims === undefined || rawSignature === undefined) return undefined
  const header = readObject(rawHeader)
  const signature = decode(rawSignature)
  if (header === undefined || signature === undefined) return undefined
  const { alg, kid, typ } = header
  if (typeof kid !== 'string' || typeof typ !== 'string' || REFUSED_HEADERS.some((name) => Object.hasOwn(header, name)))
    return undefined
  // A look-up in the set and nothing else: never a path, a query or an address.
  const key = keys.get(kid)
  if (key === undefined || alg !== key.algorithm) return undefined
  if (!isSignedBy(key, `${rawHeader}.${rawClaims}`, signature)) return undefined
  const claims = readObject(rawClaims)
  return claims === undefined ? undefined : { type: typ.toLowerCase(), kid, issuer: key.issuer, claims }
}

/** The name of the key that a token says it was signed with; nothing of it is checked. */
export function readKeyName(token: string): string | undefined {
  const header = readObject(token.slice(0, Math.max(0, token.indexOf('.'))))
  return typeof header?.['kid'] === 'string' ? header['kid'] : undefined
}

function isSignedBy({ algorithm, key }: VerificationKey, input: string, signature: Buffer): boolean {
  const bytes = Buffer.from(input, 'ascii')
  if (algorithm === 'RS256') return verify('sha256', bytes, key, signature)
  return signature.length === ES256_SIGNATURE_BYTES && verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/** Bytes have one text only: stray bits in the last character would make a second spelling of the same token. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readObject(text: string): Record<string, unknown> | undefined {
  const bytes = decode(text)
  if (bytes === undefined) return undefined
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
