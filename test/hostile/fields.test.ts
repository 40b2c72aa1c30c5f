/** What can be wrong with one field, parameter or id of a well-formed request: each is refused by its name, and what is stored is what was sent. */
// Proves INP-01.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { report, tally } from '../chaos/rounds.ts'
import { ACCOUNTS, type HostileBlog, newPost, startHostileBlog, verdict } from './blog.ts'
import { NAUGHTY, NO_TEXT } from './naughty-strings.ts'

let blog: HostileBlog

beforeAll(async () => {
  blog = await startHostileBlog()
})
afterAll(() => blog.stop())

const POSTS = '/api/v1/posts'
const USERS = '/api/v1/users'
const newUser = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  email: 'new@example.com',
  display_name: 'New',
  role: 'viewer',
  ...changes,
})

/** The name in `title:too_long`, in whichever of its spellings. */
const fieldOf = (detail: string): string => (detail.split(':')[0] ?? '').replaceAll('_', '').toLowerCase()

/** Values of every type that JSON has. */
const ANY: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  '',
  ' ',
  [],
  ['a'],
  [[]],
  {},
  { a: 1 },
  { $ne: null },
  { toString: 1 },
  [null],
]

describe('a field of the wrong type', () => {
  const FIELDS: readonly (readonly [string, (changes: Record<string, unknown>) => Record<string, unknown>, string])[] = [
    [POSTS, newPost, 'author_id'],
    [POSTS, newPost, 'title'],
    [POSTS, newPost, 'body'],
    [POSTS, newPost, 'status'],
    [USERS, newUser, 'email'],
    [USERS, newUser, 'display_name'],
    [USERS, newUser, 'role'],
  ]

  test.each(FIELDS)('is refused by its name: %s %o %s', async (path, make, field) => {
    const answers = await Promise.all(
      ANY.map((value) => blog.admin.call({ method: 'POST', path, body: make({ [field]: value }) })),
    )

    for (const [at, answer] of answers.entries()) {
      const isText = typeof ANY[at] === 'string' && answer.status === 201
      if (!isText)
        expect([ANY[at], verdict(answer)]).toEqual([
          ANY[at],
          expect.stringMatching(new RegExp(`^400 VALIDATION_FAILED ${field}:[a-z_]+$`)),
        ])
    }
    expect(answers.filter(({ status }) => status === 400).length).toBeGreaterThanOrEqual(ANY.length - 2)
  })

  test.each([
    ['over-long title', newPost({ title: 'a'.repeat(201) }), 'title:too_long'],
    ['title over-long by a 4-byte character', newPost({ title: `${'a'.repeat(200)}\u{1f600}` }), 'title:too_long'],
    ['over-long body', newPost({ body: 'a'.repeat(50_001) }), 'body:too_long'],
    ['id of another resource', newPost({ author_id: 'post_01h455vb4pex5vsknk084sn02q' }), 'author_id:id'],
    ['id of nobody', newPost({ author_id: 'usr_01h455vb4pex5vsknk084sn0zz' }), 'author_id:reference'],
    ['choice in another case', newPost({ status: 'DRAFT' }), 'status:choice'],
    ['missing fields', {}, 'author_id:required title:required body:required'],
    ['unknown field', newPost({ nope: 1 }), 'nope:unknown'],
    ['field in camelCase', { ...newPost(), authorId: 'x' }, 'authorId:unknown'],
  ])('is refused by its name: %s', async (_, body, expected) => {
    const answer = verdict(await blog.admin.call({ method: 'POST', path: POSTS, body }))
    const [status, code, ...details] = answer.split(' ')

    expect([status, code]).toEqual(['400', 'VALIDATION_FAILED'])
    expect(details.map(fieldOf)).toEqual(expected.split(' ').map(fieldOf))
  })
})

