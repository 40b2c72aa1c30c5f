/** The reference service as the hostile tests find it: three accounts, one post of the editor's, and a client for each of them. */
import blog from '../../examples/blog/app.ts'
import { decodeTypeId } from '../../src/kernel/index.ts'
import { type TestService, type TestServiceOptions, testService } from '../../src/testing/index.ts'
import { Caller, type Outcome } from '../chaos/caller.ts'

export const ACCOUNTS = {
  admin: 'usr_01h455vb4pex5vsknk084sn02q',
  editor: 'usr_01h455vb4pex5vsknk084sn02r',
  viewer: 'usr_01h455vb4pex5vsknk084sn02s',
} as const
export type Role = keyof typeof ACCOUNTS

const INSERT_ACCOUNT =
  'INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, $2, $3, $4, now(), now(), 1)'

export interface HostileBlog {
  readonly service: TestService
  readonly tokens: Readonly<Record<Role, string>>
  readonly admin: Caller
  readonly editor: Caller
  readonly viewer: Caller
  readonly nobody: Caller
  /** A published post of the editor's. */
  readonly postId: string
  sql<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  stop(): Promise<void>
}

export async function startHostileBlog(options: Omit<TestServiceOptions, 'app'> = {}): Promise<HostileBlog> {
  const service = await testService({ app: blog, ...options })
  const connection = await service.sql()
  for (const [role, id] of Object.entries(ACCOUNTS)) {
    await connection.query(INSERT_ACCOUNT, [decodeTypeId('usr', id), `${role}@example.com`, role, role])
  }
  const tokenOf = (role: Role): string => service.token(role, ACCOUNTS[role])
  const tokens = { admin: tokenOf('admin'), editor: tokenOf('editor'), viewer: tokenOf('viewer') }
  const callers = {
    admin: new Caller(service.origin, { token: tokens.admin }),
    editor: new Caller(service.origin, { token: tokens.editor }),
    viewer: new Caller(service.origin, { token: tokens.viewer }),
    nobody: new Caller(service.origin),
  }
  const post = await callers.editor.call({ method: 'POST', path: '/api/v1/posts', body: newPost({ status: 'published' }) })
  if (post.status !== 201) throw new Error(`Cannot prepare the blog: ${post.text}`)
  return {
    service,
    tokens,
    ...callers,
    postId: post.json.data.id,
    sql: (text, values) => connection.query(text, values),
    async stop() {
      for (const caller of Object.values(callers)) caller.close()
      await service.stop()
    },
  }
}

/** A body that creates a post of the editor's, with whatever a test changes about it. */
export function newPost(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { author_id: ACCOUNTS.editor, title: 'On the Engine', body: 'It computes.', ...changes }
}

/** `400 VALIDATION_FAILED title:too_long`: what an answer says, in one line to compare. */
export function verdict({ status, failure, json }: Outcome): string {
  if (failure !== undefined) return failure
  if (status < 400) return String(status)
  const error = json?.error
  const details = (error?.details ?? []) as readonly { field: string; code: string }[]
  return [status, error?.code, ...details.map(({ field, code }) => `${field}:${code}`)].join(' ')
}
