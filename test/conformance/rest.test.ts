import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Blog, startBlog, USERS } from './blog.ts'

let blog: Blog
const ask: Blog['ask'] = (line, request) => blog.ask(line, request)

beforeAll(async () => {
  blog = await startBlog()
})
afterAll(() => blog[Symbol.asyncDispose]())

const DRAFT = { author_id: USERS.editor, title: 'On engines', body: 'Text', status: 'draft' }
// RFC 3339, as PostgreSQL prints it: without noughts at the end of the fraction.
const TIME = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?\+00:00$/)

describe('API-01 records', () => {
  test('POST answers 201 with the record, its address and its tag', async () => {
    const answer = await ask('POST /api/v1/posts', { as: 'editor', body: DRAFT, headers: { 'x-request-id': 'req_1' } })

    const { id } = answer.json.data
    expect(answer.status).toBe(201)
    expect(answer.headers.get('location')).toBe(`/api/v1/posts/${id}`)
    expect(answer.headers.get('etag')).toBe('"1"')
    expect(answer.json).toEqual({
      data: {
        id: expect.stringMatching(/^post_[0-7][0-9a-z]{25}$/),
        ...DRAFT,
        published_at: null,
        created_at: TIME,
        updated_at: TIME,
        version: 1,
      },
      meta: { request_id: 'req_1' },
      links: { self: `/api/v1/posts/${id}` },
    })
  })

  test('PATCH changes what is sent and nothing else; PUT sets all', async () => {
    const id = await blog.post({ title: 'Before', body: 'Body' })

    const patched = await ask(`PATCH /api/v1/posts/${id}`, { as: 'editor', body: { title: 'After' } })
    const replaced = await ask(`PUT /api/v1/posts/${id}`, {
      as: 'editor',
      body: { author_id: USERS.editor, title: 'Anew', body: 'Other' },
    })
    const incomplete = await ask(`PUT /api/v1/posts/${id}`, { as: 'editor', body: { title: 'Anew' } })

    expect(patched.json.data).toMatchObject({ title: 'After', body: 'Body', status: 'published', version: 2 })
    expect(replaced.json.data).toMatchObject({ title: 'Anew', body: 'Other', status: 'draft', version: 3 })
    expect(incomplete.status).toBe(400)
    expect(incomplete.json.error.details.map((detail: { field: string }) => detail.field)).toEqual(['author_id', 'body'])
  })

  test('DELETE answers 204, hides the record, and restore brings it back', async () => {
    const id = await blog.post()

    const deleted = await ask(`DELETE /api/v1/posts/${id}`, { as: 'admin' })
    const hidden = await ask(`GET /api/v1/posts/${id}`, { as: 'admin' })
    const again = await ask(`DELETE /api/v1/posts/${id}`, { as: 'admin' })
    const seen = await ask(`GET /api/v1/posts/${id}?include_deleted=true`, { as: 'admin' })
    const restored = await ask(`POST /api/v1/posts/${id}/restore`, { as: 'admin' })
    const back = await ask(`GET /api/v1/posts/${id}`)

    expect([deleted.status, deleted.text, hidden.status, again.status]).toEqual([204, '', 404, 404])
    expect(seen.json.data.deleted_at).toEqual(TIME)
    expect([restored.status, restored.json.data.version, back.status]).toEqual([200, 3, 200])
  })

  test('an action runs under its own path, and refuses by the rule that it declares', async () => {
    const id = await blog.post({ status: 'draft' })

    const published = await ask(`POST /api/v1/posts/${id}/publish`, { as: 'editor', body: { at: '2026-01-31T10:30:00+01:00' } })
    const refused = await ask(`POST /api/v1/posts/${id}/publish`, { as: 'editor' })

    expect(published.json.data).toMatchObject({ status: 'published', version: 2 })
    expect(new Date(published.json.data.published_at).toISOString()).toBe('2026-01-31T09:30:00.000Z')
    expect([refused.status, refused.json.error.code]).toEqual([422, 'CONFLICT_POST_NOT_DRAFT'])
  })

  test('a method that nobody has a right to is not there', async () => {
    const answer = await ask('DELETE /api/v1/posts', { as: 'admin' })

    expect([answer.status, answer.json.error.code]).toEqual([405, 'VALIDATION_METHOD_NOT_ALLOWED'])
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS')
  })
})

