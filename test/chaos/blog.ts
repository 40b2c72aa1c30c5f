/** The reference service in this process, with an author to write for: what the tests of concurrency begin with. */
import blog from '../../examples/blog/app.ts'
import { decodeTypeId, encodeTypeId, type Uuid } from '../../src/kernel/index.ts'
import { type TestService, type TestServiceOptions, testService } from '../../src/testing/index.ts'
import { Caller } from './caller.ts'

const AUTHOR = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
export const AUTHOR_ID = encodeTypeId('usr', AUTHOR)
export const OTHER_ID = encodeTypeId('usr', '01890a5d-ac96-774b-bcce-b302099a8058' as Uuid)

/** The same for all instances over one database, as in production: what one has sealed another opens. */
const PLINTH_SECRET = 'a secret of the chaos tests and of nothing else'

export interface ChaosBlog {
  readonly service: TestService
  /** Speaks for the author, who is an editor. */
  readonly author: Caller
  sql<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Creates a published post and gives its id. */
  createPost(title: string): Promise<string>
  stop(): Promise<void>
}

export async function startChaosBlog(options: Omit<TestServiceOptions, 'app'> = {}): Promise<ChaosBlog> {
  const service = await testService({ app: blog, ...options, environment: { PLINTH_SECRET, ...options.environment } })
  const connection = await service.sql()
  await connection.query(
    `INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, 'ada@example.com', 'Ada', 'editor', now(), now(), 1),
     ($2, 'grace@example.com', 'Grace', 'editor', now(), now(), 1) ON CONFLICT DO NOTHING`,
    [AUTHOR, decodeTypeId('usr', OTHER_ID)],
  )
  const author = new Caller(service.origin, { token: service.token('editor', AUTHOR_ID), connections: 256 })
  return {
    service,
    author,
    sql: (text, values) => connection.query(text, values),
    async createPost(title) {
      const { status, json, text } = await author.call({
        method: 'POST',
        path: '/api/v1/posts',
        body: { author_id: AUTHOR_ID, title, body: '', status: 'published' },
      })
      if (status !== 201) throw new Error(`Cannot prepare a post: ${text}`)
      return json.data.id
    },
    async stop() {
      author.close()
      await service.stop()
    },
  }
}
