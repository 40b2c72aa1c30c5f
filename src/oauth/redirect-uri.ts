/** Judges where a client may be redirected to. What passes here is compared as a whole later, letter for letter. */

/** `web` keeps a secret on a server, `native` runs at somebody's and keeps none, `service` acts for itself, `device` has no browser. */
export type ClientKind = 'web' | 'native' | 'service' | 'device'

export const CLIENT_KINDS: readonly ClientKind[] = ['web', 'native', 'service', 'device']

/** Whether it runs at somebody's, outside of a browser. */
export function isNative(kind: ClientKind): boolean {
  return kind === 'native' || kind === 'device'
}

const LENGTH_MAX = 1_000
/** What a URL can hold without encoding. Backslashes and quotes are read differently by different readers. */
const FORM = /^[A-Za-z0-9\-._~:/?[\]@!$&'()+,;=%]+$/
const LOOPBACK = ['127.0.0.1', '[::1]']
/** RFC 8252, 7.1: a scheme that the app's maker owns, as a domain name backwards. */
const PRIVATE_SCHEME = /^[a-z][a-z0-9]*(?:\.[a-z0-9-]+)+:$/
/** Dots and slashes in other clothes: a server behind may undress them. */
const ENCODED_PATH = /%(?:2e|2f|5c|25|00)/i

/**
 * Says what is wrong with a redirect URI, as the second half of a sentence; undefined for a good one.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-2.1 and https://www.rfc-editor.org/rfc/rfc8252#section-7
 * @example judgeRedirectUri('https://app.example.com/cb#x', 'web') // 'it has a fragment, expected none'
 */
export function judgeRedirectUri(uri: string, kind: ClientKind): string | undefined {
  if (uri.length > LENGTH_MAX) return `it is longer than ${LENGTH_MAX} characters`
  if (uri.includes('#')) return 'it has a fragment, expected none'
  if (uri.includes('*')) return 'it has a wildcard, expected one exact address'
  if (!FORM.test(uri)) return 'it has a character that a URI cannot hold, expected it percent-encoded'
  const url = URL.parse(uri)
  if (url === null) return 'it is not an absolute URI'
  const schemeFault = judgeScheme(url, kind)
  if (schemeFault !== undefined) return schemeFault
  if (url.username !== '' || url.password !== '' || /^[^/?]*\/\/[^/?]*@/.test(uri)) return 'it holds a user name, expected none'
  const path = uri.replace(/\?.*$/s, '')
  if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(path) || ENCODED_PATH.test(path))
    return 'its path climbs or hides a step, expected a plain path'
  if (url.hostname.endsWith('.')) return 'its host ends in a dot'
  if (url.href !== uri) return `browsers write it differently, expected "${url.href}"`
  return undefined
}

function judgeScheme({ protocol, hostname }: URL, kind: ClientKind): string | undefined {
  if (protocol === 'https:') return hostname === '' ? 'it has no host' : undefined
  if (kind !== 'native') return `its scheme is "${protocol.slice(0, -1)}", expected https`
  if (protocol === 'http:')
    return LOOPBACK.includes(hostname)
      ? undefined
      : 'it is plain http to another machine, expected https, or http://127.0.0.1 for the app itself'
  return PRIVATE_SCHEME.test(protocol)
    ? undefined
    : `its scheme is "${protocol.slice(0, -1)}", expected https, http://127.0.0.1 or a domain name backwards ("com.example.app:")`
}
