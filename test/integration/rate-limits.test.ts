/** Rate limits and trusted proxies over real sockets: who is counted, what is told, and what does not help. */
// Proves API-07, SEC-04.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createHttpServer, type HttpServer, type HttpServerOptions, JSON_HEADERS } from '../../src/http/index.ts'
import { PlinthError } from '../../src/kernel/index.ts'
import { type Actor, NOBODY } from '../../src/model/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'
import type { RateLimitStore } from '../../src/resilience/index.ts'

/** So slow that nothing comes back while a test runs. */
const FEW = { perMinute: 1, burst: 3 }
const PROXY = { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] }

const servers: HttpServer[] = []
let lines: string[] = []
afterEach(async () => {
  lines = []
  for (const server of servers.splice(0)) await server.stop({ lingerMs: 0 })
})

/** `Bearer ada` is ada, `Bearer ada@app` the same through a client, `Bearer !…` no token at all. */
function readToken(authorization: string | undefined): Actor {
  if (authorization === undefined) return NOBODY
  if (authorization.startsWith('Bearer !')) throw new PlinthError('AUTH_TOKEN_INVALID')
  const [subject = '', clientId = null] = authorization.slice(7).split('@')
  const session = { id: null, clientId, device: null, authenticatedAtMs: null, secondFactorAtMs: null }
  return { ...NOBODY, kind: 'user', subject, session }
}

async function start(options: Partial<HttpServerOptions> = {}) {
  const metrics = createOperationMetrics()
  const server = createHttpServer({
    logger: createLogger({ service: 'blog', destination: { write: (line) => lines.push(line) } }),
    metrics,
    publicOrigin: 'https://api.example.com',
    authenticate: readToken,
    rateLimits: { read: FEW, write: FEW, sensitive: FEW },
    ...options,
  })
  servers.push(server)
  server.route({
    method: 'GET',
    path: '/posts',
    operation: 'posts.list',
    handle: (request, reply) => reply.send(200, JSON_HEADERS, JSON.stringify({ address: request.address })),
  })
  server.route({
    method: 'POST',
    path: '/posts',
    operation: 'posts.create',
    body: 'optional',
    handle: (_, reply) => reply.send(201, JSON_HEADERS, '{}'),
  })
  server.route({
    method: 'POST',
    path: '/sessions',
    operation: 'sessions.create',
    isPublic: true,
    limit: 'sensitive',
    async handle(request, reply) {
      await server.limits.take('sensitive', String(request.body['name']))
      reply.send(201, JSON_HEADERS, '{}')
    },
  })
  server.route({
    method: 'GET',
    path: '/style',
    operation: 'style',
    isPublic: true,
    limit: 'none',
    handle: (_, reply) => reply.send(200, JSON_HEADERS, '{}'),
  })
  const { origin } = await server.listen({ port: 0 })
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Response> =>
    fetch(origin + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body }),
    })
  const statuses = async (
    count: number,
    path = '/posts',
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<number[]> => {
    const all: number[] = []
    for (let at = 0; at < count; at++) all.push((await ask(path, headers, method)).status)
    return all
  }
  return { ask, statuses, metrics, server }
}

const as = (token: string, from?: string): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  ...(from !== undefined && { 'x-forwarded-for': from }),
})
const from = (list: string): Record<string, string> => ({ 'x-forwarded-for': list })

