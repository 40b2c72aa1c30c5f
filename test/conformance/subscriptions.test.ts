/** Subscriptions of the reference service over both transports, with real clients: what is told, to whom, and what ends it. */
// Proves GQL-07, ACC-06.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { budgetMs, testService, waitFor } from '../../src/testing/index.ts'
import { addAccount, endsWatch, PASSWORD, tokensOf } from './account-kit.ts'
import { type Blog, startBlog, USERS } from './blog.ts'
import { foreignIssuer } from './foreign-issuer.ts'
import {
  eventsClient,
  type Heard,
  hear,
  socketClient,
  subscribe,
  type Transport,
  untilWatching,
  watchesOf,
} from './subscriptions-kit.ts'

let blog: Blog
const heard: Heard[] = []
beforeAll(async () => {
  blog = await startBlog()
})
afterEach(async () => {
  for (const one of heard.splice(0)) one.stop()
  await waitFor('no watches', async () => (await watchesOf(blog.service.service.adminOrigin)) === 0)
})
afterAll(() => blog[Symbol.asyncDispose]())

/** Subscribes and returns when the service watches. */
async function listen(
  transport: Transport,
  query: string,
  token?: string,
  variables: Record<string, unknown> = {},
): Promise<Heard> {
  const { adminOrigin } = blog.service.service
  const before = await watchesOf(adminOrigin)
  const one = subscribe(transport, blog.service.origin, token, { query, variables })
  heard.push(one)
  await untilWatching(adminOrigin, before + 1)
  // What was committed at the last look but one is told too.
  await sleep(250)
  one.answers.length = 0
  return one
}
const patch = (id: string, body: Record<string, unknown>) => blog.ask(`PATCH /api/v1/posts/${id}`, { as: 'editor', body })

