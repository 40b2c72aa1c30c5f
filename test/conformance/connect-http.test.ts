// Proves RPC-05, ERR-01, SEC-05: Connect and gRPC-Web as they go over the wire, for who has curl, a page or a proxy between.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { SECURITY_HEADERS } from '../../src/http/index.ts'
import { testService, waitFor } from '../../src/testing/index.ts'
import { addAccount, endsWatch, tokensOf } from './account-kit.ts'
import { type Blog, startBlog, USERS } from './blog.ts'
import { grpcClient } from './grpc-kit.ts'
import { watchesOf } from './subscriptions-kit.ts'

const PAGE_ORIGIN = 'https://app.example.com'
const GET_POST = '/post.v1.PostService/GetPost'
const CREATE_POST = '/post.v1.PostService/CreatePost'
const WATCH_POSTS = '/post.v1.PostService/WatchPosts'

let blog: Blog

beforeAll(async () => {
  blog = await startBlog({ CORS_ORIGINS: PAGE_ORIGIN })
})

afterAll(() => blog[Symbol.asyncDispose]())

interface Sent {
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer<ArrayBuffer>
}

function post(path: string, { type = 'application/json', headers = {}, body = '{}' }: Sent = {}): Promise<Response> {
  return fetch(`${blog.service.origin}${path}`, { method: 'POST', headers: { 'content-type': type, ...headers }, body })
}

