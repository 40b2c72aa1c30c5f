/** Callers who hang up, or whose time is over, while the database is at what they asked for. */
// Proves RES-04, RPC-05, GQL-04: no read is left running for nobody, whichever surface it came through.
import { setTimeout as delay } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decodeTypeId } from '../../src/kernel/index.ts'
import { openConnection, type PlainConnection } from '../../src/pg/index.ts'
import { budgetMs, waitFor } from '../../src/testing/index.ts'
import { type GrpcClient, grpcClient } from '../conformance/grpc-kit.ts'
import { type ChaosBlog, startChaosBlog } from './blog.ts'

/** How long a caller waits. */
const PATIENCE_MS = 200
/** Far less than the five seconds after which the server would give up the lock. */
const ENDED_MS = 1_500

let blog: ChaosBlog
let locker: PlainConnection
let posts: GrpcClient
let postId: string

beforeAll(async () => {
  blog = await startChaosBlog()
  locker = await openConnection(blog.service.databaseUrl)
  posts = grpcClient(blog.service.grpcAddress, 'post')
  postId = await blog.createPost('On engines')
})
afterAll(async () => {
  posts[Symbol.dispose]()
  await locker.close()
  await blog.stop()
})

/** Statements on posts that the server is at; those that only ask for them do not count. */
async function underWay(): Promise<number> {
  const rows = await blog.sql(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock' AND query LIKE '%posts%'`,
  )
  return rows.length
}

/** Nobody reads posts before it resolves: what is sent meanwhile waits. */
async function whileLocked(work: () => Promise<void>): Promise<void> {
  await locker.query('BEGIN; LOCK TABLE posts IN ACCESS EXCLUSIVE MODE')
  try {
    await work()
  } finally {
    await locker.query('ROLLBACK')
  }
}

const hangUp = async (path: string, init: RequestInit = {}): Promise<unknown> =>
  fetch(blog.service.origin + path, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) }).catch((error: Error) => error.name)
const ask = (body: object, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
})

const GIVEN_UP: readonly (readonly [what: string, give: () => Promise<unknown>, expected: unknown])[] = [
  ['a list over REST', () => hangUp('/api/v1/posts?limit=5'), 'TimeoutError'],
  ['a record over REST', () => hangUp(`/api/v1/posts/${postId}`), 'TimeoutError'],
  [
    'a tree over GraphQL',
    () => hangUp('/graphql', ask({ query: '{ posts(first: 3) { nodes { title author { displayName } } } }' })),
    'TimeoutError',
  ],
  [
    'a list over gRPC',
    async () => (await posts.fail('ListPosts', { page_size: 5 }, { deadlineMs: PATIENCE_MS })).code,
    status.DEADLINE_EXCEEDED,
  ],
  [
    'a list over Connect',
    async () => {
      const init = ask({ pageSize: 5 }, { 'connect-timeout-ms': String(PATIENCE_MS), 'connect-protocol-version': '1' })
      const answer = await fetch(`${blog.service.origin}/post.v1.PostService/ListPosts`, init)
      return ((await answer.json()) as { readonly code: string }).code
    },
    'deadline_exceeded',
  ],
]

let faults = 0
beforeEach(() => {
  faults = blog.service.logs().filter(({ level }) => level === 'error').length
})

describe.each(GIVEN_UP)('%s that is given up', (_, give, expected) => {
  test('is ended by the database, and is no fault', async () => {
    await whileLocked(async () => {
      const giving = give()
      await waitFor('the statement to wait', async () => (await underWay()) === 1)
      expect(await giving).toBe(expected)
      const gaveUpAtMs = performance.now()
      await waitFor('its end', async () => (await underWay()) === 0)
      expect(performance.now() - gaveUpAtMs).toBeLessThan(budgetMs(ENDED_MS))
    })

    const answer = await fetch(`${blog.service.origin}/api/v1/posts/${postId}`)
    expect(answer.status).toBe(200)
    expect(blog.service.logs().filter(({ level }) => level === 'error')).toHaveLength(faults)
  })
})

test('a write that was sent is done, whether or not somebody waits for it', async () => {
  const id = await blog.createPost('before')
  await locker.query('BEGIN')
  await locker.query('SELECT FROM posts WHERE id = $1 FOR UPDATE', [decodeTypeId('post', id)])
  const init = { ...ask({ title: 'behind' }), method: 'PATCH' }
  const token = blog.service.token('admin')
  await hangUp(`/api/v1/posts/${id}`, {
    ...init,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  })
  await delay(600)
  await locker.query('ROLLBACK')

  await waitFor('the write', async () => {
    const { json } = await blog.service.request(`/api/v1/posts/${id}`)
    return json.data.title === 'behind'
  })
})

test('reads that somebody waits for share the statement with those of others, and get their answer', async () => {
  const other = await blog.createPost('other')
  let wanted: Promise<Response>[] = []
  await whileLocked(async () => {
    // One turn of the event loop makes them one statement.
    const gone = Array.from({ length: 5 }, () => hangUp(`/api/v1/posts/${postId}`))
    wanted = Array.from({ length: 5 }, () => fetch(`${blog.service.origin}/api/v1/posts/${other}`))
    await Promise.all(gone)
    await delay(800)
  })

  const answers = await Promise.all(wanted)
  expect(answers.map((answer) => answer.status)).toEqual(Array(5).fill(200))
})

test('lists that are wanted are answered among those that are given up', { timeout: 60_000 }, async () => {
  const statuses: number[] = []
  for (let round = 0; round < 8; round++) {
    let wanted: Promise<Response>[] = []
    await whileLocked(async () => {
      const gone = Array.from({ length: 6 }, () => hangUp('/api/v1/posts?limit=3'))
      wanted = Array.from({ length: 6 }, (_, at) => fetch(`${blog.service.origin}/api/v1/posts?limit=${at + 4}`))
      await Promise.all(gone)
      await delay(300)
    })
    for (const answer of await Promise.all(wanted)) statuses.push(answer.status)
  }

  expect(statuses).toEqual(Array(48).fill(200))
})