describe('a rate limit', () => {
  test('is told on each answer, and ends in 429 with Retry-After', async () => {
    const { ask } = await start()

    const answers = [await ask('/posts'), await ask('/posts'), await ask('/nowhere'), await ask('/posts')]
    const refused = (await answers[3]?.json()) as { error: Record<string, unknown> }

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 429])
    expect(answers.map(({ headers }) => headers.get('ratelimit-policy'))).toEqual(Array(4).fill('"read";q=1;w=60'))
    expect(answers.map(({ headers }) => headers.get('ratelimit')?.replace(/t=\d+/, 't=…'))).toEqual([
      '"read";r=2;t=…',
      '"read";r=1;t=…',
      '"read";r=0;t=…',
      '"read";r=0;t=…',
    ])
    expect(answers.map(({ headers }) => headers.get('retry-after'))).toEqual([null, null, null, '60'])
    expect(refused.error).toMatchObject({
      code: 'RATE_LIMIT_EXCEEDED',
      message: 'Too many requests from this address',
      docs_url: 'https://api.example.com/docs/errors#RATE_LIMIT_EXCEEDED',
    })
  })

  test('lets pass who waits as long as Retry-After says, whatever it tried meanwhile', async () => {
    const { ask, statuses } = await start({ rateLimits: { read: { perMinute: 40, burst: 1 } } })
    await ask('/posts')

    const refused = await ask('/posts')
    const impatient = await statuses(20)
    await sleep(Number(refused.headers.get('retry-after')) * 1_000)

    expect(refused.headers.get('retry-after')).toBe('2')
    expect(new Set(impatient)).toEqual(new Set([429]))
    expect((await ask('/posts')).status).toBe(200)
  })

  test('counts HEAD, OPTIONS, unknown paths and wrong methods as reads', async () => {
    for (const [method, path] of [
      ['HEAD', '/posts'],
      ['OPTIONS', '/posts'],
      ['GET', '/nowhere'],
      ['DELETE', '/nowhere'],
      ['DELETE', '/posts'],
      ['GET', '/%ff'],
    ] as const) {
      const { statuses, ask } = await start()
      const passed = await statuses(3, path, {}, method)

      expect(passed).not.toContain(429)
      expect((await ask(path, {}, method)).status).toBe(429)
      expect((await ask('/posts')).status).toBe(429)
    }
  })

  test('counts reads and changes apart, and leaves health and assets alone', async () => {
    const { statuses } = await start()
    await statuses(4)

    expect(await statuses(1, '/posts', {}, 'POST')).toEqual([201])
    expect(await statuses(20, '/healthz')).toEqual(Array(20).fill(200))
    expect(await statuses(20, '/style')).toEqual(Array(20).fill(200))
  })

  test('counts an account wherever it comes from, and not with those who send no token', async () => {
    const { statuses } = await start(PROXY)
    await statuses(4, '/posts', from('192.0.2.1'))

    const ada = [
      ...(await statuses(2, '/posts', as('ada', '192.0.2.1'))),
      ...(await statuses(2, '/posts', as('ada', '192.0.2.2'))),
    ]

    expect(ada).toEqual([200, 200, 200, 429])
    expect(await statuses(1, '/posts', as('bob', '192.0.2.1'))).toEqual([200])
  })

  test('gives an address with many accounts ten times as much, and then refuses before a token is looked at', async () => {
    let verified = 0
    const authenticate = (authorization: string | undefined): Actor => {
      verified += 1
      return readToken(authorization)
    }
    const { ask } = await start({ authenticate })
    const statuses: number[] = []

    for (let at = 0; at < 40; at++) statuses.push((await ask('/posts', as(`user${at}`))).status)

    expect(statuses.filter((status) => status === 200)).toHaveLength(30)
    expect(statuses.slice(30)).toEqual(Array(10).fill(429))
    expect(verified).toBe(30)
  })

  test('counts bad tokens as no token', async () => {
    const { statuses } = await start()

    const seen: number[] = []
    for (let at = 0; at < 5; at++) seen.push(...(await statuses(1, '/posts', as(`!${at}`))))

    expect(seen).toEqual([401, 401, 401, 429, 429])
    expect(await statuses(1)).toEqual([429])
  })

  test('counts bad tokens as no token when they are verified later', async () => {
    const { statuses } = await start({ authenticate: async (authorization) => readToken(authorization) })

    expect(await statuses(4, '/posts', as('!'))).toEqual([401, 401, 401, 429])
    expect(await statuses(4, '/posts', as('ada'))).toEqual([200, 200, 200, 429])
  })

  test('counts a client over all its accounts', async () => {
    const { ask } = await start(PROXY)
    const statuses: number[] = []

    for (let at = 0; at < 31; at++) statuses.push((await ask('/posts', as(`user${at}@app`, `192.0.2.${at}`))).status)

    expect(statuses).toEqual([...Array(30).fill(200), 429])
    expect((await ask('/posts', as('another@other', '192.0.2.99'))).status).toBe(200)
  })

  test('keeps a name from being tried from many addresses', async () => {
    const { ask } = await start(PROXY)
    const attempt = async (name: string, address: string) =>
      (await ask('/sessions', from(address), 'POST', JSON.stringify({ name }))).status

    const seen = [
      await attempt('ada', '192.0.2.1'),
      await attempt('ada', '192.0.2.2'),
      await attempt('ada', '192.0.2.3'),
      await attempt('ada', '192.0.2.4'),
      await attempt('bob', '192.0.2.4'),
    ]

    expect(seen).toEqual([201, 201, 201, 429, 201])
  })

  test('counts what it refused, by operation and limit', async () => {
    const { statuses, metrics } = await start()
    await statuses(5)

    expect(await metrics.render()).toContain('plinth_rate_limited_total{operation="posts.list",surface="rest",limit="read"} 2')
  })

  test('is off where none is given', async () => {
    const { ask } = await start({ rateLimits: { read: undefined } })

    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/posts')))

    expect(answers.every(({ status, headers }) => status === 200 && headers.get('ratelimit') === null)).toBe(true)
  })
})

