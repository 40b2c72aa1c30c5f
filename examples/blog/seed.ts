/**
 * Fills an empty blog with people and posts that look real enough, the same ones each time. PostgreSQL makes the rows itself: a million
 * posts never cross the wire.
 */
import type { PlainConnection, SeedReport } from 'plinth'

/** The accounts that `plinth token --role …` speaks for. */
export const ACTORS = {
  admin: 'usr_01jde5m000e008000000000001',
  editor: 'usr_01jde5m000e008000000000002',
  viewer: 'usr_01jde5m000e008000000000003',
} as const

const POSTS_PER_USER = 100
const USERS_MIN = 10

/** A UUIDv7 made of a moment and a number, always the same for the same two. */
const uuidOf = (at: string, number: string): string =>
  `(lpad(to_hex((extract(epoch FROM ${at}) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(${number} % 4096), 3, '0') || '8' || substr(md5((${number})::text), 1, 15))::uuid`

const userMoment = (number: string): string => `(timestamptz '2024-12-01' + ${number} * interval '1 minute')`

const NAMED_USERS = `
  INSERT INTO users (id, email, display_name, role, created_at, updated_at, version)
  SELECT id::uuid, email, name, role, '2024-11-22T09:00:00Z', '2024-11-22T09:00:00Z', 1 FROM (VALUES
    ('01935c5a-0000-7000-8000-000000000001', 'ada@example.com', 'Ada Lovelace', 'admin'),
    ('01935c5a-0000-7000-8000-000000000002', 'grace@example.com', 'Grace Hopper', 'editor'),
    ('01935c5a-0000-7000-8000-000000000003', 'alan@example.com', 'Alan Turing', 'viewer')) AS person(id, email, name, role)`

const USERS = `
  INSERT INTO users (id, email, display_name, role, created_at, updated_at, version)
  SELECT ${uuidOf(userMoment('n'), 'n')}, 'user' || n || '@example.com', first_name || ' ' || last_name, (ARRAY['viewer', 'viewer', 'editor'])[1 + n % 3],
    ${userMoment('n')}, ${userMoment('n')}, 1
  FROM generate_series(1, $1::int) n
  CROSS JOIN LATERAL (SELECT
    (ARRAY['Barbara', 'Edsger', 'Margaret', 'Donald', 'Radia', 'Tony', 'Frances', 'Ken', 'Karen', 'Leslie'])[1 + n % 10] AS first_name,
    (ARRAY['Liskov', 'Dijkstra', 'Hamilton', 'Knuth', 'Perlman', 'Hoare', 'Allen', 'Thompson', 'Jones', 'Lamport', 'Kay'])[1 + n % 11] AS last_name) person`

const WORDS = `ARRAY['index', 'ledger', 'queue', 'lock', 'page', 'cursor', 'schema', 'vacuum', 'planner', 'buffer', 'token', 'policy', 'replica', 'snapshot', 'pipeline', 'journal', 'cache']`

/** Every tenth post is the editor's own, so that signing in as her shows something. */
const POSTS = `
  INSERT INTO posts (id, author_id, title, body, status, published_at, created_at, updated_at, version)
  SELECT ${uuidOf('at', 'n')},
    CASE WHEN n % 10 = 0 THEN '01935c5a-0000-7000-8000-000000000002'::uuid ELSE ${uuidOf(userMoment('k'), 'k')} END,
    initcap(words[1 + n % 17]) || ' and ' || words[1 + n * 7 % 13] || ', part ' || n,
    repeat('What the ' || words[1 + n % 17] || ' does for the ' || words[1 + n * 11 % 17] || ' is told here. ', 3 + n % 5),
    status, CASE WHEN status = 'draft' THEN NULL ELSE at END, at, at, 1
  FROM generate_series($1::int, $2::int) n
  CROSS JOIN LATERAL (SELECT 1 + n % $3::int AS k, timestamptz '2025-01-01' + n * interval '20 seconds' AS at, ${WORDS} AS words,
    (ARRAY['published', 'published', 'published', 'draft', 'archived'])[1 + n % 5] AS status) made`

/** Writes about `count` posts, a hundredth as many people, and the three accounts, all or nothing. The blog must be empty. */
export async function seed(connection: PlainConnection, count: number): Promise<SeedReport> {
  const [{ is_empty: isEmpty } = { is_empty: false }] = await connection.query<{ is_empty: boolean }>(
    'SELECT NOT EXISTS (SELECT FROM users) AS is_empty',
  )
  if (!isEmpty)
    throw new Error(
      'Cannot seed the blog: it has users already, expected an empty one. Start over with: plinth migrate down --steps 2 && plinth migrate up',
    )
  const users = Math.max(USERS_MIN, Math.ceil(count / POSTS_PER_USER))
  await connection.query('BEGIN')
  try {
    await connection.query("SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL statement_timeout = 0")
    await connection.query(NAMED_USERS)
    await connection.query(USERS, [users])
    await withoutIndexes(connection, 'posts', () => connection.query(POSTS, [1, count, users]))
    await connection.query('ANALYZE users; ANALYZE posts; COMMIT')
  } catch (error) {
    await connection.query('ROLLBACK')
    throw error
  }
  return { users: users + 3, posts: count }
}

/** Takes the indexes of the table away while rows are written and builds them after: several times quicker than keeping them up row by row. */
async function withoutIndexes(connection: PlainConnection, table: string, write: () => Promise<unknown>): Promise<void> {
  const indexes = await connection.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indrelid = $1::regclass AND NOT indisprimary`,
    [table],
  )
  for (const { name } of indexes) await connection.query(`DROP INDEX ${name}`)
  await write()
  for (const { definition } of indexes) await connection.query(definition)
}
