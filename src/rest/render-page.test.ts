// Proves API-05.
import { describe, expect, test } from 'vitest'
import type { Page, StoredRecord } from '../engine/index.ts'
import type { HttpRequest } from '../http/index.ts'
import type { ListQuery } from './read-list-query.ts'
import { renderCursorPage, renderNumberedPage } from './render-page.ts'

const RECORD = { id: '', version: 1, json: '{"id":"shop_1"}' } as unknown as StoredRecord
const PAGE: Page = {
  records: [RECORD, RECORD],
  hasNext: true,
  hasPrevious: false,
  next: 'abc.def',
  previous: undefined,
  total: 45,
}

function requestOf(url: string): HttpRequest {
  return {
    url,
    query: Object.fromEntries(new URLSearchParams(url.split('?')[1] ?? '')),
    requestId: 'req_1',
  } as unknown as HttpRequest
}

function numbered(url: string, page: number, total: number) {
  return JSON.parse(renderNumberedPage(requestOf(url), '/shops', { page, limit: 20 } as ListQuery, { ...PAGE, total }))
}

describe('renderCursorPage()', () => {
  test('prints records, meta and links as they go over the wire', () => {
    const text = renderCursorPage(requestOf('/shops?limit=2'), '/shops', { limit: 2 } as ListQuery, PAGE)

    expect(text).toBe(
      '{"data":[{"id":"shop_1"},{"id":"shop_1"}],"meta":{"has_next":true,"cursor":"abc.def","limit":2,"request_id":"req_1"},' +
        '"links":{"self":"/shops?limit=2","next":"/shops?limit=2&cursor=abc.def","prev":null}}',
    )
  })

  test('encodes in links what a URL cannot hold', () => {
    const text = renderCursorPage(requestOf('/shops?name[ne]="é&cursor=old'), '/shops', { limit: 2 } as ListQuery, PAGE)

    expect(JSON.parse(text).links).toEqual({
      self: '/shops?name%5Bne%5D=%22%C3%A9&cursor=old',
      next: '/shops?name%5Bne%5D=%22%C3%A9&cursor=abc.def',
      prev: null,
    })
  })
})

describe('renderNumberedPage()', () => {
  test('counts pages and links to the neighbours', () => {
    const { meta, links } = numbered('/shops?page=2&per_page=20', 2, 45)

    expect(meta).toEqual({ page: 2, per_page: 20, total: 45, total_pages: 3, request_id: 'req_1' })
    expect(links).toEqual({
      self: '/shops?page=2&per_page=20',
      next: '/shops?per_page=20&page=3',
      prev: '/shops?per_page=20&page=1',
    })
  })

  test('behind the end it leads back to the last page, and an empty list has no neighbours', () => {
    expect(numbered('/shops?page=9', 9, 45).links).toMatchObject({ next: null, prev: '/shops?page=3' })
    expect(numbered('/shops', 1, 0)).toMatchObject({ meta: { total: 0, total_pages: 0 }, links: { next: null, prev: null } })
  })
})