describe('API-02, API-03 paths', () => {
  test('nested paths show what belongs to a parent, and take their children', async () => {
    const id = await blog.post()
    const path = `/api/v1/users/${USERS.editor}/posts`

    const created = await ask(`POST ${path}`, { as: 'editor', body: { title: 'Nested', body: '', status: 'draft' } })
    const contradicted = await ask(`POST ${path}`, { as: 'editor', body: { ...DRAFT, author_id: USERS.viewer } })
    const found = await ask(`GET ${path}/${id}`)
    const elsewhere = await ask(`GET /api/v1/users/${USERS.viewer}/posts/${id}`)
    const listed = await ask(`GET ${path}?limit=1`)

    expect(created.json.data).toMatchObject({ author_id: USERS.editor, title: 'Nested' })
    expect(created.headers.get('location')).toBe(`/api/v1/posts/${created.json.data.id}`)
    expect(contradicted.json.error.details).toEqual([
      { field: 'author_id', code: 'mismatch', message: 'author_id must be the one in the path, or be left out' },
    ])
    expect([found.status, elsewhere.status]).toEqual([200, 404])
    expect(listed.json.links.self).toBe(`${path}?limit=1`)
  })

  test('a trailing slash is another address, and an id of another form is named', async () => {
    const slash = await ask('GET /api/v1/posts/', { as: 'admin' })
    const wrong = await ask(`GET /api/v1/posts/${USERS.editor}`, { as: 'admin' })

    expect([slash.status, slash.json.error.code]).toEqual([404, 'NOT_FOUND_ROUTE'])
    expect([wrong.status, wrong.json.error.details[0].field, wrong.json.error.details[0].code]).toEqual([400, 'id', 'id'])
  })
})