function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` }
}

function framed(flag: number, body: string | Buffer): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(body)
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** The frames of a whole answer. */
function frames(bytes: Buffer): readonly { readonly flag: number; readonly text: string }[] {
  const found: { readonly flag: number; readonly text: string }[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1)
    found.push({ flag: bytes[at] ?? -1, text: bytes.subarray(at + 5, end).toString() })
    at = end
  }
  return found
}

async function bytesOf(answer: Response): Promise<Buffer> {
  return Buffer.from(await answer.arrayBuffer())
}

function lineOf(requestId: string) {
  const lines = () =>
    blog.service.logs().filter((line) => {
      const fields = line['fields'] as Readonly<Record<string, unknown>>
      return fields['request_id'] === requestId && fields['surface'] === 'connect'
    })
  return expect.poll(lines, { timeout: 5_000 })
}

describe('Connect', () => {
  test('answers curl with JSON', async () => {
    const id = await blog.post({ title: 'By curl' })

    const { stdout } = await promisify(execFile)('curl', [
      ...['-s', '-H', 'content-type: application/json', '-d', JSON.stringify({ id })],
      `${blog.service.origin}${GET_POST}`,
    ])

    expect(JSON.parse(stdout)).toMatchObject({
      post: { id, title: 'By curl', authorId: USERS.editor, status: 'POST_STATUS_PUBLISHED' },
    })
  })

  test('answers with the headers that REST has, under the id of the request', async () => {
    const answer = await post('/post.v1.PostService/ListPosts', { headers: { 'x-request-id': 'connect-heads' } })

    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('x-request-id')).toBe('connect-heads')
    expect(answer.headers.get('ratelimit')).toMatch(/^"read"/)
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(answer.headers.get(name)).toBe(value)
  })

  test('takes names as protobuf spells them too, whole numbers as text, and tells what is empty', async () => {
    const answer = await post('/post.v1.PostService/ListPosts', {
      body: '{"page_size":"1","search":"nothing has this","orderBy":null}',
    })

    expect(await answer.json()).toMatchObject({ posts: [], nextPageToken: '' })
  })

  test('tells a failure by its code, in words, and by details that people can read', async () => {
    const answer = await post(CREATE_POST, {
      headers: { authorization: `Bearer ${blog.tokens.editor}`, 'x-request-id': 'connect-refused' },
      body: JSON.stringify({ post: { authorId: USERS.editor, title: '' } }),
    })

    expect(answer.status).toBe(400)
    const { code, details } = (await answer.json()) as {
      readonly code: string
      readonly details: readonly { readonly type: string; readonly value: string; readonly debug: object }[]
    }
    expect(code).toBe('invalid_argument')
    const byType = Object.fromEntries(details.map(({ type, debug }) => [type, debug]))
    expect(byType['google.rpc.ErrorInfo']).toEqual({ reason: 'VALIDATION_FAILED', domain: 'blog' })
    expect(byType['google.rpc.RequestInfo']).toEqual({ requestId: 'connect-refused' })
    expect(byType['google.rpc.BadRequest']).toMatchObject({ fieldViolations: [{ field: 'post.title' }, { field: 'post.body' }] })
    expect(byType['google.rpc.Help']).toMatchObject({
      links: [{ url: expect.stringContaining('/docs/errors#VALIDATION_FAILED') }],
    })
    expect(details.every(({ value }) => /^[A-Za-z0-9+/]+$/.test(value))).toBe(true)
  })

  test('has the statuses of its codes: 401, 404, and 429 with the time to wait', async () => {
    await using narrow = await startBlog({ RATE_LIMIT_WRITE: '60/1' })
    const ask = async (path: string, body: object, token?: string): Promise<readonly unknown[]> => {
      const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
      const answer = await fetch(`${narrow.service.origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      const { code } = (await answer.json()) as { readonly code?: string }
      return [answer.status, code, answer.headers.has('retry-after')]
    }
    const id = 'post_01h455vb4pex5vsknk084sn02q'
    const sql = await narrow.service.sql()
    const { editor } = narrow.tokens

    const missing = await ask(GET_POST, { id })
    const nobody = await ask(CREATE_POST, { post: { authorId: USERS.editor, title: 'T', body: 'B' } })
    await ask(CREATE_POST, { post: { authorId: USERS.editor, title: 'T', body: 'B' } }, editor)
    const [row] = await sql.query('SELECT count(*)::int AS made FROM posts')
    const limited = await ask(CREATE_POST, { post: { authorId: USERS.editor, title: 'T', body: 'B' } }, editor)

    expect(missing).toEqual([404, 'not_found', false])
    expect(nobody).toEqual([401, 'unauthenticated', false])
    expect(row).toEqual({ made: 1 })
    expect(limited).toEqual([429, 'resource_exhausted', true])
  })

  test('leaves one line in the log and one count in the metrics, under the name that all surfaces have', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await post(GET_POST, {
      body: '{"id":"post_01h455vb4pex5vsknk084sn02q"}',
      headers: { 'x-request-id': 'connect-line', traceparent },
    })

    await lineOf('connect-line').toMatchObject([
      {
        trace_id: '0af7651916cd43dd8448eb211c80319c',
        fields: { operation: 'posts.get', surface: 'connect', status: 404, error_code: 'NOT_FOUND_RECORD' },
      },
    ])
    const metrics = await (await fetch(`${blog.service.adminOrigin}/metrics`)).text()
    expect(metrics).toMatch(/operation="posts\.get",surface="connect"/)
  })

  test('answers a deadline that has passed with deadline_exceeded', async () => {
    const sql = await blog.service.sql()
    const id = await blog.post()
    await sql.query('BEGIN')
    await sql.query('LOCK TABLE posts IN ACCESS EXCLUSIVE MODE')

    const answer = await post(GET_POST, { body: JSON.stringify({ id }), headers: { 'connect-timeout-ms': '150' } })
    const web = await post(GET_POST, {
      type: 'application/grpc-web+json',
      body: framed(0, JSON.stringify({ id })),
      headers: { 'grpc-timeout': '150m' },
    })
    await sql.query('ROLLBACK')

    expect([answer.status, ((await answer.json()) as { readonly code: string }).code]).toEqual([504, 'deadline_exceeded'])
    expect(frames(await bytesOf(web))).toMatchObject([{ flag: 0x80, text: expect.stringContaining('grpc-status: 4\r\n') }])
  })

  test('takes a body that is packed by gzip', async () => {
    const answer = await post(GET_POST, {
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify({ id: await blog.post() })),
    })

    expect(answer.status).toBe(200)
  })

  test('ends a stream by what went wrong, with the status 200', async () => {
    const answer = await post(WATCH_POSTS, { type: 'application/connect+json', body: framed(0, '{"after":"nonsense"}') })

    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/connect+json'])
    const [end] = frames(await bytesOf(answer))
    expect(end?.flag).toBe(2)
    expect(JSON.parse(end?.text ?? '')).toMatchObject({ error: { code: 'invalid_argument' } })
  })
})

