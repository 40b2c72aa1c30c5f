/**
 * Refuses what a page of another site made a browser send without asking first (CSRF).
 *
 * A caller is known by the `Authorization` header alone, which no browser adds by itself, so such a request could never act for anybody. It could
 * still make the service work, so what a browser says comes from another site must have what it sends only after a preflight: a token, or one of
 * the headers that clients add for this purpose. (No body but JSON is read, which asks for a preflight too; a plain GET has none.)
 */
import type { HttpRequest } from '../../http/index.ts'
import { PlinthError } from '../../kernel/index.ts'

const PREFLIGHT_HEADERS = ['authorization', 'graphql-require-preflight', 'apollo-require-preflight'] as const

/** @throws `AUTH_CROSS_SITE` */
export function refuseSimpleRequest(request: Pick<HttpRequest, 'header'>): void {
  const site = request.header('sec-fetch-site')
  if (site === undefined || site === 'same-origin' || site === 'none') return
  if (PREFLIGHT_HEADERS.some((name) => request.header(name) !== undefined)) return
  throw new PlinthError('AUTH_CROSS_SITE')
}
