/** API-07: 429 of a whole service, held against the OpenAPI document (API-10) with its headers. */
import { expect, test } from 'vitest'
import { startBlog } from './blog.ts'

test('429 has Retry-After, the envelope and the limit, as the document says', async () => {
  await using blog = await startBlog({ RATE_LIMIT_READ: '30/2', RATE_LIMIT_WRITE: '30/1' })

  const reads = [
    await blog.ask('GET /api/v1/posts', { as: 'viewer' }),
    await blog.ask('HEAD /api/v1/posts', { as: 'viewer' }),
    await blog.ask('GET /api/v1/posts', { as: 'viewer' }),
  ]
  const writes = [
    await blog.ask('POST /api/v1/posts', { as: 'viewer', body: {} }),
    await blog.ask('POST /api/v1/posts', { as: 'viewer', body: {} }),
  ]

  expect(reads.map(({ status }) => status)).toEqual([200, 200, 429])
  expect(writes.map(({ status }) => status)).toEqual([400, 429])
  expect(reads[2]?.headers.get('retry-after')).toBe('2')
  expect(reads[2]?.headers.get('ratelimit-policy')).toBe('"read";q=30;w=60')
  expect(writes[1]?.headers.get('ratelimit')).toBe('"write";r=0;t=2')
  expect(reads[2]?.json).toMatchObject({ error: { code: 'RATE_LIMIT_EXCEEDED', message: 'Too many requests by this account' } })
  expect((await blog.ask('GET /api/v1/posts', { as: 'editor' })).status).toBe(200)
})

test('every operation says what is left of its limit, and what is answered when nothing is', async () => {
  await using blog = await startBlog()
  const { paths } = blog.document as unknown as {
    paths: Record<string, Record<string, { responses: Record<string, { headers?: object; $ref?: string }> }>>
  }

  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  const described = Object.values(operations).flatMap(({ responses }) =>
    Object.values(responses).filter(({ $ref }) => $ref === undefined),
  )

  expect(operations.length).toBeGreaterThan(0)
  expect(operations.filter(({ responses }) => responses['429'] === undefined)).toEqual([])
  for (const { headers } of described)
    expect(Object.keys(headers ?? {})).toEqual(expect.arrayContaining(['RateLimit', 'RateLimit-Policy']))
})
