/** DB-05, API-06: whatever is asked, a list ends. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Blog, startBlog, USERS } from './blog.ts'

const POSTS = 250

let blog: Blog
beforeAll(async () => {
  blog = await startBlog()
  const sql = await blog.service.sql()
  await sql.query(
    `INSERT INTO posts (id, author_id, title, body, status, created_at, updated_at, version)
     SELECT gen_random_uuid(), (SELECT id FROM users WHERE role = 'editor'), 'Post ' || n, '', 'published', now(), now(), 1
     FROM generate_series(1, ${POSTS}) n`,
  )
})
afterAll(() => blog[Symbol.asyncDispose]())

test.each([
  ['/api/v1/posts', 20],
  ['/api/v1/posts?limit=100', 100],
  [`/api/v1/users/${USERS.editor}/posts`, 20],
  ['/api/v1/posts?q=Post&sort=title', 20],
  ['/api/v1/posts?status[in]=published,draft&created_at[gte]=2020-01-01T00:00:00Z', 20],
])('DB-05 %s gives %i records of 250, and says that there are more', async (path, count) => {
  const answer = await blog.ask(`GET ${path}`, { as: 'admin' })

  expect(answer.json.data).toHaveLength(count)
  expect(answer.json.meta).toMatchObject({ has_next: true, limit: count })
})

test.each(['limit=101', 'limit=1000000', 'limit=-1', 'limit=', 'limit=all', 'limit=1&limit=100', 'per_page=1000'])(
  'API-06 ?%s is refused: the cap of a page cannot be asked away',
  async (query) => {
    const answer = await blog.ask(`GET /api/v1/posts?${query}`, { as: 'admin' })

    expect([answer.status, answer.json.error.code]).toEqual([400, 'VALIDATION_FAILED'])
  },
)
