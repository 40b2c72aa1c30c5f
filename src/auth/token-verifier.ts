/** Verifies access tokens. One that was good is remembered until it ends; its end and its standing are looked at every time. */
import { type Clock, PlinthError } from '../kernel/index.ts'
import { type Actor, NOBODY } from '../model/index.ts'
import type { AccessToken } from './access-token.ts'
import { readBearer, sliceBearer } from './bearer.ts'
import { type ClaimRules, readClaims } from './claims.ts'
import { type JwkSet, joinKeySets, readKeySet, type VerificationKey } from './keys.ts'
import { RecentTokens } from './recent-tokens.ts'
import { readKeyName, readSignedToken } from './signature.ts'

/** Says whom a token stands for now: the claims are what was true when it was made. */
export interface TokenKeeper {
  /**
   * The actor; at once while nothing has changed since the last use.
   *
   * @throws `AUTH_TOKEN_INVALID` for a token that was revoked, `AUTH_ACCOUNT_SUSPENDED`, `DEPENDENCY_UNAVAILABLE`
   */
  resolve(access: AccessToken): Actor | Promise<Actor>
}

/** Somebody whose tokens are believed. */
export interface TrustedIssuer {
  /** The exact `iss`. */
  readonly issuer: string
  /** Public keys, each with a `kid`: P-256 for ES256, RSA of 2048 bits or more for RS256. They vouch for this issuer only. */
  readonly keys: JwkSet
  /** For tokens of this installation's own, which must be of type `at+jwt`. Without it, claims are believed until they end. */
  readonly standing?: TokenKeeper
  /** Looks for a key that is not known yet; undefined when there is no hope. Resolves once `replaceKeys` was called, or needs not be. */
  readonly learnKey?: (kid: string) => Promise<void> | undefined
}

export interface TokenVerifierOptions {
  /** At least one; no two with one name, and no two with a key of one name. */
  readonly issuers: readonly TrustedIssuer[]
  /** What `aud` must hold. */
  readonly audience: string
  readonly clock: Pick<Clock, 'now'>
  /** Seconds by which clocks may differ; default 5. */
  readonly leewayS?: number
  /** Tokens that are remembered; default 10,000, at about 1 KiB each. */
  readonly cacheMax?: number
  /** Asked on every use of a token. */
  readonly isRevoked?: (jti: string) => boolean
}

export interface TokenVerifier {
  /**
   * The actor whom the token names; the same object each time while the token is remembered and nothing has changed. A promise only where
   * the database has to be asked.
   *
   * @throws `AUTH_TOKEN_INVALID`, `AUTH_TOKEN_EXPIRED`, and what its standing says
   */
  verify(token: string): Actor | Promise<Actor>
  /** The same for a whole `Authorization` header; without one it is nobody who asks. Fits `authenticate` of the HTTP server. */
  authenticate(authorization: string | undefined): Actor | Promise<Actor>
  /**
   * Takes a new key set of an issuer, as after a rotation; tokens of keys that are gone are refused from now on.
   * @throws for an unknown issuer, and for a key that must not be used; the former set stays then
   */
  replaceKeys(issuer: string, keys: JwkSet): void
}

/** A token that was good, with whoever is asked of its standing. */
interface Known {
  readonly access: AccessToken
  readonly standing: TokenKeeper | undefined
}

interface Trust extends TrustedIssuer {
  readonly rules: ClaimRules
}

const LEEWAY_S = 5
/** Longer tokens are attacks: 32 roles and 256 permissions fit easily. */
const TOKEN_LENGTH_MAX = 8_192
const CACHE_MAX = 10_000

