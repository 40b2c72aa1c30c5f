/** API-11: what is deprecated says so in the headers of each answer, over the wire. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import blog from '../../examples/blog/domain.ts'
import { Engine } from '../../src/engine/index.ts'
import { createHttpServer, createReadiness, type HttpServer } from '../../src/http/index.ts'
import { uuidGenerator } from '../../src/kernel/index.ts'
import { NOBODY } from '../../src/model/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'
import { PgStore } from '../../src/pg/index.ts'
import { mountRest, type RestDeprecations } from '../../src/rest/index.ts'
import { type Blog, startBlog } from './blog.ts'

const CLOCK = { now: () => Date.now(), monotonicMs: () => performance.now() }

let home: Blog
const stops: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  home = await startBlog()
})
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
  await home[Symbol.asyncDispose]()
})

/** The blog's REST interface with deprecations, over the database of a running one. */
async function serve(deprecations: RestDeprecations): Promise<string> {
  const store = new PgStore({ url: home.service.databaseUrl, applicationName: 'deprecation' })
  const server: HttpServer = createHttpServer({
    logger: createLogger({ service: 'blog', destination: { write: () => true } }),
    metrics: createOperationMetrics(),
    readiness: createReadiness({}),
    authenticate: () => NOBODY,
  })
  const newId = uuidGenerator(CLOCK, { fill: (target) => void crypto.getRandomValues(target) })
  const engine = new Engine({ domain: blog, store, clock: CLOCK, newId, seal: (text) => text.slice(0, 8) })
  mountRest({ domain: blog, engine, server, deprecations })
  stops.push(
    () => store.close(),
    () => server.stop({ lingerMs: 0 }),
  )
  return (await server.listen({ port: 0 })).origin
}

test('an operation: Deprecation, Sunset and a link, on its answers and no others', async () => {
  const id = await home.post()
  const origin = await serve({ operations: { listPosts: { since: '2026-01-31', sunset: '2026-12-31' } } })

  const listed = await fetch(`${origin}/api/v1/posts`)
  const got = await fetch(`${origin}/api/v1/posts/${id}`)
  const document = await (await fetch(`${origin}/openapi.json`)).json()

  expect([listed.status, got.status]).toEqual([200, 200])
  expect(listed.headers.get('deprecation')).toBe(`@${Date.UTC(2026, 0, 31) / 1_000}`)
  expect(listed.headers.get('sunset')).toBe('Thu, 31 Dec 2026 00:00:00 GMT')
  expect(listed.headers.get('link')).toBe('</docs>; rel="deprecation"; type="text/html"')
  expect([got.headers.get('deprecation'), got.headers.get('sunset')]).toEqual([null, null])
  expect(document).toMatchObject({ paths: { '/api/v1/posts': { get: { deprecated: true } } } })
})

test('the whole version: every operation', async () => {
  const id = await home.post()
  const origin = await serve({ version: { since: '2026-01-31' } })

  for (const path of ['/api/v1/posts', `/api/v1/posts/${id}`]) {
    const answer = await fetch(origin + path)
    expect([answer.status, answer.headers.get('deprecation'), answer.headers.get('sunset')]).toEqual([200, '@1769817600', null])
  }
  const document = (await (await fetch(`${origin}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { deprecated?: boolean; operationId?: string }>>
  }
  const operations = Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/api/'))
    .flatMap(([, item]) => Object.values(item))
  expect(operations.length).toBeGreaterThan(10)
  expect(operations.filter((operation) => operation.operationId !== undefined && operation.deprecated !== true)).toEqual([])
})
