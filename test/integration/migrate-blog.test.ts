// Proves DB-06, IDX-01, IDX-02.
import { describe, expect, it } from 'vitest'
import { BLOG_MIGRATIONS, scratch } from './migrate-database.ts'

const server = scratch()
const AUTHOR = '01890a5d-ac96-774b-bcce-b302099a8057'
const USER = `INSERT INTO users VALUES ('${AUTHOR}', 'a@example.org', 'A', 'editor', now(), now(), 1, NULL)`
const POST = {
  id: `'01890a5d-ac96-774b-bcce-b302099a8058'`,
  author_id: `'${AUTHOR}'`,
  title: `'A title'`,
  body: `'A body'`,
  status: `'draft'`,
  created_at: 'now()',
  updated_at: 'now()',
  version: '1',
}

function insertPost(change: Partial<typeof POST>): string {
  const post = { ...POST, ...change }
  return `INSERT INTO posts (${Object.keys(post).join(', ')}) VALUES (${Object.values(post).join(', ')})`
}

describe('the indexes of the blog', () => {
  const NEWEST = 'ORDER BY created_at DESC, id DESC LIMIT 20'
  const AFTER = `(created_at, id) < (now(), '${AUTHOR}')`

  it.each([
    ['the first page of posts', `posts WHERE deleted_at IS NULL ${NEWEST}`, 'posts_created_at_idx'],
    ['a later page of posts', `posts WHERE deleted_at IS NULL AND ${AFTER} ${NEWEST}`, 'posts_created_at_idx'],
    [
      'posts of one author',
      `posts WHERE deleted_at IS NULL AND author_id = '${AUTHOR}' AND ${AFTER} ${NEWEST}`,
      'posts_author_id_created_at_idx',
    ],
    [
      'posts in one status',
      `posts WHERE deleted_at IS NULL AND status = 'published' AND ${AFTER} ${NEWEST}`,
      'posts_status_created_at_idx',
    ],
    ['the first page of users', `users WHERE deleted_at IS NULL ${NEWEST}`, 'users_created_at_idx'],
    ['a user by address', `users WHERE deleted_at IS NULL AND email = 'a@example.org'`, 'users_email_key'],
    ['a search in titles', `posts WHERE deleted_at IS NULL AND title ILIKE '%a longer word%'`, 'posts_title_trgm_idx'],
  ])('serve %s without a sort', async (_, query, index) => {
    const database = await server.createDatabase(BLOG_MIGRATIONS)
    // Rows enough, and the values asked for rare enough, for the right index to be the cheapest.
    await database.query(
      `INSERT INTO users SELECT gen_random_uuid(), n || '@example.org', 'Name', 'editor', now() - n * interval '1 hour', now(), 1, NULL
       FROM generate_series(1, 200) n`,
    )
    await database.query(
      `INSERT INTO posts SELECT gen_random_uuid(), id, 'Title ' || gen_random_uuid(), '', CASE n WHEN 1 THEN 'published' ELSE 'draft' END, NULL,
         now() - n * interval '1 minute', now(), 1, NULL FROM users, generate_series(1, 25) n`,
    )
    await database.query('VACUUM ANALYZE users, posts')
    await database.query('SET enable_seqscan = off; SET enable_sort = off')

    const plan = (await database.query(`EXPLAIN SELECT id FROM ${query}`)).map((row) => row['QUERY PLAN']).join('\n')

    expect(plan).toContain(index)
    expect(plan).not.toContain('Sort')
  })
})

describe('the checks of the blog', () => {
  it.each([
    ['a title of 201 characters', { title: `repeat('é', 201)` }, 'posts_title_check'],
    ['an empty title', { title: `''` }, 'posts_title_check'],
    ['a body of 50,001 characters', { body: `repeat('x', 50001)` }, 'posts_body_check'],
    ['a status that is none', { status: `'lost'` }, 'posts_status_check'],
    ['version 0', { version: '0' }, 'posts_version_check'],
    ['an author that is none', { author_id: `'01890a5d-ac96-774b-bcce-b302099a8059'` }, 'posts_author_id_fkey'],
  ])('refuse a post with %s', async (_, change, constraint) => {
    const database = await server.createDatabase(BLOG_MIGRATIONS)
    await database.query(USER)

    await expect(database.query(insertPost(change))).rejects.toMatchObject({ constraint })
  })

  it('accept a post at the limits', async () => {
    const database = await server.createDatabase(BLOG_MIGRATIONS)
    await database.query(USER)

    await database.query(insertPost({ title: `repeat('é', 200)`, body: `repeat('x', 50000)` }))

    expect(await database.query('SELECT char_length(title) AS title FROM posts')).toEqual([{ title: 200 }])
  })

  it('refuse a second living account with one address, and free the address of a deleted one', async () => {
    const database = await server.createDatabase(BLOG_MIGRATIONS)
    const other = USER.replace(AUTHOR, '01890a5d-ac96-774b-bcce-b302099a8060')
    await database.query(USER)

    await expect(database.query(other)).rejects.toMatchObject({ code: '23505', constraint: 'users_email_key' })
    await database.query('UPDATE users SET deleted_at = now()')
    await database.query(other)

    expect(await database.query('SELECT count(*)::int AS users FROM users')).toEqual([{ users: 2 }])
  })
})
