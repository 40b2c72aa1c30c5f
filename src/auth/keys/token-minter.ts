/** Makes the access tokens of this installation: which claims stand in them, and that they end. Signs at once, without a promise. */
import { randomBytes, sign } from 'node:crypto'
import type { Device } from '../../model/index.ts'
import { LIFETIME_S_MAX } from '../claims.ts'
import type { IdentityScope } from '../ports.ts'
import type { AccessTokens } from '../sessions/sessions.ts'
import type { OpenKey } from './sealed-key.ts'

/** The sign-in that a token belongs to. */
export interface MintedSession {
  /** Null for a service, which has none. */
  readonly id: string | null
  /** The OAuth client that acts; equal to the subject for a service. */
  readonly clientId: string | null
  readonly device: Device
  readonly amr: readonly string[]
  readonly authenticatedAtMs: number | null
  readonly secondFactorAtMs: number | null
}

export interface MintOrder {
  /** `usr_…`, or a service's client id. */
  readonly subject: string
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  readonly session: MintedSession
  /** Default that of the installation. */
  readonly audience?: string
  /** Default and most: 900. */
  readonly lifetimeS?: number
}

export interface MintedToken {
  readonly token: string
  readonly jti: string
  readonly expiresInS: number
}

export interface TokenMinterParts {
  readonly scope: Pick<IdentityScope, 'issuer' | 'audience' | 'clock'>
  readonly keys: { signer(): OpenKey }
}

/** 128 bits: no two tokens share one, and nobody guesses one. */
const JTI_BYTES = 16

export class TokenMinter implements AccessTokens {
  readonly #parts: TokenMinterParts

  constructor(parts: TokenMinterParts) {
    this.#parts = parts
  }

  /**
   * Makes a token of type `at+jwt` (RFC 9068), signed with ES256 by the key that signs now. Cost: one signature, about 50 µs.
   *
   * `nbf` is the present second: whoever verifies allows for clocks that differ.
   *
   * @throws RangeError for a lifetime of more than 900 s or none
   */
  mint({ subject, roles, permissions, session, audience, lifetimeS = LIFETIME_S_MAX }: MintOrder): MintedToken {
    if (!(lifetimeS > 0 && lifetimeS <= LIFETIME_S_MAX))
      throw new RangeError(`Cannot mint a token for ${lifetimeS} s: expected more than 0 and at most ${LIFETIME_S_MAX}`)
    const { scope, keys } = this.#parts
    const nowS = Math.floor(scope.clock.now() / 1_000)
    const jti = randomBytes(JTI_BYTES).toString('base64url')
    const { kid, privateKey } = keys.signer()
    const claims = {
      iss: scope.issuer,
      aud: audience ?? scope.audience,
      sub: subject,
      roles,
      permissions,
      iat: nowS,
      nbf: nowS,
      exp: nowS + lifetimeS,
      jti,
      ...renderSession(session),
    }
    const input = `${encode({ alg: 'ES256', typ: 'at+jwt', kid })}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return { token: `${input}.${signature.toString('base64url')}`, jti, expiresInS: lifetimeS }
  }
}

/** What is not known is left out. */
function renderSession({ id, clientId, device, amr, authenticatedAtMs, secondFactorAtMs }: MintedSession) {
  return {
    device,
    ...(id !== null && { sid: id }),
    ...(clientId !== null && { client_id: clientId }),
    ...(amr.length > 0 && { amr }),
    ...(authenticatedAtMs !== null && { auth_time: Math.floor(authenticatedAtMs / 1_000) }),
    ...(secondFactorAtMs !== null && { mfa_at: Math.floor(secondFactorAtMs / 1_000) }),
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
