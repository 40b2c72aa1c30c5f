/** Reads the cookies of a request and prints those of an answer, with the careful attributes unless told otherwise. */
import { parseCookie, stringifySetCookie } from 'cookie'

export type Cookies = ReadonlyMap<string, string>

export interface CookieOptions {
  /** Seconds until the browser forgets it, an integer. Default: when the browser closes. */
  readonly maxAgeS?: number
  /** Default `/`. */
  readonly path?: string
  /** On which requests from pages of other sites it comes along: `strict` none, `lax` links that are followed. Default `strict`. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /** Out of the reach of scripts. Default true. */
  readonly isHttpOnly?: boolean
  /** Over TLS and to `localhost` only. Default true. */
  readonly isSecure?: boolean
}

const NO_COOKIES: Cookies = new Map()
/** What a cookie of ours never holds. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that are looked for
const CONTROL = /[\0-\x1f\x7f]/

/**
 * Reads the header `Cookie`. A name that comes twice counts as absent: a page of a neighbouring host can add a second cookie, and neither
 * order nor `__Host-` says which is ours. So does a value that is not percent-encoded UTF-8.
 *
 * @param header as it came; Node joins several by `; `
 */
export function readCookies(header: string | undefined): Cookies {
  if (header === undefined) return NO_COOKIES
  const cookies = new Map<string, string>()
  const seen = new Set<string>()
  for (const part of header.split(';')) {
    for (const [name, value] of Object.entries(parseCookie(part, { decode }))) {
      if (seen.has(name)) cookies.delete(name)
      else if (value !== undefined) cookies.set(name, value)
      seen.add(name)
    }
  }
  return cookies
}

/**
 * Prints a cookie for `set-cookie`: `HttpOnly; Secure; SameSite=Strict; Path=/` unless the options say otherwise.
 *
 * @throws `TypeError` for a name, value or path that cannot stand in a cookie, and for options that browsers would refuse with the name
 * @example
 * reply.send(204, EMPTY_HEADERS, undefined, ['set-cookie', renderCookie('__Host-session', token, { maxAgeS: 3_600 })])
 */
export function renderCookie(name: string, value: string, options: CookieOptions = {}): string {
  const { maxAgeS, path = '/', sameSite = 'strict', isHttpOnly = true, isSecure = true } = options
  // Browsers read the prefixes in either case.
  const isHostOnly = /^__host-/i.test(name)
  if (!isSecure && (sameSite === 'none' || isHostOnly || /^__secure-/i.test(name)))
    throw new TypeError(`Cannot set cookie "${name}": it is not secure, expected so for its name and SameSite`)
  if (isHostOnly && path !== '/') throw new TypeError(`Cannot set cookie "${name}": its path is "${path}", expected "/"`)
  return stringifySetCookie({
    name,
    value,
    ...(maxAgeS === undefined ? {} : { maxAge: maxAgeS }),
    path,
    httpOnly: isHttpOnly,
    secure: isSecure,
    sameSite,
  })
}

/** Prints what makes a browser forget a cookie; `path` must be the one that it was set with. */
export function clearCookie(name: string, options: Omit<CookieOptions, 'maxAgeS'> = {}): string {
  return renderCookie(name, '', { ...options, maxAgeS: 0 })
}

function decode(text: string): string | undefined {
  try {
    const value = decodeURIComponent(text)
    return CONTROL.test(value) ? undefined : value
  } catch {
    return undefined
  }
}