describe('API-04 queries', () => {
  test.each([
    ['statsu=draft', 'statsu', 'unknown', 'statsu is not a parameter here, did you mean "status"?'],
    ['status=lost', 'status', 'choice', 'status must be one of draft, published, archived'],
    [
      'created_at[gte]=yesterday',
      'created_at[gte]',
      'timestamp',
      'created_at[gte] must be a time with its zone, such as 2026-01-31T09:30:00Z',
    ],
    ['created_at[like]=x', 'created_at[like]', 'unknown', expect.stringContaining('did you mean')],
    ['title=x', 'title', 'unknown', expect.stringContaining('is not a parameter here')],
    ['sort=tilte', 'sort', 'unknown', 'sort names "tilte", expected some of created_at, title, did you mean "title"?'],
    ['sort=title,-title', 'sort', 'duplicate', 'sort names title twice'],
    ['fields=title,password', 'fields', 'unknown', expect.stringContaining('fields names "password"')],
    ['limit=0', 'limit', 'out_of_range', 'limit must be a whole number from 1 to 100'],
    ['limit=101', 'limit', 'out_of_range', 'limit must be a whole number from 1 to 100'],
    ['limit=1e1', 'limit', 'out_of_range', 'limit must be a whole number from 1 to 100'],
    ['limit=%2010', 'limit', 'out_of_range', 'limit must be a whole number from 1 to 100'],
    ['page=2', 'page', 'unknown', expect.stringContaining('is not a parameter here')],
    ['include_deleted=1', 'include_deleted', 'type', 'include_deleted must be true or false'],
    ['q=', 'q', 'required', 'q must not be empty'],
    [`q=${'x'.repeat(201)}`, 'q', 'too_long', 'q must have at most 200 characters'],
    ['__proto__=1', '__proto__', 'unknown', expect.stringContaining('is not a parameter here')],
  ])('?%s is refused by name', async (query, field, code, message) => {
    const answer = await ask(`GET /api/v1/posts?${query}`)

    expect(answer.status).toBe(400)
    expect(answer.json.error.details).toEqual([{ field, code, message }])
  })

  test('filters, operators, sort, fields and search choose rows and columns', async () => {
    const marker = `Filter${Date.now()}`
    const ids = [
      await blog.post({ title: `${marker} a` }),
      await blog.post({ title: `${marker} b`, status: 'archived' }),
      await blog.post({ title: `${marker} c`, status: 'draft' }),
    ]
    const titles = async (query: string): Promise<readonly string[]> => {
      const answer = await ask(`GET /api/v1/posts?q=${marker}&${query}`, { as: 'editor' })
      return answer.json.data.map((post: { title: string }) => post.title.slice(-1))
    }

    expect(await titles('sort=title')).toEqual(['a', 'b', 'c'])
    expect(await titles('sort=-title')).toEqual(['c', 'b', 'a'])
    expect(await titles('sort=title&status=draft')).toEqual(['c'])
    expect(await titles('sort=title&status[ne]=draft')).toEqual(['a', 'b'])
    expect(await titles('sort=title&status[in]=draft,archived')).toEqual(['b', 'c'])
    expect(await titles('sort=title&created_at[gte]=2020-01-01T00:00:00Z&created_at[lt]=2021-01-01T00:00:00Z')).toEqual([])
    expect(await titles('sort=title&published_at[null]=true')).toEqual(['a', 'b', 'c'])
    const sparse = await ask(`GET /api/v1/posts/${ids[0]}?fields=title`)
    expect(sparse.json.data).toEqual({ id: ids[0], title: `${marker} a` })
  })

  test('deleted records are for those who may see them', async () => {
    const nobody = await ask('GET /api/v1/posts?include_deleted=true')
    const editor = await ask('GET /api/v1/posts?include_deleted=true', { as: 'editor' })
    const admin = await ask('GET /api/v1/posts?include_deleted=true&limit=1', { as: 'admin' })

    expect([nobody.status, editor.status, admin.status]).toEqual([401, 403, 200])
  })
})

describe('API-05, API-06 pages', () => {
  test('links lead through a list without gap or repetition, and back', async () => {
    const marker = `Page${Date.now()}`
    for (let at = 0; at < 5; at++) await blog.post({ title: `${marker} ${at}` })

    const first = await ask(`GET /api/v1/posts?q=${marker}&sort=title&limit=2`)
    const second = await ask(`GET ${first.json.links.next}`)
    const third = await ask(`GET ${second.json.links.next}`)
    const back = await ask(`GET ${second.json.links.prev}`)

    const titles = [first, second, third].flatMap((page) => page.json.data.map((post: { title: string }) => post.title))
    expect(titles).toEqual([0, 1, 2, 3, 4].map((at) => `${marker} ${at}`))
    expect(first.json.meta).toEqual({ has_next: true, cursor: expect.any(String), limit: 2, request_id: expect.any(String) })
    expect(first.json.links).toEqual({
      self: `/api/v1/posts?q=${marker}&sort=title&limit=2`,
      next: expect.stringContaining(`cursor=${first.json.meta.cursor}`),
      prev: null,
    })
    expect(third.json.meta).toMatchObject({ has_next: false, cursor: null })
    expect(third.json.links.next).toBeNull()
    expect(back.json.data).toEqual(first.json.data)
  })

  test('a cursor that was altered, or made for another list, is refused', async () => {
    await blog.post()
    await blog.post()
    const { cursor } = (await ask('GET /api/v1/posts?limit=1')).json.meta

    const altered = await ask(`GET /api/v1/posts?limit=1&cursor=x${cursor}`)
    const carried = await ask(`GET /api/v1/posts?limit=1&sort=title&cursor=${cursor}`)

    expect([altered.status, altered.json.error.code, altered.json.error.details[0].field]).toEqual([
      400,
      'VALIDATION_CURSOR',
      'cursor',
    ])
    expect([carried.status, carried.json.error.code]).toEqual([400, 'VALIDATION_CURSOR'])
  })
})

