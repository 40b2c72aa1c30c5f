/**
 * Remembers browsers in which somebody has signed in, so that guesses at a name from elsewhere do not make its owner wait.
 *
 * A browser keeps a token that only this installation can make, for one name. Its failures are counted by themselves, and those of everybody else
 * do not count for it. Invariant: a token is no credential, it only says which count an attempt belongs to; and what was handed out before the
 * last change of the password serves no more, so that whoever once knew it cannot save up counts of their own.
 *
 * @see https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { renderCookie } from '../../http/index.ts'
import type { Account } from '../accounts/accounts.ts'
import type { IdentityScope } from '../ports.ts'

export interface KnownDevice {
  /** What its failures are counted by. */
  readonly id: string
  readonly issuedAtMs: number
}

/** The prefix makes browsers refuse it from a subdomain, without TLS, or for a part of the site. */
export const DEVICE_COOKIE = '__Host-plinth-device'
/** Who does not sign in for a season waits like everybody else. */
const LIFETIME_S = 90 * 86_400
const ID_BYTES = 16
const TOKEN = /^([\w-]{22})\.(\d{13})\.([\w-]{43})$/

export class KnownDevices {
  readonly #scope: Pick<IdentityScope, 'vault' | 'clock'>

  constructor(scope: Pick<IdentityScope, 'vault' | 'clock'>) {
    this.#scope = scope
  }

  /** Prints the cookie for a browser in which the owner of `name` has just signed in. It replaces the one that the browser had. */
  remember(name: string): string {
    const id = randomBytes(ID_BYTES).toString('base64url')
    const issuedAt = String(this.#scope.clock.now())
    return renderCookie(DEVICE_COOKIE, `${id}.${issuedAt}.${this.#sign(id, issuedAt, name)}`, { maxAgeS: LIFETIME_S })
  }

  /** The device that the token was made for, with this name; undefined for anything else. Asks nobody, so its time tells nothing of accounts. */
  recognize(token: string | undefined, name: string): KnownDevice | undefined {
    const [, id, issuedAt, signature] = TOKEN.exec(token ?? '') ?? []
    if (id === undefined || issuedAt === undefined || signature === undefined) return undefined
    const issuedAtMs = Number(issuedAt)
    if (issuedAtMs + LIFETIME_S * 1_000 <= this.#scope.clock.now()) return undefined
    const isOurs = timingSafeEqual(Buffer.from(signature), Buffer.from(this.#sign(id, issuedAt, name)))
    return isOurs ? { id, issuedAtMs } : undefined
  }

  #sign(id: string, issuedAt: string, name: string): string {
    return this.#scope.vault.keyedDigest(`device ${id} ${issuedAt} ${name}`)
  }
}

/** Whether the device was remembered under the password that the account has now. */
export function isCurrentDevice({ issuedAtMs }: KnownDevice, { passwordChangedAt }: Pick<Account, 'passwordChangedAt'>): boolean {
  return passwordChangedAt === null || issuedAtMs >= passwordChangedAt.getTime()
}
