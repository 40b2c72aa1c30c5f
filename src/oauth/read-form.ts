/** Reads what a page of this service sent. */
import { type HttpRequest, type Pairs, refuseCrossSite } from '../http/index.ts'

/**
 * The form of a POST, which only a page of `origin` may send; nothing for a page that was asked for.
 *
 * @throws `AUTH_CROSS_SITE`
 */
export function readOwnForm(request: HttpRequest, origin: string): Pairs {
  if (request.method === 'POST') refuseCrossSite(request, origin)
  // Its route takes a form or nothing, and a form is all text.
  return request.body as Pairs
}