describe('API-08 versions', () => {
  test('a stale write is a 409 and changes nothing', async () => {
    const id = await blog.post({ title: 'One' })

    const first = await ask(`PATCH /api/v1/posts/${id}`, { as: 'editor', body: { title: 'Two' }, headers: { 'if-match': '"1"' } })
    const stale = await ask(`PATCH /api/v1/posts/${id}`, {
      as: 'editor',
      body: { title: 'Three' },
      headers: { 'if-match': '"1"' },
    })
    const gone = await ask(`DELETE /api/v1/posts/${id}`, { as: 'admin', headers: { 'if-match': '"1"' } })

    expect([first.status, first.headers.get('etag')]).toEqual([200, '"2"'])
    expect([stale.status, stale.json.error.code, gone.status]).toEqual([409, 'CONFLICT_VERSION', 409])
    expect((await ask(`GET /api/v1/posts/${id}`)).json.data).toMatchObject({ title: 'Two', version: 2 })
  })

  test.each([
    ['*', 200],
    ['"1"', 200],
    ['"7", "1"', 200],
    ['"1-0a1b2c3d"', 200],
    ['W/"1"', 409],
    ['"2"', 409],
    ['"7", "8"', 409],
    ['"other"', 409],
    ['"99999999999"', 409],
    ['1', 400],
    ['"1', 400],
    ['"1" "2"', 400],
  ])('If-Match %s against version 1 answers %i', async (tag, status) => {
    const id = await blog.post()

    const answer = await ask(`PATCH /api/v1/posts/${id}`, { as: 'editor', body: { title: 'New' }, headers: { 'if-match': tag } })

    expect(answer.status).toBe(status)
  })

  test('If-None-Match answers 304 for the same version and fields only', async () => {
    const id = await blog.post()
    const sparse = await ask(`GET /api/v1/posts/${id}?fields=title`)
    const get = async (query: string, tag: string): Promise<number> =>
      (await ask(`GET /api/v1/posts/${id}${query}`, { headers: { 'if-none-match': tag } })).status

    const tag = sparse.headers.get('etag') ?? ''
    expect(tag).toMatch(/^"1-[0-9a-f]{8}"$/)
    expect([await get('', '"1"'), await get('', 'W/"1"'), await get('', '"9", "1"'), await get('', '*')]).toEqual([
      304, 304, 304, 304,
    ])
    expect([
      await get('', '"2"'),
      await get('', tag),
      await get('?fields=title', '"1"'),
      await get('?fields=title', tag),
    ]).toEqual([200, 200, 200, 304])
  })
})