describe("a field that is not the caller's to set", () => {
  const TAKEN = {
    id: 'post_01h455vb4pex5vsknk084sn02q',
    created_at: '2020-01-01T00:00:00Z',
    updated_at: '2020-01-01T00:00:00Z',
    version: 7,
    deleted_at: '2020-01-01T00:00:00Z',
    published_at: '2020-01-01T00:00:00Z',
    tenant_id: 1,
    owner_id: 1,
    is_admin: true,
    roles: ['admin'],
    permissions: ['posts:delete'],
    email_verified: true,
    password: 'x',
    createdAt: 1,
    deletedAt: null,
    user: { role: 'admin' },
  }
  const writes = (): readonly (readonly [string, string, Record<string, unknown>])[] => [
    ['POST', POSTS, newPost()],
    ['PATCH', `${POSTS}/${blog.postId}`, { title: 'mine' }],
    ['PUT', `${POSTS}/${blog.postId}`, newPost()],
    ['POST', `${USERS}/${ACCOUNTS.editor}/posts`, { title: 'mine', body: '' }],
    ['PATCH', `${USERS}/${ACCOUNTS.editor}/posts/${blog.postId}`, { title: 'mine' }],
    ['PUT', `${USERS}/${ACCOUNTS.editor}/posts/${blog.postId}`, { title: 'mine', body: '' }],
    ['POST', `${POSTS}/${blog.postId}/publish`, {}],
    ['POST', `${POSTS}/${blog.postId}/restore`, {}],
    ['POST', USERS, newUser()],
    ['PATCH', `${USERS}/${ACCOUNTS.viewer}`, { display_name: 'Mine' }],
    ['PUT', `${USERS}/${ACCOUNTS.viewer}`, newUser()],
  ]

  test('is refused by its name, in every operation that writes, even for an administrator', async () => {
    const [before] = await blog.sql('SELECT (SELECT json_agg(p) FROM posts p)::text, (SELECT json_agg(u) FROM users u)::text')
    const found: string[] = []
    for (const [method, path, body] of writes()) {
      for (const [field, value] of Object.entries(TAKEN)) {
        const answer = await blog.admin.call({ method, path, body: { ...body, [field]: value } })
        const [status, code, detail = ''] = verdict(answer).split(' ')
        found.push(`${status} ${code} ${detail.split(':')[1]}`)
        expect([method, path, field, `${status} ${code}`, fieldOf(detail)]).toEqual([
          method,
          path,
          field,
          '400 VALIDATION_FAILED',
          fieldOf(field),
        ])
      }
    }
    const [after] = await blog.sql('SELECT (SELECT json_agg(p) FROM posts p)::text, (SELECT json_agg(u) FROM users u)::text')

    report('A3 mass assignment', { operations: writes().length, fields: Object.keys(TAKEN).length, answers: tally(found) })
    expect(after).toEqual(before)
  })

  test('is refused to an editor who makes herself an administrator, or writes as another', async () => {
    const promoted = await blog.editor.call({ method: 'PATCH', path: `${USERS}/${ACCOUNTS.editor}`, body: { role: 'admin' } })
    const asOther = await blog.editor.call({ method: 'POST', path: POSTS, body: newPost({ author_id: ACCOUNTS.admin }) })
    const given = await blog.editor.call({
      method: 'PATCH',
      path: `${POSTS}/${blog.postId}`,
      body: { author_id: ACCOUNTS.admin },
    })

    expect([promoted.status, asOther.status, given.status]).toEqual([403, 403, 403])
    expect(await blog.sql('SELECT role FROM users WHERE email = $1', ['editor@example.com'])).toEqual([{ role: 'editor' }])
  })
})

