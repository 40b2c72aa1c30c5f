// Proves ACC-04: a record that is hidden cannot be told from one that is not there, and whoever tries is in the security log.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Blog, startBlog } from '../conformance/blog.ts'
import { type GrpcClient, grpcClient } from '../conformance/grpc-kit.ts'

let blog: Blog
let posts: GrpcClient
let draft: string

beforeAll(async () => {
  blog = await startBlog()
  posts = grpcClient(blog.service.grpcAddress, 'post')
  draft = await blog.post({ status: 'draft' })
})

afterAll(async () => {
  posts[Symbol.dispose]()
  await blog[Symbol.asyncDispose]()
})

const MISSING = 'post_01h455vb4pex5vsknk084sn02q'
let requests = 0
let requestId = ''

/** From an account that has not asked for much in this second. */
const headers = (): Record<string, string> => {
  requestId = `hidden-${++requests}`
  return { 'x-request-id': requestId }
}

async function rest(method: string, id: string, token: string, path = ''): Promise<number> {
  const answer = await blog.service.request(`/api/v1/posts/${id}${path}`, {
    method,
    token,
    headers: headers(),
    ...(method === 'PATCH' && { body: { title: 'Mine' } }),
  })
  return answer.status
}

async function graphql(id: string, token: string): Promise<number> {
  const body = { query: 'query ($id: ID!) { post(id: $id) { title } }', variables: { id } }
  const answer = await blog.service.request('/graphql', { method: 'POST', token, body, headers: headers() })
  return answer.text.includes('"post":null') ? 404 : answer.status
}

async function grpc(id: string, token: string): Promise<number> {
  const failure = await posts.fail('GetPost', { id }, { token, metadata: headers() })
  return failure.code === 5 ? 404 : failure.code
}

/** What the security log says of the latest request. */
async function events() {
  await blog.service.service.settle()
  return blog.service
    .logs()
    .map(({ fields, user_id: user }) => ({ ...(fields as Record<string, unknown>), user }))
    .filter((event) => (event as Record<string, unknown>)['event'] === 'access.denied')
    .filter((event) => (event as Record<string, unknown>)['request_id'] === requestId)
}

describe.each<[door: string, operation: string, ask: (id: string, token: string) => Promise<number>]>([
  ['GET over REST', 'posts.get', (id, token) => rest('GET', id, token)],
  ['PATCH over REST', 'posts.update', (id, token) => rest('PATCH', id, token)],
  ['an action over REST', 'posts.act', (id, token) => rest('POST', id, token, '/publish')],
  ['a field of a query', 'posts.get', graphql],
  ['a call of gRPC', 'posts.get', grpc],
])('%s', (_, operation, ask) => {
  test('leaves an event where the record is there, and none where it is not', async () => {
    // A second editor may change posts, and not see the drafts of others.
    const token = await other()

    expect(await ask(MISSING, token)).toBe(404)
    expect(await events()).toEqual([])
    expect(await ask(draft, token)).toBe(404)
    expect(await events()).toMatchObject([{ operation, code: 'NOT_FOUND_RECORD', status: 404, user: expect.stringMatching(/./) }])
    expect(JSON.stringify(await events())).not.toContain(draft)
  })
})

test('who may see the record leaves none', async () => {
  expect(await rest('GET', draft, blog.tokens.editor)).toBe(200)
  expect(await events()).toEqual([])
})

test('a guesser is looked after twice a second, and answered every time', async () => {
  const token = await other()
  const linesBefore = blog.service.logs().length

  const statuses = await Promise.all(Array.from({ length: 50 }, () => rest('GET', draft, token)))
  await blog.service.service.settle()

  const noted = blog.service
    .logs()
    .slice(linesBefore)
    .filter(({ fields }) => (fields as Record<string, unknown>)['event'] === 'access.denied')
  expect(new Set(statuses)).toEqual(new Set([404]))
  expect(noted.length).toBeGreaterThan(0)
  // The fifty may fall into two seconds.
  expect(noted.length).toBeLessThanOrEqual(4)
})

let others = 0

/** A token of an editor of their own. */
async function other(): Promise<string> {
  const answer = await blog.service.request('/api/v1/users', {
    method: 'POST',
    token: blog.tokens.admin,
    body: { email: `other-${++others}@example.com`, display_name: 'Other', role: 'editor' },
  })
  const { data } = JSON.parse(answer.text) as { readonly data: { readonly id: string } }
  return blog.service.token('editor', data.id)
}