describe('a stream that fails behind its head', () => {
  test('has the status of the failure in the log and in the metrics, over Connect and as events', async () => {
    const counted = async (operation: string): Promise<number> => {
      const text = await (await fetch(`${blog.service.adminOrigin}/metrics`)).text()
      const line = text
        .split('\n')
        .find(
          (one) =>
            one.startsWith('plinth_requests_total') && one.includes(`operation="${operation}"`) && one.includes('status="401"'),
        )
      return Number(line?.split(' ').at(-1) ?? 0)
    }
    const email = 'fails-behind@example.com'
    await addAccount(blog.service, email)
    const { access } = await tokensOf(blog.service, email)
    const before = await counted('posts.watch')
    const watching = post(WATCH_POSTS, { type: 'application/connect+json', headers: bearer(access), body: framed(0, '{}') })
    const query = encodeURIComponent('subscription { postCreated { id } }')
    const headers = { accept: 'text/event-stream', ...bearer(access) }
    const listening = await fetch(`${blog.service.origin}/graphql?query=${query}`, { headers })
    const watch = await watching
    await endsWatch['its session ends'](blog.service, { access, email })
    const [end] = frames(await bytesOf(watch)).slice(-1)

    expect(JSON.parse(end?.text ?? '')).toMatchObject({ error: { code: 'unauthenticated' } })
    expect(await listening.text()).toContain('AUTH_TOKEN_INVALID')
    const lines = await waitFor('their lines in the log', () => {
      const all = blog.service.logs().map((line) => JSON.stringify(line))
      const found = all.filter((line) => line.includes('"status":401') && /posts\.watch|graphql\.subscription/.test(line))
      return found.length >= 2 ? found : undefined
    })
    for (const line of lines) expect(line).toContain('AUTH_TOKEN_INVALID')
    expect(await counted('posts.watch')).toBe(before + 1)
  })

  test('is no stream where the address has as many as it may: 429, and no watch is left', async () => {
    const watches = () => watchesOf(blog.service.adminOrigin)
    const before = await watches()
    const accounts = await Promise.all(
      ['one', 'two'].map(async (who) => {
        const email = `streams-${who}@example.com`
        await addAccount(blog.service, email)
        return (await tokensOf(blog.service, email)).access
      }),
    )
    const answers: Response[] = []
    for (let at = 0; at < 202; at += 1)
      answers.push(
        await post(WATCH_POSTS, {
          type: 'application/connect+json',
          headers: bearer(accounts[at % 2] ?? ''),
          body: framed(0, '{}'),
        }),
      )

    const refused = answers.slice(200)
    expect(answers.slice(0, 200).every((answer) => answer.status === 200)).toBe(true)
    const ends = await Promise.all(refused.map(async (answer) => JSON.stringify([answer.status, frames(await bytesOf(answer))])))
    for (const end of ends) expect(end).toContain('resource_exhausted')
    await waitFor('the watches of those that were let in', async () => (await watches()) === before + 200)
    for (const answer of answers.slice(0, 200)) await answer.body?.cancel()
    await waitFor('no watches of them', async () => (await watches()) === before)
  }, 60_000)
})

describe('gRPC-Web', () => {
  test('answers with a frame for the message and one for the trailers', async () => {
    const body = framed(0, JSON.stringify({ id: await blog.post({ title: 'Framed' }) }))

    const answer = await post(GET_POST, { type: 'application/grpc-web+json', body })

    expect(frames(await bytesOf(answer))).toMatchObject([
      { flag: 0, text: expect.stringContaining('"title":"Framed"') },
      { flag: 0x80, text: 'grpc-status: 0\r\n' },
    ])
  })

  test('in base64 reads parts that are padded each, and answers in base64', async () => {
    const message = framed(0, '')
    const body = `${message.subarray(0, 2).toString('base64')}${message.subarray(2).toString('base64')}`

    const answer = await post('/post.v1.PostService/ListPosts', { type: 'application/grpc-web-text', body })

    expect(answer.headers.get('content-type')).toBe('application/grpc-web-text+proto')
    const [, end] = frames(Buffer.from(await answer.text(), 'base64'))
    expect(end).toEqual({ flag: 0x80, text: 'grpc-status: 0\r\n' })
  })

  test('tells a refusal at the door in a frame of trailers, and in the log by the status of the error', async () => {
    const answer = await post(GET_POST, {
      type: 'application/grpc-web+proto',
      headers: { authorization: 'Bearer nonsense', 'x-request-id': 'web-refused' },
      body: framed(0, ''),
    })

    expect(answer.status).toBe(200)
    expect(frames(await bytesOf(answer))).toMatchObject([{ flag: 0x80, text: expect.stringContaining('grpc-status: 16\r\n') }])
    await lineOf('web-refused').toMatchObject([
      { fields: { operation: 'posts.get', status: 401, error_code: 'AUTH_TOKEN_INVALID' } },
    ])
  })
})

