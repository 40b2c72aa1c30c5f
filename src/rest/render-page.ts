/** Prints the envelope of a page, with the links to its neighbours: the caller's own query, moved on. */
import type { Page } from '../engine/index.ts'
import type { HttpRequest, Query } from '../http/index.ts'
import type { ListQuery } from './read-list-query.ts'

/** A page of a keyset list. @param path without query */
export function renderCursorPage(request: HttpRequest, path: string, query: ListQuery, page: Page): string {
  const { next, previous } = page
  const head = next === undefined && previous === undefined ? '' : `${path}?${encodePairs(request.query, 'cursor')}cursor=`
  const links = renderLinks(
    path + renderQuery(request),
    // A cursor is made of characters that a URL holds as they are.
    next === undefined ? null : head + next,
    previous === undefined ? null : head + previous,
  )
  const cursor = next === undefined ? 'null' : `"${next}"`
  return `{"data":[${renderRecords(page)}],"meta":{"has_next":${page.hasNext},"cursor":${cursor},"limit":${query.limit},"request_id":"${request.requestId}"},"links":${links}}`
}

/** A page of a list with page numbers. */
export function renderNumberedPage(request: HttpRequest, path: string, query: ListQuery, page: Page): string {
  const total = page.total ?? 0
  const totalPages = Math.ceil(total / query.limit)
  const links = renderLinks(
    path + renderQuery(request),
    query.page < totalPages ? withPage(request, path, query.page + 1) : null,
    // Behind the end, the page before is the last one that has records.
    query.page > 1 && totalPages > 0 ? withPage(request, path, Math.min(query.page - 1, totalPages)) : null,
  )
  const meta = `{"page":${query.page},"per_page":${query.limit},"total":${total},"total_pages":${totalPages},"request_id":"${request.requestId}"}`
  return `{"data":[${renderRecords(page)}],"meta":${meta},"links":${links}}`
}

function renderRecords({ records }: Page): string {
  let text = ''
  for (let at = 0; at < records.length; at++) text += at === 0 ? records[at]?.json : `,${records[at]?.json}`
  return text
}

function renderLinks(self: string, next: string | null, previous: string | null): string {
  return `{"self":${JSON.stringify(self)},"next":${next === null ? 'null' : `"${next}"`},"prev":${previous === null ? 'null' : `"${previous}"`}}`
}

/** Characters that a URL may hold as they are. @see https://www.rfc-editor.org/rfc/rfc3986#section-3.4 */
const WELL_FORMED = /^\?[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*$/

/** The query as it came; spelt anew where it holds what should have been encoded, as the brackets of `created_at[gte]`. */
function renderQuery(request: HttpRequest): string {
  const at = request.url.indexOf('?')
  if (at < 0) return ''
  const text = request.url.slice(at)
  if (WELL_FORMED.test(text)) return text
  return `?${encodePairs(request.query, '').slice(0, -1)}`
}

/** The path with the query as it was and the page set anew. Nothing in it needs escaping in JSON. */
function withPage(request: HttpRequest, path: string, page: number): string {
  return `${path}?${encodePairs(request.query, 'page')}page=${page}`
}

/** Each parameter but one, with an ampersand behind it. */
function encodePairs(query: Query, left: string): string {
  let text = ''
  for (const name in query) {
    if (name !== left) text += `${encode(name)}=${encode(query[name] ?? '')}&`
  }
  return text
}

const PLAIN = /^[A-Za-z0-9._~-]*$/

function encode(text: string): string {
  return PLAIN.test(text) ? text : encodeURIComponent(text)
}