describe('API-09 idempotency', () => {
  test('a replay gets the first answer, byte for byte, and has no second effect', async () => {
    const request = { as: 'editor', body: { ...DRAFT, title: 'Once' }, headers: { 'idempotency-key': 'once-1' } } as const

    const first = await ask('POST /api/v1/posts', request)
    const replay = await ask('POST /api/v1/posts', {
      ...request,
      body: { title: 'Once', status: 'draft', body: 'Text', author_id: USERS.editor },
    })

    expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([201, null])
    expect([replay.status, replay.text, replay.headers.get('idempotency-replayed')]).toEqual([201, first.text, 'true'])
    expect([replay.headers.get('location'), replay.headers.get('etag')]).toEqual([
      first.headers.get('location'),
      first.headers.get('etag'),
    ])
  })

  test('another body is a 422; another caller or path is another request; nobody has no keys', async () => {
    const headers = { 'idempotency-key': 'once-2' }
    const first = await ask('POST /api/v1/posts', { as: 'editor', body: DRAFT, headers })

    const reused = await ask('POST /api/v1/posts', { as: 'editor', body: { ...DRAFT, title: 'Other' }, headers })
    const other = await ask('POST /api/v1/posts', { as: 'admin', body: DRAFT, headers })
    const nested = await ask(`POST /api/v1/users/${USERS.editor}/posts`, { as: 'editor', body: DRAFT, headers })
    const nobody = await ask('POST /api/v1/posts', { body: DRAFT, headers })

    expect([reused.status, reused.json.error.code]).toEqual([422, 'CONFLICT_KEY_REUSED'])
    expect([other.status, nested.status, nobody.status]).toEqual([201, 201, 401])
    expect(new Set([first, other, nested].map((answer) => answer.json.data.id)).size).toBe(3)
  })

  test('many at once run once', async () => {
    const request = { as: 'editor', body: { ...DRAFT, title: 'Together' }, headers: { 'idempotency-key': 'once-3' } } as const

    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('POST /api/v1/posts', request)))

    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === null)).toHaveLength(1)
  })

  test('a key of another form is refused', async () => {
    const answer = await ask('POST /api/v1/posts', { as: 'editor', body: DRAFT, headers: { 'idempotency-key': 'k'.repeat(256) } })

    expect([answer.status, answer.json.error.details[0].field]).toEqual([400, 'idempotency-key'])
  })
})

describe('CAC-07 caching', () => {
  test('what anybody may read may be kept by anybody; all else by nobody', async () => {
    const id = await blog.post()
    const headersOf = async (line: string, as?: 'editor'): Promise<readonly (string | null)[]> => {
      const { headers } = await ask(line, as === undefined ? {} : { as })
      return [headers.get('cache-control'), headers.get('vary')]
    }

    expect(await headersOf(`GET /api/v1/posts/${id}`)).toEqual([
      'public, max-age=60, stale-while-revalidate=60',
      'authorization, origin',
    ])
    expect(await headersOf(`GET /api/v1/posts/${id}`, 'editor')).toEqual(['private, no-store', 'authorization, origin'])
    expect(await headersOf('GET /api/v1/posts')).toEqual(['private, no-store', 'authorization, origin'])
    expect((await headersOf('GET /api/v1/posts/post_01h455vb4pex5vsknk084sn02q'))[0]).toContain('no-store')
  })
})

describe('errors', () => {
  test('name fields as they are spelt on the wire', async () => {
    const taken = await ask('POST /api/v1/users', { as: 'admin', body: { email: 'editor@example.com', display_name: 'E' } })
    const missing = await ask('POST /api/v1/posts', {
      as: 'admin',
      body: { ...DRAFT, author_id: 'usr_01h455vb4pex5vsknk084sn099' },
    })
    const readOnly = await ask('POST /api/v1/posts', {
      as: 'editor',
      body: { ...DRAFT, published_at: null, created_at: '2026-01-01T00:00:00Z' },
    })

    expect([taken.status, taken.json.error.code, taken.json.error.details[0].field]).toEqual([409, 'CONFLICT_DUPLICATE', 'email'])
    expect([missing.status, missing.json.error.details[0]]).toEqual([
      400,
      { field: 'author_id', code: 'reference', message: 'author_id names a record that does not exist' },
    ])
    expect(
      readOnly.json.error.details.map((detail: { field: string; code: string }) => `${detail.field} ${detail.code}`),
    ).toEqual(['published_at read_only', 'created_at read_only'])
  })

  test('a write takes no query', async () => {
    const answer = await ask('PATCH /api/v1/posts/post_01h455vb4pex5vsknk084sn02q?x=1', { as: 'admin', body: {} })

    expect([answer.status, answer.json.error.details[0].field]).toEqual([400, 'x'])
  })
})
