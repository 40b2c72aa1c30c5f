/** The reference service for the suite of agreement: the same people and posts in every world. */
import app from '../../examples/blog/app.ts'
import type { PlainConnection } from '../../src/pg/index.ts'
import type { TestService } from '../../src/testing/index.ts'
import type { Pool } from './operations.ts'
import type { OpenSurface } from './surface.ts'
import { fixedId, fixedUuid, type WorldOptions } from './world.ts'

/** By name, the number of the account. */
const PEOPLE = { admin: 1, editor: 2, colleague: 3, viewer: 4 } as const
const OTHERS = [5, 6, 7, 8, 9] as const
const POSTS = 40
const POST_OFFSET = 100

export function blogWorld(open: OpenSurface): WorldOptions {
  return { app, open, fill, tokens }
}

export const BLOG_POOL: Pool = {
  domain: app.domain,
  actors: ['nobody', 'admin', 'admin', 'editor', 'editor', 'colleague', 'viewer', 'stranger', 'forged'],
  ids: {
    user: [...Object.values(PEOPLE), ...OTHERS].map((number) => fixedId('usr', number)),
    post: Array.from({ length: POSTS }, (_, at) => fixedId('post', POST_OFFSET + at)),
  },
  words: ['Notes', 'Engine', 'person'],
}

function tokens(service: TestService): Readonly<Record<string, string>> {
  const token = (name: keyof typeof PEOPLE, role: string) => service.token(role, fixedId('usr', PEOPLE[name]))
  const viewer = token('viewer', 'viewer')
  return {
    admin: token('admin', 'admin'),
    editor: token('editor', 'editor'),
    colleague: token('colleague', 'editor'),
    viewer,
    // An editor who has no account.
    stranger: service.token('editor', fixedId('usr', 99)),
    forged: `${viewer.slice(0, -4)}AAAA`,
  }
}

async function fill(sql: PlainConnection): Promise<void> {
  for (const number of [...Object.values(PEOPLE), ...OTHERS]) {
    const name = Object.entries(PEOPLE).find(([, one]) => one === number)?.[0] ?? `person${number}`
    const role = name === 'admin' ? 'admin' : name === 'editor' || name === 'colleague' ? 'editor' : 'viewer'
    await sql.query(
      `INSERT INTO users (id, email, display_name, role, created_at, updated_at, version, deleted_at)
       VALUES ($1, $2, $3, $4, '2020-01-01T00:00:00Z'::timestamptz + $5::integer / 3 * interval '1 day', '2020-01-01', 1, $6)`,
      [fixedUuid(number), `${name}@example.com`, `${name} of the tests`, role, number, number === 9 ? '2020-02-01' : null],
    )
  }
  for (let at = 0; at < POSTS; at++) {
    const status = ['draft', 'published', 'published', 'archived'][at % 4]
    const author = [PEOPLE.editor, PEOPLE.colleague, PEOPLE.editor, PEOPLE.admin, OTHERS[0]][at % 5]
    // Five of a moment each: what orders them is the id.
    await sql.query(
      `INSERT INTO posts (id, author_id, title, body, status, published_at, created_at, updated_at, version, deleted_at)
       VALUES ($1, $2, $3, $4, $5, $6, '2021-01-01T00:00:00Z'::timestamptz + $7::integer / 5 * interval '1 minute', '2021-01-01', 1, $8)`,
      [
        fixedUuid(POST_OFFSET + at),
        fixedUuid(author ?? 1),
        at % 3 === 0 ? `Notes ${at}` : 'On the Engine “é” \\ "x"',
        `Line ${at}\nand\u0001 more`,
        status,
        status === 'published' ? '2021-02-03T04:05:06.007Z' : null,
        at,
        at % 9 === 8 ? '2021-03-01' : null,
      ],
    )
  }
}
