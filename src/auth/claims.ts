/** Judges the claims of an access token whose signature is good, and turns them into an actor. */
import { decodeTypeId, PlinthError } from '../kernel/index.ts'
import { type Actor, type ActorSession, DEVICES, type Device } from '../model/index.ts'
import type { AccessToken } from './access-token.ts'
import type { SignedToken } from './signature.ts'

export interface ClaimRules {
  readonly issuer: string
  readonly audience: string
  /** Seconds by which clocks may differ. */
  readonly leewayS: number
  /** Only the type of RFC 9068 will do: the same keys sign id tokens. */
  readonly isOwnType: boolean
}

/** JWT-01: an access token that leaks is of use for a quarter of an hour. */
export const LIFETIME_S_MAX = 900
const TEXT_LENGTH_MAX = 255
const ROLES_MAX = 32
const PERMISSIONS_MAX = 256
const METHODS_MAX = 16
/** A role, or a permission such as `posts:write`. */
const NAME_FORM = /^[A-Za-z0-9][A-Za-z0-9:._*/-]{0,127}$/
/** RFC 9068, and the type that most issuers still write. */
const TYPES: ReadonlySet<string> = new Set(['at+jwt', 'application/at+jwt', 'jwt'])
const OWN_TYPE = 'at+jwt'
/** Claims of an id token, a logout token or a security event: signed by the same issuer, meant for somebody else. */
const FOREIGN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'sid_hash', 'events']

/** @throws `AUTH_TOKEN_INVALID`, `AUTH_TOKEN_EXPIRED` */
export function readClaims({ type, kid, claims }: SignedToken, rules: ClaimRules, nowS: number): AccessToken {
  const { iss, aud, sub, jti, token_use: use, client_id: client } = claims
  if (rules.isOwnType ? type !== OWN_TYPE : !TYPES.has(type)) throw refuse('it is of another type, expected "at+jwt"')
  if (FOREIGN_CLAIMS.some((name) => Object.hasOwn(claims, name)) || (use !== undefined && use !== 'access')) {
    throw refuse('it is not an access token')
  }
  if (iss !== rules.issuer) throw refuse('it comes from another issuer')
  if (aud !== rules.audience && !(Array.isArray(aud) && aud.includes(rules.audience)))
    throw refuse('it is meant for another service')
  if (!isText(sub)) throw refuse('its claim "sub" is not a text of 1 to 255 characters')
  if (!isText(jti)) throw refuse('its claim "jti" is not a text of 1 to 255 characters')
  const endS = readTimes(claims, rules.leewayS, nowS)
  const session = readSession(claims, rules, nowS)
  const actor: Actor = Object.freeze({
    kind: client === sub ? 'service' : 'user',
    id: decodeTypeId(sub.slice(0, Math.max(0, sub.lastIndexOf('_'))), sub) ?? null,
    subject: sub,
    roles: readNames(claims, 'roles', ROLES_MAX),
    permissions: readNames(claims, 'permissions', PERMISSIONS_MAX),
    ...(session !== undefined && { session }),
  })
  return { actor, issuer: rules.issuer, kid, jti, endS, standing: undefined }
}

const SESSION_CLAIMS = ['sid', 'client_id', 'device', 'auth_time', 'amr', 'mfa_at']

/**
 * The sign-in behind the token; undefined where it tells nothing of it. What has another form is refused: a policy would rest on it.
 *
 * @see https://www.iana.org/assignments/jwt/jwt.xhtml for the names that mean the same everywhere; `device` and `mfa_at` are ours, and
 * where another issuer means something else by them they tell nothing
 */
function readSession(
  claims: Readonly<Record<string, unknown>>,
  { isOwnType, leewayS }: ClaimRules,
  nowS: number,
): ActorSession | undefined {
  if (!SESSION_CLAIMS.some((name) => claims[name] !== undefined)) return undefined
  const { sub, sid, client_id: client, amr, device, auth_time: authTime, mfa_at: secondFactorAt } = claims
  if (sid !== undefined && !isText(sid)) throw refuse('its claim "sid" is not a text of 1 to 255 characters')
  if (client !== undefined && !isText(client)) throw refuse('its claim "client_id" is not a text of 1 to 255 characters')
  if (amr !== undefined && !isMethods(amr)) throw refuse(`its claim "amr" is not a list of at most ${METHODS_MAX} texts`)
  const endS = nowS + leewayS
  if (authTime !== undefined && !isPast(authTime, endS)) throw refuse('its claim "auth_time" is not a time that has been')
  if (isOwnType && device !== undefined && !isDevice(device))
    throw refuse(`its claim "device" is not one of ${DEVICES.join(', ')}`)
  if (isOwnType && secondFactorAt !== undefined && !isPast(secondFactorAt, endS))
    throw refuse('its claim "mfa_at" is not a time that has been')
  return Object.freeze({
    id: sid ?? null,
    clientId: client ?? null,
    device: isDevice(device) ? device : client !== undefined && client === sub ? 'service' : null,
    authenticatedAtMs: authTime === undefined ? null : authTime * 1_000,
    secondFactorAtMs: isPast(secondFactorAt, endS) ? secondFactorAt * 1_000 : null,
  })
}

function isDevice(value: unknown): value is Device {
  return DEVICES.some((device) => device === value)
}

function isMethods(value: unknown): boolean {
  return Array.isArray(value) && value.length <= METHODS_MAX && value.every(isText)
}

/** What is still to come would be fresh for ever. */
function isPast(value: unknown, endS: number): value is number {
  return isTime(value) && value <= endS
}

function readTimes(claims: Readonly<Record<string, unknown>>, leewayS: number, nowS: number): number {
  const { exp, nbf, iat } = claims
  if (!isTime(exp) || !isTime(nbf) || !isTime(iat)) throw refuse('its claims "exp", "nbf" and "iat" are not all numbers')
  if (nowS >= exp + leewayS) throw new PlinthError('AUTH_TOKEN_EXPIRED')
  if (nbf > nowS + leewayS || iat > nowS + leewayS) throw refuse('it is not valid yet')
  if (exp <= iat || exp - iat > LIFETIME_S_MAX + leewayS)
    throw refuse(`it lives longer than ${LIFETIME_S_MAX} seconds, or ends before it begins`)
  return exp + leewayS
}

function readNames(
  claims: Readonly<Record<string, unknown>>,
  claim: 'roles' | 'permissions',
  countMax: number,
): readonly string[] {
  const names = claims[claim]
  const isList = Array.isArray(names) && names.length <= countMax
  if (!isList || !names.every((name) => typeof name === 'string' && NAME_FORM.test(name))) {
    throw refuse(`its claim "${claim}" is not a list of at most ${countMax} names`)
  }
  return Object.freeze([...(names as string[])])
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= TEXT_LENGTH_MAX
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function refuse(reason: string): PlinthError {
  return new PlinthError('AUTH_TOKEN_INVALID', `The access token is not valid: ${reason}`)
}