describe('a naughty text', () => {
  const FIELDS = [
    ['title', POSTS, newPost],
    ['body', POSTS, newPost],
    [
      'display_name',
      USERS,
      (changes: Record<string, unknown>) => newUser({ email: `naughty${unique++}@example.com`, ...changes }),
    ],
    ['email', USERS, newUser],
  ] as const
  let unique = 0

  test.each(FIELDS)('is stored as it was sent, or refused: %s', async (field, path, make) => {
    const found: string[] = []
    for (const text of NAUGHTY) {
      const sent = await blog.admin.call({ method: 'POST', path, body: make({ [field]: text }) })
      found.push(verdict(sent))
      if (sent.status !== 201) {
        expect([text, verdict(sent)]).toEqual([text, expect.stringMatching(new RegExp(`^400 VALIDATION_FAILED ${field}:`))])
        continue
      }
      const read = await blog.admin.call({ path: sent.headers.location ?? '' })
      expect([sent.json.data[field], read.json.data[field]]).toEqual([text, text])
    }

    report('B3 naughty strings', { field, strings: NAUGHTY.length, answers: tally(found) })
    if (field !== 'email') expect(found.filter((answer) => answer === '201').length).toBeGreaterThan(NAUGHTY.length * 0.9)
  })

  test('is searched for and filtered by as it is', async () => {
    for (const text of NAUGHTY) {
      const searched = await blog.admin.call({ path: `${POSTS}?q=${encodeURIComponent(text)}&limit=1` })
      const filtered = await blog.admin.call({ path: `${USERS}?email=${encodeURIComponent(text)}` })
      expect([text, searched.status]).toEqual([text, [...text].length < 3 ? 400 : 200])
      expect([text, filtered.status]).toEqual([text, 400])
    }
    const [wild] = await blog.sql<{ posts: number }>(
      "SELECT count(*)::int AS posts FROM posts WHERE title LIKE '%\\%s\\%%' AND deleted_at IS NULL",
    )
    const found = await blog.admin.call({ path: `${POSTS}?q=%25s%25&limit=100` })
    expect(found.json.data).toHaveLength(wild?.posts ?? -1)
    expect(wild?.posts).toBeGreaterThan(0)
  })

  test.each(NO_TEXT)('is refused when it is no text: $escaped', async ({ escaped, code }) => {
    for (const field of ['title', 'body', 'status', 'author_id', 'nope']) {
      const body = JSON.stringify(newPost({ [field]: 'HERE' })).replace('HERE', escaped)
      expect(verdict(await blog.editor.call({ method: 'POST', path: POSTS, body }))).toContain(
        `400 VALIDATION_FAILED ${field}:${code}`,
      )
    }
    const query = await blog.editor.call({ path: `${POSTS}?q=%00` })
    expect(verdict(query)).toBe('400 VALIDATION_FAILED q:format')
  })
})

describe('an id that is none', () => {
  const IDS = [
    '1',
    '-1',
    '0',
    'null',
    'undefined',
    'post_',
    'post',
    'tag_01h455vb4pex5vsknk084sn02q',
    'POST_01h455vb4pex5vsknk084sn02q',
    'post_01H455VB4PEX5VSKNK084SN02Q',
    'post_01h455vb4pex5vsknk084sn02',
    'post_01h455vb4pex5vsknk084sn02qq',
    'post_81h455vb4pex5vsknk084sn02q',
    'post_zzzzzzzzzzzzzzzzzzzzzzzzzz',
    'post_01h455vb4pex5vsknk084sn0il',
    'post_01h455vb4pex5vsknk084sn0u!',
    'post-01h455vb4pex5vsknk084sn02q',
    'post__01h455vb4pex5vsknk084sn02q',
    '01890a5d-ac96-774b-bcce-b302099a8057',
    '%27%20OR%201=1',
    'post_01h455vb4pex5vsknk084sn02q%20',
    '%20post_01h455vb4pex5vsknk084sn02q',
    '*',
    '%2A',
    '%00',
    'post_01h455vb4pex5vsknk084sn02q%00',
    '%ff',
    '%c0%af',
    '%',
    '%zz',
    '..',
    '.',
    '%2e%2e',
    '%2f',
    '%F0%9F%98%80',
    'a'.repeat(101),
    'a'.repeat(5_000),
    '[object%20Object]',
    '__proto__',
    'constructor',
    '{}',
    '1e9',
    'post_01h455vb4pex5vsknk084sn02q;x',
    "post_01h455vb4pex5vsknk084sn02'",
  ]

  test('is refused as an id, or is no address, and never a 5xx', async () => {
    const found: string[] = []
    for (const id of IDS) {
      for (const [method, path, body] of [
        ['GET', `${POSTS}/${id}`],
        ['PATCH', `${POSTS}/${id}`, { title: 'a' }],
        ['DELETE', `${POSTS}/${id}`],
        ['GET', `${USERS}/${id}/posts`],
        ['POST', `${POSTS}/${id}/publish`, {}],
      ] as const) {
        const answer = verdict(await blog.admin.call({ method, path, ...(body !== undefined && { body }) }))
        found.push(answer)
        expect([id, method, answer]).toEqual([
          id,
          method,
          expect.stringMatching(/^(400 VALIDATION_FAILED id:id|404 NOT_FOUND_(ROUTE|RECORD))$/),
        ])
      }
    }
    report('broken ids', { ids: IDS.length, requests: found.length, answers: tally(found) })
  })
})