/**
 * Makes a verifier. Cost of a remembered token: about 1 µs; of a new one: one signature check, about 100 µs.
 *
 * @example
 * const verifier = createTokenVerifier({ issuers: [{ issuer: 'https://id.example.com', keys }], audience: 'blog', clock })
 * const actor = await verifier.authenticate(request.headers.authorization)
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { audience, clock, leewayS = LEEWAY_S, isRevoked } = options
  const known = new RecentTokens<Known>(options.cacheMax ?? CACHE_MAX)
  const trusted = readTrust(options.issuers, audience, leewayS)
  const sets = new Map(options.issuers.map(({ issuer, keys }) => [issuer, readKeySet(issuer, keys)]))
  let keys = joinKeySets(sets.values())

  const use = ({ access, standing }: Known): Actor | Promise<Actor> => {
    if (clock.now() >= access.endS * 1_000) throw new PlinthError('AUTH_TOKEN_EXPIRED')
    if (isRevoked?.(access.jti) === true)
      throw new PlinthError('AUTH_TOKEN_INVALID', 'The access token is not valid: it was revoked')
    return standing === undefined ? access.actor : standing.resolve(access)
  }
  const accept = (token: string): Actor | Promise<Actor> | undefined => {
    const signed = readSignedToken(token, keys)
    const trust = signed === undefined ? undefined : trusted.get(signed.issuer)
    if (signed === undefined || trust === undefined) return undefined
    const accepted = { access: readClaims(signed, trust.rules, clock.now() / 1_000), standing: trust.standing }
    known.set(token, accepted)
    return use(accepted)
  }
  const learn = (token: string): Promise<unknown> | undefined => {
    const kid = readKeyName(token)
    if (kid === undefined || keys.has(kid)) return undefined
    const learning = options.issuers.flatMap(({ learnKey }) => learnKey?.(kid) ?? [])
    return learning.length === 0 ? undefined : Promise.all(learning)
  }
  const verify = (token: string): Actor | Promise<Actor> => {
    const remembered = known.get(token)
    if (remembered !== undefined) return use(remembered)
    if (token.length > TOKEN_LENGTH_MAX)
      throw new PlinthError('AUTH_TOKEN_INVALID', 'The access token is not valid: it is longer than 8192 characters')
    const actor = accept(token)
    if (actor !== undefined) return actor
    const learning = learn(token)
    if (learning === undefined) throw new PlinthError('AUTH_TOKEN_INVALID')
    return learning.then(() => {
      const learned = accept(token)
      if (learned === undefined) throw new PlinthError('AUTH_TOKEN_INVALID')
      return learned
    })
  }

  return {
    verify,
    authenticate(authorization) {
      if (authorization === undefined) return NOBODY
      const token = sliceBearer(authorization)
      const remembered = token === undefined ? undefined : known.get(token)
      if (remembered !== undefined) return use(remembered)
      return verify(readBearer(authorization) ?? '')
    },
    replaceKeys(issuer, set) {
      const former = sets.get(issuer)
      if (former === undefined)
        throw new TypeError(
          `Cannot take keys of "${issuer}": nobody of this name is trusted, expected ${[...sets.keys()].join(', ')}`,
        )
      const current = readKeySet(issuer, set)
      keys = joinKeySets(new Map(sets).set(issuer, current).values())
      sets.set(issuer, current)
      const lost = lostKeys(former, current)
      if (lost.size > 0) known.forget(({ access }) => access.issuer === issuer && lost.has(access.kid))
    },
  }
}

function readTrust(issuers: readonly TrustedIssuer[], audience: string, leewayS: number): ReadonlyMap<string, Trust> {
  const trusted = new Map<string, Trust>()
  for (const one of issuers) {
    const { issuer, standing } = one
    if (trusted.has(issuer)) throw new TypeError(`Cannot trust "${issuer}" twice: expected each issuer once, with all its keys`)
    trusted.set(issuer, { ...one, rules: { issuer, audience, leewayS, isOwnType: standing !== undefined } })
  }
  return trusted
}

/** The names under which there is no key any more, or another one. */
function lostKeys(
  former: ReadonlyMap<string, VerificationKey>,
  current: ReadonlyMap<string, VerificationKey>,
): ReadonlySet<string> {
  return new Set([...former].filter(([kid, { key }]) => current.get(kid)?.key.equals(key) !== true).map(([kid]) => kid))
}