describe.each(['sockets', 'events'] as const)('over %s a subscription', (transport) => {
  test('tells of what is made, in the fields that were asked for', async () => {
    const created = await listen(
      transport,
      'subscription { made: postCreated { __typename title status authorId author { displayName } } }',
    )

    await blog.post({ title: 'Told' })
    await created.until(1)

    expect(created.answers).toEqual([
      { made: { __typename: 'Post', title: 'Told', status: 'PUBLISHED', authorId: expect.any(String), author: null } },
    ])
  })

  test('reads what hangs on the record under the rights of its caller', async () => {
    const query = 'subscription { postCreated { title author { displayName posts(first: 1) { totalCount } } } }'
    const created = await listen(transport, query, blog.tokens.admin)

    await blog.post({ title: 'Nested' })
    await created.until(1)

    expect(created.answers).toEqual([
      { postCreated: { title: 'Nested', author: { displayName: 'editor', posts: { totalCount: expect.any(Number) } } } },
    ])
  })

  test('tells of changes and deletions of the record that it names', async () => {
    const [mine, other] = [await blog.post({ title: 'Mine' }), await blog.post({ title: 'Other' })]
    const updated = await listen(transport, 'subscription ($id: ID) { postUpdated(id: $id) { title version } }', undefined, {
      id: mine,
    })
    const deleted = await listen(transport, 'subscription { postDeleted { id version } }')

    await patch(other, { title: 'Other!' })
    await patch(mine, { title: 'Mine!' })
    await updated.until(1)
    await blog.ask(`DELETE /api/v1/posts/${mine}`, { as: 'admin' })
    await deleted.until(1)

    expect(updated.answers).toEqual([{ postUpdated: { title: 'Mine!', version: 2 } }])
    expect(deleted.answers).toEqual([{ postDeleted: { id: expect.any(String), version: 3 } }])
  })

  test('says nothing of what its caller may not read', async () => {
    const query = 'subscription { postCreated { title } }'
    const stranger = await listen(transport, query)
    const admin = await listen(transport, query, blog.tokens.admin)

    await blog.post({ title: 'Draft', status: 'draft' })
    await blog.post({ title: 'Public' })
    await Promise.all([stranger.until(1), admin.until(2)])

    expect(stranger.answers).toEqual([{ postCreated: { title: 'Public' } }])
    expect(admin.answers).toEqual([{ postCreated: { title: 'Draft' } }, { postCreated: { title: 'Public' } }])
  })

  test.each([
    ['of what nobody may read', 'subscription { userCreated { email } }', 'AUTH_REQUIRED'],
    ['with a field that is not there', 'subscription { postCreated { nothing } }', 'VALIDATION_DOCUMENT'],
    ['with the id of something else', `subscription { postUpdated(id: "${USERS.admin}") { id } }`, 'VALIDATION_FAILED'],
    ['of two things', 'subscription { postCreated { id } postUpdated { id } }', 'VALIDATION_DOCUMENT'],
    ['of nothing', 'subscription { postCreated @skip(if: true) { id } }', 'VALIDATION_DOCUMENT'],
  ])('%s is refused', async (_, query, code) => {
    const refused = subscribe(transport, blog.service.origin, undefined, { query })
    heard.push(refused)

    const over = await refused.over

    // The client of events tells the status alone.
    expect(transport === 'sockets' ? JSON.stringify(over) : String(over)).toMatch(transport === 'sockets' ? code : /40[01]/)
    expect(refused.answers).toEqual([])
  })

  test('ends with the token', async () => {
    await using foreign = await foreignIssuer()
    const { signer } = foreign
    const { origin, adminOrigin } = foreign.service
    // Clocks may differ by five seconds, so it ends at six.
    const token = signer.mintToken({ subject: USERS.admin, roles: ['admin'], permissions: ['posts:read'], ttlS: 1 })
    const mintedAtMs = Date.now()
    const expiring = subscribe(transport, origin, token, { query: 'subscription { postCreated { title } }' })
    await waitFor('a watch', async () => (await watchesOf(adminOrigin)) === 1)

    await Promise.race([expiring.over, waitFor('its end', () => expiring.answers.length > 0)])
    const endedAfterMs = Date.now() - mintedAtMs
    const over = await expiring.over

    expect(`${(over as CloseEvent).reason} ${JSON.stringify(expiring.answers)}`).toContain('AUTH_TOKEN_EXPIRED')
    expect(endedAfterMs).toBeGreaterThan(4_900)
    expect(endedAfterMs).toBeLessThan(budgetMs(8_000))
  })

  test.each([
    ['its session ends', 'AUTH_TOKEN_INVALID'],
    ['its account is suspended', 'AUTH_ACCOUNT_SUSPENDED'],
  ] as const)('ends within a second when %s', async (name, code) => {
    const email = `${transport}-${name.replaceAll(' ', '-')}@example.com`
    await addAccount(blog.service, email)
    const { access } = await tokensOf(blog.service, email, PASSWORD)
    const watching = await listen(transport, 'subscription { postCreated { title } }', access)
    const startedAtMs = performance.now()

    await endsWatch[name](blog.service, { access, email })
    const over = await watching.over

    expect(performance.now() - startedAtMs).toBeLessThan(budgetMs(2_000))
    expect(`${(over as CloseEvent).reason} ${JSON.stringify(watching.answers)}`).toContain(code)
  })

  test('follows a change of role at the next thing that is told', async () => {
    const email = `${transport}-role@example.com`
    await addAccount(blog.service, email, { role: 'admin' })
    const { access } = await tokensOf(blog.service, email, PASSWORD)
    const watching = await listen(transport, 'subscription { postCreated { title } }', access)
    await blog.post({ title: 'Draft for admins', status: 'draft' })
    await watching.until(1)
    await endsWatch['its role changes'](blog.service, { access, email })
    await sleep(700)
    await blog.post({ title: 'Another draft', status: 'draft' })
    await blog.post({ title: 'For all' })
    await watching.until(2)

    expect(watching.answers).toEqual([{ postCreated: { title: 'Draft for admins' } }, { postCreated: { title: 'For all' } }])
  })
})