describe('a parameter that is none', () => {
  const BROKEN: readonly (readonly [string, string])[] = [
    ['limit=0', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=101', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=', 'limit'],
    ['limit=abc', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=%2B5', 'limit'],
    ['limit=%205', 'limit'],
    ['limit=99999999999999999999', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['limit[]=1', 'limit[]'],
    ['limit[0]=1', 'limit[0]'],
    ['sort=', 'sort'],
    ['sort=nope', 'sort'],
    ['sort=--title', 'sort'],
    ['sort=title,title', 'sort'],
    ['sort=title;DROP', 'sort'],
    ['sort=created_at%20desc', 'sort'],
    ['sort=id,id,id,id,id,id', 'sort'],
    ['sort=deleted_at', 'sort'],
    ['status=nope', 'status'],
    ['status[in]=', 'status[in]'],
    ['status[in]=draft,nope', 'status[in]'],
    ['status[nope]=draft', 'status[nope]'],
    ['status[$ne]=draft', 'status[$ne]'],
    ['status=draft&status=published', 'status'],
    ['status[]=draft', 'status[]'],
    ['status.eq=draft', 'status.eq'],
    ['created_at[gte]=yesterday', 'created_at[gte]'],
    ['created_at[gte]=infinity', 'created_at[gte]'],
    ['created_at[gte]=2020-13-01T00:00:00Z', 'created_at[gte]'],
    ['created_at[gte]=275761-01-01T00:00:00Z', 'created_at[gte]'],
    ['created_at[gte]=0000-01-01T00:00:00Z', 'created_at[gte]'],
    ['created_at[gte]=1', 'created_at[gte]'],
    ['author_id=1', 'author_id'],
    ['author_id=post_01h455vb4pex5vsknk084sn02q', 'author_id'],
    ['fields=', 'fields'],
    ['fields=nope', 'fields'],
    ['fields=title,title', 'fields'],
    ['fields=deleted_at', 'fields'],
    ['q=', 'q'],
    ['q=ab', 'q'],
    [`q=${'a'.repeat(201)}`, 'q'],
    ['q=%ff', 'q'],
    ['q=%c0%80', 'q'],
    ['q=%', 'q'],
    ['q=%00', 'q'],
    ['include_deleted=maybe', 'include_deleted'],
    ['include_deleted=1', 'include_deleted'],
    ['nope=1', 'nope'],
    ['=1', ''],
    ['title=x', 'title'],
    ['body[like]=x', 'body[like]'],
    ['page=1', 'page'],
    ['offset=1', 'offset'],
    ['cursor=', 'cursor'],
    ['cursor=a&cursor=b', 'cursor'],
  ]

  test.each(BROKEN)('is refused by its name: %s', async (query, field) => {
    const answer = await blog.admin.call({ path: `${POSTS}?${query}` })

    expect(answer.status).toBe(400)
    expect(answer.json.error.details.map((detail: { field: string }) => detail.field)).toContain(field)
  })

  test('is refused as a cursor, whatever was done to a good one', async () => {
    for (let number = 0; number < 3; number++) await blog.editor.call({ method: 'POST', path: POSTS, body: newPost() })
    const page = await blog.editor.call({ path: `${POSTS}?limit=1` })
    const good: string = page.json.meta.cursor
    const [payload = '', seal = ''] = good.split('.')
    const forged = Buffer.from(JSON.stringify([0, "2020' OR 1=1 --", 'x'])).toString('base64url')
    const broken = [
      good.slice(1),
      good.slice(0, -1),
      `${good}a`,
      `${good}.${seal}`,
      payload,
      `.${seal}`,
      `${payload}.`,
      `${forged}.${seal}`,
      `${payload}.${seal.toUpperCase()}x`,
      `${payload}=.${seal}`,
      '.',
      '..',
      'null',
      '{}',
      '0',
      'W10',
      Buffer.from('[]').toString('base64url'),
      'a'.repeat(7_000),
      '%F0%9F%98%80',
      `%20${good}`,
      `${good}%00`,
      `${good}%20`,
      [...good].reverse().join(''),
    ]
    const elsewhere = [
      `${POSTS}?limit=1&sort=title&cursor=${good}`,
      `${POSTS}?limit=1&status=draft&cursor=${good}`,
      `${POSTS}?limit=1&q=abc&cursor=${good}`,
      `/api/v1/users/${ACCOUNTS.editor}/posts?cursor=${good}`,
      `${USERS}?cursor=${good}`,
    ]

    expect((await blog.editor.call({ path: `${POSTS}?limit=1&cursor=${good}` })).status).toBe(200)
    for (const cursor of broken) {
      const answer = await blog.editor.call({ path: `${POSTS}?limit=1&cursor=${cursor}` })
      expect([cursor, verdict(answer)]).toEqual([
        cursor,
        expect.stringMatching(/^400 (VALIDATION_CURSOR cursor:cursor|VALIDATION_FAILED cursor:format)$/),
      ])
    }
    for (const path of elsewhere)
      expect([path, verdict(await blog.admin.call({ path }))]).toEqual([path, '400 VALIDATION_CURSOR cursor:cursor'])
  })

  test.each(['', '1', '"', '""', '"1', 'W/', '"a" "b"', '1,2', '"1",', "'1'", '"\u00e9', '*,"1"', '"1";'])(
    'in If-Match is refused, or matches nothing: %s',
    async (tag) => {
      const answer = await blog.editor.call({
        method: 'PATCH',
        path: `${POSTS}/${blog.postId}`,
        body: { title: 'matched' },
        headers: { 'if-match': tag },
      })

      expect(verdict(answer)).toMatch(
        tag === '"1",' ? /^(200|400|409)/ : /^(400 VALIDATION_FAILED if-match:format|409 CONFLICT_VERSION)$/,
      )
    },
  )
})

describe('an internal table', () => {
  test('has no address, by any of its names', async () => {
    const tables = await blog.sql<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    )
    const internal = [
      ...tables.map(({ name }) => name).filter((name) => !['users', 'posts'].includes(name)),
      'pg_class',
      'pg_stat_activity',
      'information_schema.tables',
      'plinth',
      'sessions',
      'tokens',
      'keys',
      'secrets',
      'migrations',
      'journal',
      'outbox',
      'metrics',
      'debug',
      'admin',
      'env',
    ]
    expect(internal).toEqual(expect.arrayContaining(['plinth_journal', 'plinth_idempotency']))

    const found: string[] = []
    for (const name of internal.flatMap((one) => [one, one.replaceAll('_', '-'), one.toUpperCase()])) {
      for (const path of [`/api/v1/${name}`, `/api/${name}`, `/${name}`, `${USERS}/${ACCOUNTS.admin}/${name}`]) {
        for (const method of ['GET', 'POST', 'DELETE'])
          found.push(verdict(await blog.admin.call({ method, path, ...(method === 'POST' && { body: {} }) })))
      }
    }

    report('A22 internal tables', { names: internal.length, requests: found.length, answers: tally(found) })
    expect(found.filter((answer) => answer !== '404 NOT_FOUND_ROUTE')).toEqual([])
  })

  test('is not shown by the public port: no metrics, no debugging', async () => {
    for (const path of [
      '/metrics',
      '/debug/pprof',
      '/.env',
      '/.git/config',
      '/.plinth/secret',
      '/package.json',
      '/actuator',
      '/server-status',
      '/graphiql',
      '/healthz/../metrics',
    ]) {
      expect(verdict(await blog.nobody.call({ path }))).toBe('404 NOT_FOUND_ROUTE')
    }
  })
})