describe('the address of a caller', () => {
  const addressOf = async (answer: Promise<Response>): Promise<unknown> =>
    ((await (await answer).json()) as { address: unknown }).address

  test('is that of the socket: what a caller writes does not help', async () => {
    const { ask } = await start()
    const spoofed = (at: number): Record<string, string> => ({
      'x-forwarded-for': `192.0.2.${at}`,
      forwarded: `for=192.0.2.${at}`,
      'x-real-ip': `192.0.2.${at}`,
      'true-client-ip': `192.0.2.${at}`,
      'cf-connecting-ip': `192.0.2.${at}`,
    })

    const first = await addressOf(ask('/posts', spoofed(0)))
    const statuses = [1, 2, 3].map(async (at) => (await ask('/posts', spoofed(at))).status)

    expect(first).toBe('127.0.0.1')
    expect((await Promise.all(statuses)).sort()).toEqual([200, 200, 429])
  })

  test.each([
    ['the only one', '192.0.2.1', '192.0.2.1'],
    ['the last one, not what the caller wrote before', '192.0.2.66, 198.51.100.1', '198.51.100.1'],
    ['the one before trusted proxies', '192.0.2.66, 198.51.100.1, 10.0.0.1,10.0.0.2', '198.51.100.1'],
    ['a trusted one when there are no others', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
    ['IPv6', '2001:db8::1', '2001:db8::1'],
    ['the proxy itself when the list is broken', 'nonsense', '127.0.0.1'],
    ['the last proxy before the list is broken', '192.0.2.1, 192.0.2.2:80, 10.0.0.1', '10.0.0.1'],
    ['the proxy itself when the end is missing', '192.0.2.1,', '127.0.0.1'],
    ['no octal number', '010.0.0.1', '127.0.0.1'],
  ])('behind a trusted proxy is %s', async (_, list, address) => {
    const { ask } = await start({ ...PROXY, rateLimits: {} })

    expect(await addressOf(ask('/posts', from(list)))).toBe(address)
    expect(await addressOf(ask('/posts', { ...from(list), forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' }))).toBe(
      address,
    )
  })

  test('is one for all spellings, and for all of a /64', async () => {
    const { ask } = await start(PROXY)
    const statuses = async (...lists: readonly string[]): Promise<number[]> => {
      const all: number[] = []
      for (const list of lists) all.push((await ask('/posts', from(list))).status)
      return all
    }

    expect(await statuses('2001:db8::1', '2001:DB8:0:0:1::', '2001:0db8::ffff', '2001:db8:0:0:ffff:ffff:ffff:ffff')).toEqual([
      200, 200, 200, 429,
    ])
    expect(await statuses('192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1')).toEqual([
      200, 200, 200, 429,
    ])
    expect(await statuses('junk 1', 'junk 2', 'junk 3', 'junk 4')).toEqual([200, 200, 200, 429])
  })

  test('does not let a caller name host, protocol, path or method', async () => {
    const { ask } = await start({ ...PROXY, rateLimits: {} })
    const answer = await ask('/nowhere', {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
      'x-forwarded-prefix': '/evil',
      forwarded: 'host=evil.example;proto=gopher',
      'x-http-method-override': 'DELETE',
      'x-original-url': '/posts',
      'x-rewrite-url': '/posts',
    })

    expect(answer.status).toBe(404)
    expect(((await answer.json()) as { error: { docs_url: string } }).error.docs_url).toBe(
      'https://api.example.com/docs/errors#NOT_FOUND_ROUTE',
    )
  })

  test('is not taken from ranges that are none', async () => {
    await expect(start({ trustedProxies: ['10.0.0.0'] })).rejects.toThrow(
      new TypeError('Cannot trust the proxies "10.0.0.0": it is no range in CIDR notation, expected one as "10.0.0.0/8"'),
    )
  })
})

describe('a store of rate limits that fails', () => {
  const failures: readonly (readonly [string, RateLimitStore])[] = [
    [
      'at once',
      {
        take: () => {
          throw new Error('gone')
        },
      },
    ],
    ['later', { take: () => Promise.reject(new Error('gone')) }],
    ['never to answer', { take: () => new Promise(() => {}) }],
  ]

  test.each(failures)('%s lets reads and changes pass and refuses what is sensitive', async (_, rateLimitStore) => {
    const { ask } = await start({ rateLimitStore })

    const seen = [
      await ask('/posts'),
      await ask('/posts', as('ada')),
      await ask('/posts', {}, 'POST'),
      await ask('/sessions', {}, 'POST', '{}'),
    ]

    expect(seen.map(({ status }) => status)).toEqual([200, 200, 201, 503])
    expect(seen[3]?.headers.get('retry-after')).toBe('1')
    expect(lines.filter((line) => line.includes('The store of rate limits fails'))).toHaveLength(1)
  })

  test('is not needed where nothing is counted', async () => {
    const { ask } = await start({ rateLimitStore: failures[0]?.[1] })

    expect((await ask('/healthz')).status).toBe(200)
  })
})

test('a store elsewhere counts the same', async () => {
  const { MemoryRateLimitStore } = await import('../../src/resilience/index.ts')
  const store = new MemoryRateLimitStore()
  const { statuses } = await start({ rateLimitStore: { take: async (...taking) => store.take(...taking) } })

  expect(await statuses(4, '/posts', as('ada'))).toEqual([200, 200, 200, 429])
  expect(await statuses(4)).toEqual([200, 200, 200, 429])
  expect(await statuses(1, '/posts', as('!'))).toEqual([429])
})
