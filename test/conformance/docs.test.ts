// Proves API-10, CAC-07, ERR-02.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CATALOGUE } from '../../src/kernel/index.ts'
import { type Blog, startBlog } from './blog.ts'

let blog: Blog

beforeAll(async () => {
  blog = await startBlog()
})
afterAll(() => blog[Symbol.asyncDispose]())

const STRICT_SOURCES = /script-src 'self'|default-src 'none'/

test('/openapi.json is the document, kept under its tag', async () => {
  const answer = await blog.ask('GET /openapi.json')
  const again = await blog.ask('GET /openapi.json', { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } })

  expect(answer.json).toEqual(JSON.parse(JSON.stringify(blog.document)))
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect([again.status, again.text]).toEqual([304, ''])
})

test('/docs needs no other server: all that it loads comes from here, for ever fresh', async () => {
  const page = await blog.ask('GET /docs')
  const assets = [...page.text.matchAll(/(?:src|href)="(\/docs\/assets\/[^"]+)"/g)].map((match) => match[1])

  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toMatch(STRICT_SOURCES)
  expect(page.text).not.toMatch(/https?:\/\/|<script>|style="/)
  expect(assets).toHaveLength(5)
  for (const path of assets) {
    const asset = await blog.ask(`GET ${path}`)
    expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
    expect(asset.headers.get('content-type')).toMatch(/^text\/(?:css|javascript); charset=utf-8$/)
  }
})

test.each([
  '/docs/assets/x/swagger-ui.css',
  '/docs/assets/0000000000000000/package.json',
  '/docs/assets/..%2f..%2fpackage.json/x',
  '/docs/errors/NOTHING',
])('%s is not there', async (path) => {
  const answer = await blog.ask(`GET ${path}`)

  expect([answer.status, answer.json.error.code]).toEqual([404, 'NOT_FOUND_ROUTE'])
})

test('/docs/errors lists every code of the catalogue and of the domain, with cause and cure', async () => {
  const page = await blog.ask('GET /docs/errors')
  const one = await blog.ask('GET /docs/errors/CONFLICT_POST_NOT_DRAFT')

  for (const code of [...Object.keys(CATALOGUE), 'CONFLICT_POST_NOT_DRAFT']) expect(page.text).toContain(`id="${code}"`)
  expect(page.text.match(/<dt>Cause<\/dt>/g)).toHaveLength(Object.keys(CATALOGUE).length + 1)
  expect(one.text).toContain('Publish posts whose <code>status</code> is <code>draft</code>.')
  expect(page.headers.get('content-security-policy')).toMatch(STRICT_SOURCES)
})

test('the docs_url of an error leads to its own entry', async () => {
  const { docs_url: url } = (await blog.ask('GET /api/v1/posts?x=1')).json.error

  const [path, code] = String(url).split('#')
  const page = await blog.ask(`GET ${path}`)

  expect(page.text).toContain(`id="${code}"`)
})
