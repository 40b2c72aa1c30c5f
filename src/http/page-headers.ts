/**
 * The headers of HTML pages: scripts, styles and requests of this origin only, no frame around them, forms that go where they should.
 *
 * Chromium holds the redirects behind a form to `form-action` too, Firefox only its first address: a sign-in page that posts to us and
 * whose answer sends the browser on to an application needs the application among the targets, or the browser stops there.
 * @see https://www.w3.org/TR/CSP3/#directive-form-action and https://github.com/w3c/webappsec-csp/issues/8
 */
import { type HeaderBlock, headerBlock } from './header-block.ts'

export interface PageOptions {
  /** Whether files of this origin run as scripts, which may then ask this origin too. Default true. */
  readonly hasScripts?: boolean
  /** Whether forms may go to this origin (`own`), nowhere (`none`), or are left to a header of the single answer (`open`). Default `own`. */
  readonly forms?: 'own' | 'none' | 'open'
  /** Default `no-store`, for pages that a person signed in to see. */
  readonly cacheControl?: string
  /** Others, such as a stricter `referrer-policy`. */
  readonly more?: Readonly<Record<string, string>>
}

const FORMS = { own: "; form-action 'self'", none: "; form-action 'none'", open: '' } as const

/**
 * Makes the header block of a page. Scripts, where it has any, and styles are files of this origin; inline ones do not run.
 *
 * The referrer policy stays as it is: under `no-referrer` browsers send `Origin: null` with a form, which `refuseCrossSite` refuses.
 */
export function pageHeaders(options: PageOptions = {}): HeaderBlock {
  const { hasScripts = true, forms = 'own', cacheControl = 'no-store', more = {} } = options
  const scripts = hasScripts ? "'self'" : "'none'"
  return headerBlock({
    ...more,
    'content-type': 'text/html; charset=utf-8',
    'cache-control': cacheControl,
    'content-security-policy':
      `default-src 'none'; script-src ${scripts}; style-src 'self'; img-src 'self' data:; connect-src ${scripts}; base-uri 'none'; ` +
      `frame-ancestors 'none'${FORMS[forms]}`,
  })
}

/**
 * Prints a policy that lets forms go to this origin and be redirected to `targets`. Sent beside a block with `forms: 'open'`: a browser
 * that is given two policies holds to both.
 *
 * @param targets addresses as `https://app.example.com/callback` or `com.example.app:/callback`; of the first kind the origin counts, of
 * others the scheme
 * @throws `TypeError` for what is no absolute URL
 * @example
 * reply.send(200, PAGE, page, ['content-security-policy', formTargets([client.redirectUri])])
 */
export function formTargets(targets: readonly string[]): string {
  return ["form-action 'self'", ...new Set(targets.map(readSource))].join(' ')
}

function readSource(target: string): string {
  const { protocol, host, origin } = new URL(target)
  const isWeb = protocol === 'https:' || protocol === 'http:'
  // The grammar of sources has no brackets, and a bare `*` or a semicolon in a host would mean something else.
  return isWeb && /^[a-z0-9.-]+(?::\d+)?$/.test(host) ? origin : protocol
}
