// Proves RPC-04, JWT-01, ACC-01: a watch over gRPC, Connect or gRPC-Web lasts as long as the right of its caller does.
import { setTimeout as sleep } from 'node:timers/promises'
import { Code, type ConnectError, createClient, type Transport } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { budgetMs, type TestService, waitFor } from '../../src/testing/index.ts'
import { addAccount, endsWatch, tokensOf } from './account-kit.ts'
import { type Blog, startBlog, USERS } from './blog.ts'
import { bearer, connectClient, failureOf, type Message, serviceOf, TRANSPORTS } from './connect-kit.ts'
import { foreignIssuer } from './foreign-issuer.ts'
import { watchesOf } from './subscriptions-kit.ts'

let blog: Blog
beforeAll(async () => {
  blog = await startBlog()
})
afterAll(() => blog[Symbol.asyncDispose]())

const ALL: Readonly<Record<string, (service: Pick<TestService, 'origin' | 'grpcAddress'>) => Transport>> = {
  gRPC: ({ grpcAddress }) => createGrpcTransport({ baseUrl: `http://${grpcAddress}` }),
  ...Object.fromEntries(
    Object.entries(TRANSPORTS).map(([name, make]) => [name, ({ origin }: Pick<TestService, 'origin'>) => make(origin)]),
  ),
}

interface Watching {
  /** Resolves with why it ended. */
  readonly over: Promise<ConnectError>
  readonly heard: readonly Message[]
}

/** Resolves when it hears. */
async function watch(posts: Message, token: string): Promise<Watching> {
  const { promise: opened, resolve } = Promise.withResolvers<void>()
  const heard: Message[] = []
  const changes = posts.watchPosts({}, { onHeader: () => resolve(), ...bearer(token) })
  const listening = (async () => {
    for await (const change of changes) heard.push(change)
  })()
  await Promise.race([opened, listening])
  return { heard, over: failureOf(listening) }
}

describe.each(Object.entries(ALL))('over %s', (name, connect) => {
  test.each(['its session ends', 'its account is suspended'] as const)('ends within a second when %s', async (what) => {
    const posts = connectClient(connect(blog.service), 'post')
    const email = `${name}-${what}@example.com`.replace(/[ ,]+/g, '-').toLowerCase()
    await addAccount(blog.service, email)
    const { access } = await tokensOf(blog.service, email)
    const { over } = await watch(posts, access)
    const startedAtMs = performance.now()

    await endsWatch[what](blog.service, { access, email })
    const failure = await over

    expect(performance.now() - startedAtMs).toBeLessThan(budgetMs(2_000))
    expect([Code.Unauthenticated, Code.PermissionDenied]).toContain(failure.code)
  })

  test('tells no more of what its caller may not see any more', async () => {
    const posts = connectClient(connect(blog.service), 'post')
    const email = `${name}-role@example.com`.replace(/[ ,]+/g, '-').toLowerCase()
    await addAccount(blog.service, email, { role: 'admin' })
    const { access } = await tokensOf(blog.service, email)
    const { heard } = await watch(posts, access)
    const titles = () => heard.map((change) => change.post.title)
    await blog.post({ title: 'Draft for admins', status: 'draft' })
    await waitFor('the draft', () => titles().includes('Draft for admins'))

    await endsWatch['its role changes'](blog.service, { access, email })
    await sleep(700)
    await blog.post({ title: 'Another draft', status: 'draft' })
    await blog.post({ title: 'For all' })
    await waitFor('what is for all', () => titles().includes('For all'))

    expect(titles()).toEqual(['Draft for admins', 'For all'])
  })
})

test('ends with the token, over all of them', async () => {
  await using foreign = await foreignIssuer()
  const { service, signer } = foreign
  // Clocks may differ by five seconds, so it ends at six.
  const token = signer.mintToken({ subject: USERS.admin, roles: ['admin'], permissions: ['posts:read'], ttlS: 1 })
  const mintedAtMs = Date.now()
  const watching = await Promise.all(
    Object.values(ALL).map((connect) => watch(createClient(serviceOf('post'), connect(service)), token)),
  )
  const ends = await Promise.all(
    watching.map(({ over }) => over.then(({ code, message }) => ({ code, message, endedAfterMs: Date.now() - mintedAtMs }))),
  )

  expect(ends).toHaveLength(5)
  for (const { code, message, endedAfterMs } of ends) {
    expect(code).toBe(Code.Unauthenticated)
    expect(message).toContain('expired')
    expect(endedAfterMs).toBeGreaterThan(4_900)
    expect(endedAfterMs).toBeLessThan(budgetMs(8_000))
  }
  await waitFor('no watch', async () => (await watchesOf(service.adminOrigin)) === 0)
})
