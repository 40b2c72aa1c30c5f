/** What a document costs of its caller's limits: as much as the requests that it replaces, on every transport. */
// Proves API-07, GQL-05.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startBlog } from './blog.ts'
import { askGraphql } from './graphql-kit.ts'
import { socketClient, subscribe, untilWatching } from './subscriptions-kit.ts'

const SMALL = '{ posts(first: 100) { nodes { id } } }'
/** 20 pages of 50 posts: 1,041 records. */
const LARGE = '{ users(first: 20) { nodes { id posts(first: 50) { nodes { id } } } } }'
const LARGE_COST = 10

const left = (answer: { readonly headers: Headers }): number => Number(/r=(\d+)/.exec(answer.headers.get('ratelimit') ?? '')?.[1])
const makePosts = (count: number): string => {
  const make = (at: number): string =>
    `p${at}: createPost(input: { authorId: "usr_01h455vb4pex5vsknk084sn02r", title: "${at}", body: "b" }) { post { id } }`
  return `mutation { ${Array.from({ length: count }, (_, at) => make(at)).join(' ')} }`
}

test('a document of a page is one request, a larger one as many as there are hundreds of records', async () => {
  await using blog = await startBlog({ RATE_LIMIT_READ: '1/100' })

  const small = await askGraphql(blog, SMALL, { as: 'admin' })
  const large = await askGraphql(blog, LARGE, { as: 'admin' })
  const varied = await askGraphql(blog, 'query ($n: Int) { users(first: 20) { nodes { posts(first: $n) { nodes { id } } } } }', {
    as: 'admin',
    variables: { n: 50 },
  })

  expect([small, large, varied].map(({ status }) => status)).toEqual([200, 200, 200])
  expect([small, large, varied].map(left)).toEqual([99, 99 - LARGE_COST, 99 - 2 * LARGE_COST])
})

test('a refusal says when the same document would pass, and the answer to that time is true', async () => {
  // Two requests a second; five are left for the third document.
  await using blog = await startBlog({ RATE_LIMIT_READ: '120/25' })
  await askGraphql(blog, LARGE, { as: 'admin' })
  await askGraphql(blog, LARGE, { as: 'admin' })

  const refused = await askGraphql(blog, LARGE, { as: 'admin' })
  const waitS = Number(refused.headers.get('retry-after'))
  await sleep(waitS * 1_000)
  const again = await askGraphql(blog, LARGE, { as: 'admin' })

  expect(refused.status).toBe(429)
  expect(refused.json.data).toBeUndefined()
  expect(refused.json.errors[0].extensions).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', retryAfter: waitS })
  expect(refused.headers.get('ratelimit-policy')).toBe('"read";q=120;w=60')
  expect(left(refused)).toBeLessThan(LARGE_COST)
  expect(waitS).toBeGreaterThanOrEqual(1)
  expect(waitS).toBeLessThanOrEqual(4)
  expect(again.status).toBe(200)
})

test('a document that costs more than the whole budget takes all of it, and passes when it is full', async () => {
  await using blog = await startBlog({ RATE_LIMIT_READ: '60/3' })

  const first = await askGraphql(blog, LARGE, { as: 'admin' })
  const second = await askGraphql(blog, LARGE, { as: 'admin' })

  expect([first.status, second.status]).toEqual([200, 429])
  expect(left(first)).toBe(0)
  expect(second.headers.get('retry-after')).toBe('1')
})

test('a mutation is a write for each change, and those left out by a directive are none', async () => {
  await using blog = await startBlog({ RATE_LIMIT_WRITE: '1/20' })

  const five = await askGraphql(blog, makePosts(5), { as: 'editor' })
  const skipped = await askGraphql(
    blog,
    `mutation ($no: Boolean!) ${makePosts(5).slice('mutation'.length).replaceAll(') {', ') @include(if: $no) {').replace('@include(if: $no) {', '{')}`,
    { as: 'editor', variables: { no: false } },
  )
  const nine = await askGraphql(blog, makePosts(9), { as: 'editor' })
  const more = await askGraphql(blog, makePosts(9), { as: 'editor' })

  expect([five, skipped, nine].map(({ status }) => status)).toEqual([200, 200, 200])
  expect([five, skipped, nine].map(left)).toEqual([15, 14, 5])
  expect(more.status).toBe(429)
  const posts = await blog.ask('GET /api/v1/posts?limit=100', { as: 'admin' })
  expect(posts.json.data).toHaveLength(15)
})

test('an operation on a socket costs the same', async () => {
  await using blog = await startBlog({ RATE_LIMIT_READ: '1/32' })
  const client = socketClient(blog.service.origin, blog.tokens.admin)
  const ask = (query: string) =>
    new Promise<unknown>((resolve) => {
      client.subscribe({ query }, { next: (answer) => resolve(answer), error: resolve, complete: () => undefined })
    })

  const answers = [await ask(LARGE), await ask(LARGE), await ask(LARGE), await ask(LARGE)]

  expect(answers.slice(0, 3).every((answer) => typeof answer === 'object' && answer !== null && 'data' in answer)).toBe(true)
  expect(answers[3]).toMatchObject([{ extensions: { code: 'RATE_LIMIT_EXCEEDED', retryAfter: expect.any(Number) } }])
  await client.dispose()
})

test.each(['sockets', 'events'] as const)(
  'answers of a subscription that are read for its caller wait for their budget, and none is lost (%s)',
  async (transport) => {
    // Four requests a second.
    await using blog = await startBlog({ RATE_LIMIT_READ: '240/8' })
    const query = 'subscription { postCreated { title author { displayName } } }'
    const nested = subscribe(transport, blog.service.origin, blog.tokens.admin, { query })
    const plain = subscribe(transport, blog.service.origin, blog.tokens.viewer, {
      query: 'subscription { postCreated { title } }',
    })
    await untilWatching(blog.service.service.adminOrigin, 2)
    const titles = Array.from({ length: 12 }, (_, at) => `Post ${at}`)

    for (const title of titles) await blog.post({ title, status: 'published' })
    await plain.until(12)
    const heardAtOnce = nested.answers.length
    await nested.until(12)

    expect(heardAtOnce).toBeLessThan(12)
    expect(nested.answers).toEqual(titles.map((title) => ({ postCreated: { title, author: { displayName: 'editor' } } })))
    nested.stop()
    plain.stop()
  },
)
