/** API-07: every status of the interface, with its code, its envelope (ERR-01) and its headers (SEC-05), asked of a whole service. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Blog, type Role, startBlog, USERS } from './blog.ts'

let blog: Blog
beforeAll(async () => {
  blog = await startBlog()
})
afterAll(() => blog[Symbol.asyncDispose]())

const SECURITY_HEADERS = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains; preload',
  'content-security-policy': "default-src 'self'; script-src 'self'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
}
const POST = { author_id: USERS.editor, title: 'A title', body: 'A body' }

interface Wrong {
  readonly line: string
  readonly as?: Role
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const WRONG: readonly (readonly [number, string, readonly string[], Wrong])[] = [
  [
    400,
    'VALIDATION_FAILED',
    ['title too_long', 'body type'],
    { line: 'POST /api/v1/posts', as: 'editor', body: { ...POST, title: 'x'.repeat(201), body: 1 } },
  ],
  [400, 'VALIDATION_BODY_MALFORMED', [], { line: 'POST /api/v1/posts', as: 'editor', body: '{"title":' }],
  [401, 'AUTH_REQUIRED', [], { line: 'POST /api/v1/posts', body: POST }],
  [401, 'AUTH_TOKEN_INVALID', [], { line: 'GET /api/v1/posts', headers: { authorization: 'Bearer a.b.c' } }],
  [403, 'AUTH_FORBIDDEN', [], { line: 'POST /api/v1/posts', as: 'viewer', body: POST }],
  [404, 'NOT_FOUND_RECORD', [], { line: 'GET /api/v1/posts/post_01h455vb4pex5vsknk084sn02q' }],
  [404, 'NOT_FOUND_ROUTE', [], { line: 'GET /api/v1/nothing' }],
  [
    409,
    'CONFLICT_DUPLICATE',
    ['email unique'],
    { line: 'POST /api/v1/users', as: 'admin', body: { email: 'editor@example.com', display_name: 'E' } },
  ],
  [
    409,
    'CONFLICT_VERSION',
    [],
    { line: 'PATCH /api/v1/posts/:post', as: 'editor', body: { title: 'B' }, headers: { 'if-match': '"7"' } },
  ],
  [
    415,
    'VALIDATION_CONTENT_TYPE',
    [],
    { line: 'POST /api/v1/posts', as: 'editor', body: 'x', headers: { 'content-type': 'text/plain' } },
  ],
  [422, 'CONFLICT_POST_NOT_DRAFT', [], { line: 'POST /api/v1/posts/:post/publish', as: 'editor' }],
]

describe('API-07, ERR-01 what went wrong', () => {
  test.each(WRONG)('is a %i %s', async (status, code, details, { line, ...request }) => {
    const answer = await blog.ask(line.replace(':post', await blog.post()), {
      ...request,
      headers: { ...request.headers, 'x-request-id': 'req_7' },
    })

    expect(answer.status).toBe(status)
    expect(answer.json).toEqual({
      error: {
        code,
        message: expect.any(String),
        details: expect.any(Array),
        request_id: 'req_7',
        docs_url: `/docs/errors#${code}`,
      },
    })
    expect(answer.json.error.details.map((detail: { field: string; code: string }) => `${detail.field} ${detail.code}`)).toEqual(
      details,
    )
    for (const detail of answer.json.error.details) expect(Object.keys(detail)).toEqual(['field', 'code', 'message'])
    expect(Object.fromEntries(answer.headers)).toMatchObject(SECURITY_HEADERS)
    if (status === 401) expect(answer.headers.get('www-authenticate')).toContain('Bearer')
  })

  test('on our side is a 500 that says nothing; the log says what it was', async () => {
    await using broken = await startBlog()
    const sql = await broken.service.sql()
    await sql.query('ALTER TABLE posts RENAME TO posts_gone')

    const answer = await broken.ask('GET /api/v1/posts', { headers: { 'x-request-id': 'req_8' } })

    expect([answer.status, answer.json.error.code, answer.json.error.details]).toEqual([500, 'INTERNAL_ERROR', []])
    expect(answer.text).not.toMatch(/posts|relation|SELECT|\.ts/)
    const fault = broken.service.logs().find((line) => line['level'] === 'error' && JSON.stringify(line).includes('req_8'))
    expect(JSON.stringify(fault)).toContain('posts')
  })
})

describe('API-07, SEC-05 what went well', () => {
  test('is 200 with a body, 201 with an address, 204 with nothing', async () => {
    const created = await blog.ask('POST /api/v1/posts', { as: 'editor', body: POST })
    const got = await blog.ask(`GET ${created.headers.get('location')}`, { as: 'editor' })
    const deleted = await blog.ask(`DELETE ${created.headers.get('location')}`, { as: 'admin' })

    expect([created.status, got.status, deleted.status]).toEqual([201, 200, 204])
    expect(got.json.data).toEqual(created.json.data)
    expect([deleted.text, deleted.headers.get('content-type')]).toEqual(['', null])
    for (const answer of [created, got, deleted]) expect(Object.fromEntries(answer.headers)).toMatchObject(SECURITY_HEADERS)
  })
})