describe('a web socket', () => {
  test('answers queries and mutations too, each once', async () => {
    const client = socketClient(blog.service.origin, blog.tokens.editor)
    const ask = async (query: string) => {
      const answer = hear((sink) => client.subscribe({ query }, sink as never))
      await answer.over
      return answer.answers
    }

    const made = await ask(
      `mutation { createPost(input: { authorId: "${USERS.editor}", title: "By socket", body: "", status: PUBLISHED }) { post { title } errors { code } } }`,
    )
    const read = await ask('{ posts(first: 1, orderBy: [CREATED_AT_DESC]) { nodes { title } } }')
    await client.dispose()

    expect(made).toEqual([{ createPost: { post: { title: 'By socket' }, errors: [] } }])
    expect(read).toEqual([{ posts: { nodes: [{ title: 'By socket' }] } }])
  })

  test('has each operation counted, logged and limited as a request is', async () => {
    const service = await testService({ app, environment: { RATE_LIMIT_WRITE: '60/2' } })
    const client = socketClient(service.origin)
    const query = 'mutation { deletePost(input: { id: "x" }) { errors { code } } }'
    const ask = (document: string): Promise<unknown> => {
      const answer = hear((sink) => client.subscribe({ query: document }, sink as never))
      return answer.over.then((end) => (end === 'complete' ? answer.answers[0] : end))
    }

    const told = [await ask('{ __typename }'), await ask('{ nothing }'), await ask(query), await ask(query), await ask(query)]
    const metrics = await (await fetch(`${service.adminOrigin}/metrics`)).text()
    const lines = service.logs().map(({ fields }) => fields as Record<string, unknown>)
    await client.dispose()
    await service.stop()

    expect(JSON.stringify(told.at(-2))).toContain('VALIDATION_FAILED')
    expect(JSON.stringify(told.at(-1))).toContain('RATE_LIMIT_EXCEEDED')
    const counted = metrics.split('\n').filter((line) => line.includes('_count{') && line.includes('surface="graphql"'))
    expect(counted.join('\n')).toContain('operation="graphql.query"')
    expect(counted.join('\n')).toContain('operation="graphql.mutation"')
    const seen = lines
      .filter(({ operation }) => /^graphql\.(?!socket)/.test(String(operation)))
      .map((line) => `${line['operation']} ${line['status']}`)
    expect(seen).toEqual([
      'graphql.query 200',
      'graphql.query 400',
      'graphql.mutation 200',
      'graphql.mutation 200',
      'graphql.mutation 429',
    ])
  })

  test('is closed with 4403 for a token that is no good', async () => {
    const refused = subscribe('sockets', blog.service.origin, 'nonsense', { query: '{ __typename }' })

    const over = (await refused.over) as CloseEvent

    expect([over.code, over.reason]).toEqual([4403, 'AUTH_TOKEN_INVALID'])
  })
})

describe('a stream of events', () => {
  test('answers queries too, and refuses with a status before it begins', async () => {
    const client = eventsClient(blog.service.origin)
    const answer = hear((sink) => client.subscribe({ query: '{ __typename }' }, sink as never))

    expect([await answer.over, answer.answers]).toEqual(['complete', [{ __typename: 'Query' }]])
    const refused = await fetch(`${blog.service.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { userCreated { id } }' }),
    })
    expect([refused.status, JSON.parse(await refused.text()).errors[0].extensions.code]).toEqual([401, 'AUTH_REQUIRED'])
  })

  test('serves the EventSource of a browser, which can only GET', async () => {
    const query = encodeURIComponent('subscription { postCreated { title } }')
    const answer = await fetch(`${blog.service.origin}/graphql?query=${query}`, { headers: { accept: 'text/event-stream' } })
    const reader = answer.body?.getReader()
    await untilWatching(blog.service.service.adminOrigin, 1)

    await blog.post({ title: 'Over GET' })
    let text = ''
    while (!text.includes('Over GET')) text += new TextDecoder().decode((await reader?.read())?.value)
    await reader?.cancel()

    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(text).toContain('event: next\ndata: {"data":{"postCreated":{"title":"Over GET"}}}\n\n')
  })
})