test('a content type that is not spoken is a 415, in the form of Connect', async () => {
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/connect+json',
    'application/json; charset=latin1',
  ]

  const statuses = await Promise.all(types.map(async (type) => (await post(GET_POST, { type })).status))
  const plain = await post(WATCH_POSTS)

  expect(statuses).toEqual([415, 415, 415, 415])
  expect([plain.status, await plain.json()]).toMatchObject([415, { code: 'unimplemented' }])
})

test('a method that there is not is a 404, unimplemented; another way to ask is a 405', async () => {
  const unknown = await post('/post.v1.PostService/Nope')
  const read = await fetch(`${blog.service.origin}${GET_POST}`)

  expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'unimplemented' }])
  expect([read.status, read.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
})

test('an idempotency key is good over all of them: what was made over the port of gRPC is not made again here', async () => {
  using client = grpcClient(blog.service.grpcAddress, 'post')
  const { editor } = blog.tokens
  const made = await client.call(
    'CreatePost',
    { post: { author_id: USERS.editor, title: 'Over all', body: 'Text' } },
    { token: editor, metadata: { 'idempotency-key': 'over-all' } },
  )

  const again = await post(CREATE_POST, {
    headers: { authorization: `Bearer ${editor}`, 'idempotency-key': 'over-all' },
    body: JSON.stringify({ post: { body: 'Text', title: 'Over all', authorId: USERS.editor } }),
  })

  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(await again.json()).toMatchObject({ post: { id: made.message.post.id } })
})

test('a client that leaves its watch leaves nothing behind', async () => {
  const watches = async (): Promise<number> => {
    const text = await (await fetch(`${blog.service.adminOrigin}/metrics`)).text()
    return Number(/^plinth_watches(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1] ?? -1)
  }
  const before = await watches()
  const leave = new AbortController()
  await fetch(`${blog.service.origin}${WATCH_POSTS}`, {
    method: 'POST',
    headers: { 'content-type': 'application/grpc-web+proto' },
    body: framed(0, ''),
    signal: leave.signal,
  })
  const during = await watches()

  leave.abort()

  expect(during).toBe(before + 1)
  await expect.poll(watches, { timeout: 5_000 }).toBe(before)
})

test('a cookie is nobody', async () => {
  const answer = await post('/user.v1.UserService/ListUsers', { headers: { cookie: `access_token=${blog.tokens.admin}` } })

  expect(((await answer.json()) as { readonly code: string }).code).toBe('unauthenticated')
})

test('a page of a named origin may ask first, may send what its client sends, and may read what answers say', async () => {
  const asked = { origin: PAGE_ORIGIN, 'access-control-request-method': 'POST' }

  const preflight = await fetch(`${blog.service.origin}${GET_POST}`, { method: 'OPTIONS', headers: asked })
  const answer = await post(GET_POST, { headers: { origin: PAGE_ORIGIN } })
  const foreign = await post(GET_POST, { headers: { origin: 'https://evil.example.com' } })

  const allowed = preflight.headers.get('access-control-allow-headers') ?? ''
  for (const name of [
    'authorization',
    'content-type',
    'connect-protocol-version',
    'connect-timeout-ms',
    'x-grpc-web',
    'grpc-timeout',
  ])
    expect(allowed.split(', ')).toContain(name)
  expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE_ORIGIN)
  expect(answer.headers.get('access-control-expose-headers')).toContain('grpc-status')
  expect(foreign.headers.has('access-control-allow-origin')).toBe(false)
})

test('CONNECT=false serves none of it, and CONNECT=true serves it without the port of gRPC', async () => {
  await using off = await testService({ app, environment: { CONNECT: 'false' } })
  await using alone = await testService({ app, environment: { CONNECT: 'true', GRPC_PORT: 'off' } })
  const ask = async (origin: string): Promise<number> => {
    const headers = { 'content-type': 'application/json' }
    return (await fetch(`${origin}/post.v1.PostService/ListPosts`, { method: 'POST', headers, body: '{}' })).status
  }

  expect([await ask(off.origin), await ask(alone.origin)]).toEqual([404, 200])
})

test('a service that stops ends its streams with unavailable', async () => {
  await using stopping = await testService({ app })
  const answer = await fetch(`${stopping.origin}${WATCH_POSTS}`, {
    method: 'POST',
    headers: { 'content-type': 'application/connect+json' },
    body: framed(0, '{}'),
  })
  expect(answer.status).toBe(200)

  const stopped = stopping.service.stop()

  const [end] = frames(await bytesOf(answer))
  await stopped
  expect(JSON.parse(end?.text ?? '')).toMatchObject({ error: { code: 'unavailable' } })
})
