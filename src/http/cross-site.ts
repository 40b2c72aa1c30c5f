/**
 * Tells requests of our own pages from those that a page of another site made a browser send with our cookies (CSRF).
 *
 * `Sec-Fetch-Site` is written by the browser and out of reach of scripts; browsers leave it out where the connection is not secure, and
 * then `Origin` decides, which they send with every request but plain reads. A caller with neither is no page of ours.
 * @see https://www.w3.org/TR/fetch-metadata/ and https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
import { PlinthError } from '../kernel/index.ts'
import type { HttpRequest } from './handle.ts'

/**
 * Throws unless a page of this very origin made the request, or a person by typing its address (`GET` only). A neighbouring host of the same
 * site is another origin. For endpoints that a cookie authenticates; a bearer token needs no such check.
 *
 * @param publicOrigin how this service is reached from outside: `https://api.example.com`
 * @throws `AUTH_CROSS_SITE`
 */
export function refuseCrossSite(request: Pick<HttpRequest, 'method' | 'header'>, publicOrigin: string): void {
  const site = request.header('sec-fetch-site')
  if (site === 'same-origin') return
  if (site === 'none' && isTyped(request)) return
  if (site === undefined && request.header('origin') === publicOrigin) return
  throw new PlinthError('AUTH_CROSS_SITE')
}

function isTyped(request: Pick<HttpRequest, 'method' | 'header'>): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && request.header('sec-fetch-mode') === 'navigate'
}
