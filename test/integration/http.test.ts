/** The HTTP server over real sockets: what a client sees, well-behaved or not. */
// Proves ERR-01, LOG-02, OBS-01, OBS-03, SEC-05.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createAdminServer,
  createHttpServer,
  createReadiness,
  type HttpServer,
  headerBlock,
  JSON_HEADERS,
} from '../../src/http/index.ts'
import { PlinthError } from '../../src/kernel/index.ts'
import type { Actor } from '../../src/model/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'

interface ErrorEnvelope {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly details: { field: string; code: string }[]
    readonly request_id: string
    readonly docs_url: string
  }
}

const EDITOR: Actor = { kind: 'user', id: null, subject: 'usr_01h455vb4pex5vsknk084sn02q', roles: ['editor'], permissions: [] }
const lines: string[] = []
const metrics = createOperationMetrics()
let server: HttpServer
let origin: string
let port: number
let handled = 0

function makeServer(options: Partial<Parameters<typeof createHttpServer>[0]> = {}): HttpServer {
  return createHttpServer({
    logger: createLogger({ service: 'blog', destination: { write: (line) => lines.push(line) } }),
    metrics,
    publicOrigin: 'https://api.example.com',
    ...options,
  })
}

beforeAll(async () => {
  server = makeServer({
    corsOrigins: ['https://app.example.com'],
    renderField: (field) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    authenticate: (authorization) => {
      if (authorization === 'Bearer bad') throw new PlinthError('AUTH_TOKEN_INVALID')
      return EDITOR
    },
  })
  server.route({
    method: 'GET',
    path: '/posts/:id',
    operation: 'posts.get',
    handle: (request, reply) => {
      handled += 1
      reply.send(
        200,
        JSON_HEADERS,
        JSON.stringify({ id: request.params['id'], query: request.query, address: request.address }),
        ['etag', '"1"'],
      )
    },
  })
  server.route({
    method: 'POST',
    path: '/posts',
    operation: 'posts.create',
    handle: async (request, reply) => {
      handled += 1
      reply.send(201, JSON_HEADERS, JSON.stringify(request.body))
    },
  })
  server.route({
    method: 'DELETE',
    path: '/posts/:id',
    operation: 'posts.delete',
    handle: (_, reply) => reply.send(204, JSON_HEADERS),
  })
  server.route({
    method: 'GET',
    path: '/fault',
    operation: 'fault',
    handle: () => {
      throw new Error('SELECT secret FROM users', { cause: new TypeError('beneath') })
    },
  })
  server.route({
    method: 'GET',
    path: '/late-fault',
    operation: 'lateFault',
    handle: () =>
      Promise.reject(
        new PlinthError('VALIDATION_FAILED', 'no', { details: [{ field: 'publishedAt', code: 'type', message: 'no' }] }),
      ),
  })
  server.route({
    method: 'GET',
    path: '/page',
    operation: 'page',
    isPublic: true,
    handle: (_, reply) =>
      reply.send(
        200,
        headerBlock({ 'cache-control': 'public, max-age=60', 'content-security-policy': "default-src 'none'" }),
        'page',
      ),
  })
  ;({ origin, port } = await server.listen({ port: 0 }))
})

afterAll(() => server.stop({ lingerMs: 0 }))

/** Sends bytes as they are and returns all that comes back until the server closes or `waitMs` of silence. */
function exchange(bytes: string | Buffer, waitMs = 300, at = port): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(at, '127.0.0.1')
    let text = ''
    const finish = (): void => {
      socket.destroy()
      resolve(text)
    }
    socket.setTimeout(waitMs, finish)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', finish)
    socket.on('close', finish)
    socket.write(bytes)
  })
}

function post(body: string, type: string | undefined = 'application/json'): Promise<Response> {
  return fetch(`${origin}/posts`, { method: 'POST', body, headers: type === undefined ? {} : { 'content-type': type } })
}

async function errorOf(answer: Response): Promise<ErrorEnvelope['error']> {
  return ((await answer.json()) as ErrorEnvelope).error
}

describe('every answer', () => {
  const SECURITY = {
    'strict-transport-security': 'max-age=31536000; includeSubDomains; preload',
    'content-security-policy': "default-src 'self'; script-src 'self'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'strict-origin-when-cross-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
    'cache-control': 'no-store',
  }

  test.each([
    ['GET', '/posts/1', 200],
    ['DELETE', '/posts/1', 204],
    ['GET', '/fault', 500],
    ['GET', '/nowhere', 404],
    ['PUT', '/posts/1', 405],
    ['GET', '/posts/%ff', 404],
    ['OPTIONS', '/posts/1', 204],
    ['GET', '/healthz', 200],
  ])('%s %s carries the security headers and no banner (%i)', async (method, path, status) => {
    const answer = await fetch(origin + path, { method })

    expect(answer.status).toBe(status)
    expect(Object.fromEntries(answer.headers)).toMatchObject(SECURITY)
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
    expect(answer.headers.get('server')).toBeNull()
    expect(answer.headers.get('x-powered-by')).toBeNull()
  })

  test('malformed HTTP gets the security headers too', async () => {
    const text = await exchange('NONSENSE\r\n\r\n')

    for (const [name, value] of Object.entries(SECURITY)) expect(text).toContain(`${name}: ${value}\r\n`)
  })

  test('a route can replace a header of the block, and keeps the others', async () => {
    const answer = await fetch(`${origin}/page`)

    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'")
    expect(answer.headers.get('cache-control')).toBe('public, max-age=60')
    expect(answer.headers.get('x-frame-options')).toBe('DENY')
  })

  test('echoes a harmless request id and replaces any other', async () => {
    const kept = await fetch(`${origin}/nowhere`, { headers: { 'x-request-id': 'order-7.a_B' } })
    const replaced = await fetch(`${origin}/nowhere`, { headers: { 'x-request-id': '"},{"x":"' } })

    expect(kept.headers.get('x-request-id')).toBe('order-7.a_B')
    expect((await errorOf(kept)).request_id).toBe('order-7.a_B')
    expect(replaced.headers.get('x-request-id')).toMatch(/^req_[0-9a-z]+$/)
  })
})

describe('errors', () => {
  test('an unforeseen error says nothing about itself; the log has it with its cause', async () => {
    const answer = await fetch(`${origin}/fault`)
    const error = await errorOf(answer)

    expect(answer.status).toBe(500)
    expect(JSON.stringify(error)).not.toContain('secret')
    const line = lines
      .map((text) => JSON.parse(text))
      .find(({ fields }) => fields.request_id === error.request_id && fields.error !== undefined)
    expect(line.fields.error).toMatchObject({
      message: 'SELECT secret FROM users',
      cause: { name: 'TypeError', message: 'beneath' },
    })
  })

  test('a rejected handler becomes the envelope, with fields in the spelling of the surface', async () => {
    const error = await errorOf(await fetch(`${origin}/late-fault`))

    expect(error).toMatchObject({ code: 'VALIDATION_FAILED', details: [{ field: 'published_at' }] })
    expect(error.docs_url).toBe('https://api.example.com/docs/errors#VALIDATION_FAILED')
  })

  test('a refused token gets a challenge', async () => {
    const answer = await fetch(`${origin}/posts/1`, { headers: { authorization: 'Bearer bad' } })

    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api", error="invalid_token"')
  })

  test('405 names the methods of the path', async () => {
    const answer = await fetch(`${origin}/posts/1`, { method: 'PATCH', body: '{}' })

    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET, HEAD, DELETE, OPTIONS')
  })

  test.each([
    ['x-forwarded-host', 'evil.example'],
    ['x-forwarded-for', '6.6.6.6'],
    ['forwarded', 'for=6.6.6.6;host=evil.example'],
    ['x-original-url', '/nowhere'],
    ['x-http-method-override', 'DELETE'],
  ])('the header %s is not believed', async (name, value) => {
    const text = await (await fetch(`${origin}/posts/1`, { headers: { [name]: value } })).text()

    expect(JSON.parse(text)).toEqual({ id: '1', query: {}, address: '127.0.0.1' })
  })
})

describe('bodies', () => {
  test.each([
    ['application/json'],
    ['Application/JSON'],
    ['application/json; charset=utf-8'],
    ['application/json;charset="UTF-8"'],
  ])('content type %j is read', async (type) => {
    expect((await post('{"title":"a"}', type)).status).toBe(201)
  })

  test.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/vnd.api+json'],
    ['application/json+x'],
    ['application/jsonp'],
    ['application/json;'],
    ['application/json; charset=latin1'],
    ['application/json, text/plain'],
    ['application/json\ta'],
    ['application/json a'],
    ['application/json; charset=utf-8; x=1'],
  ])('content type %j is refused and no handler runs', async (type) => {
    const before = handled
    const body = '{"title":"a"}'

    const text = await exchange(
      `POST /posts HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      100,
    )

    expect(text).toMatch(/^HTTP\/1\.1 415 /)
    expect(handled).toBe(before)
  })

  test('a body without content type is refused', async () => {
    expect(await exchange('POST /posts HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}', 100)).toMatch(/^HTTP\/1\.1 415 /)
  })

  test('a compressed body is refused', async () => {
    const text = await exchange(
      'POST /posts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}',
      100,
    )

    expect(text).toMatch(/^HTTP\/1\.1 415 /)
  })

  test('a missing body, and one where none is taken, are refused', async () => {
    const missing = await fetch(`${origin}/posts`, { method: 'POST' })
    const unexpected = await fetch(`${origin}/posts/1`, {
      method: 'DELETE',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })

    expect([missing.status, unexpected.status]).toEqual([400, 400])
  })

  test('10 MB are refused before they are read, and the client learns why', async () => {
    const answer = await post('x'.repeat(10_000_000))

    expect(answer.status).toBe(413)
    expect((await errorOf(answer)).code).toBe('VALIDATION_BODY_TOO_LARGE')
  })

  test('a chunked body is cut off at the limit', async () => {
    const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`
    const head = 'POST /posts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'

    const text = await exchange(head + chunk.repeat(40), 2_000)

    expect(text).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('a body comes through in pieces', async () => {
    const socket = connect(port, '127.0.0.1')
    const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())))
    socket.write('POST /posts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"tit')
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.write('le":"a"}')
    const text = await answer
    socket.destroy()

    expect(text).toMatch(/^HTTP\/1\.1 201 [\s\S]*\{"title":"a"\}$/)
  })
})

describe('requests that are not well-formed', () => {
  const POST_HEAD = 'POST /posts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
  const SMUGGLED = 'GET /posts/smuggled HTTP/1.1\r\nHost: a\r\n\r\n'

  test.each([
    ['both lengths', `${POST_HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['two lengths', `${POST_HEAD}Content-Length: 2\r\nContent-Length: 44\r\n\r\n{}${SMUGGLED}`],
    ['a length that is no number', `${POST_HEAD}Content-Length: NaN\r\n\r\n{}${SMUGGLED}`],
    ['a negative length', `${POST_HEAD}Content-Length: -2\r\n\r\n{}${SMUGGLED}`],
    ['a signed length', `${POST_HEAD}Content-Length: +2\r\n\r\n{}${SMUGGLED}`],
    ['chunked not last', `${POST_HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['an unknown coding', `${POST_HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a space before the colon', `${POST_HEAD}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a folded header', `${POST_HEAD}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a bare line feed in a header', `${POST_HEAD}X: a\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`],
    ['a bad chunk size', `${POST_HEAD}Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
    ['NUL in a header', `GET /posts/1 HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n${SMUGGLED}`],
    ['another version', `GET /posts/1 HTTP/9.9\r\nHost: a\r\n\r\n${SMUGGLED}`],
    ['spaces in the target', `GET /posts/1 x HTTP/1.1\r\nHost: a\r\n\r\n${SMUGGLED}`],
    ['no method', ` /posts/1 HTTP/1.1\r\nHost: a\r\n\r\n${SMUGGLED}`],
  ])('%s: one refusal, and the bytes behind it are no second request', async (_, bytes) => {
    const before = handled

    const text = await exchange(bytes, 150)

    expect(text.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1)
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(text).toMatch(/"code":"VALIDATION_[A-Z_]+"/)
    expect(handled).toBe(before)
  })

  test.each([['host'], ['authorization'], ['content-type']])('two headers %s are refused by name', async (name) => {
    const text = await exchange(
      `GET /posts/1 HTTP/1.1\r\nHost: a\r\n${name}: x\r\n${name.toUpperCase()}: y\r\nConnection: close\r\n\r\n`,
    )

    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    expect(text).toContain(`"field":"${name}"`)
  })

  test('a missing Host is refused with the envelope', async () => {
    expect(await exchange('GET /posts/1 HTTP/1.1\r\nConnection: close\r\n\r\n')).toContain('"field":"host"')
  })

  test('headers past 16 KiB are a 431, more than a hundred too', async () => {
    const long = await exchange(`GET /posts/1 HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`)
    const many = await exchange(`GET /posts/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'X: a\r\n'.repeat(120)}\r\n`)

    expect(long).toMatch(/^HTTP\/1\.1 431 /)
    expect(many).toMatch(/^HTTP\/1\.1 431 /)
    expect(long).toContain('VALIDATION_HEADERS_TOO_LARGE')
  })

  test('10,000 query parameters are refused fast', async () => {
    const query = Array.from({ length: 10_000 }, (_, index) => `a${index}=1`).join('&')
    const startedMs = performance.now()

    const text = await exchange(`GET /posts/1?${query} HTTP/1.1\r\nHost: a\r\n\r\n`)

    expect(text).toMatch(/^HTTP\/1\.1 414 /)
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })

  test('a URL past 8 KiB is a 414, 65 parameters a 400', async () => {
    const long = await fetch(`${origin}/posts/1?q=${'a'.repeat(9_000)}`)
    const many = await fetch(`${origin}/posts/1?${Array.from({ length: 65 }, (_, index) => `a${index}=1`).join('&')}`)

    expect([long.status, many.status]).toEqual([414, 400])
  })

  test.each([
    ['?a=%zz', 'a'],
    ['?a=%c0%af', 'a'],
    ['?a=%00', 'a'],
    ['?a=1&a=2', 'a'],
    ['?%61=1&a=2', 'a'],
    ['?a=%ed%a0%80', 'a'],
  ])('query %s is refused by name', async (query, field) => {
    const answer = await fetch(`${origin}/posts/1${query}`)

    expect(answer.status).toBe(400)
    expect((await errorOf(answer)).details[0]).toMatchObject({ field })
  })

  test('a reserved name in the query pollutes nothing', async () => {
    const answer = await fetch(`${origin}/posts/1?__proto__=x&constructor[prototype][polluted]=1`)

    expect(answer.status).toBe(200)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('an unknown Expect gets the envelope', async () => {
    expect(await exchange('GET /posts/1 HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*VALIDATION_FAILED/,
    )
  })

  test('a method that is not served is a 405', async () => {
    expect(await exchange('PROPFIND /posts/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /)
  })

  test('two requests sent at once get two answers in order', async () => {
    const text = await exchange(
      'GET /posts/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /posts/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )

    expect([...text.matchAll(/"id":"(\d)"/g)].map((found) => found[1])).toEqual(['1', '2'])
  })
})

describe('methods', () => {
  test('HEAD answers as GET, without the body', async () => {
    const get = await fetch(`${origin}/posts/1`)
    const head = await fetch(`${origin}/posts/1`, { method: 'HEAD' })

    expect(head.status).toBe(200)
    expect(head.headers.get('etag')).toBe('"1"')
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'))
    expect(await head.text()).toBe('')
  })

  test('204 has neither body nor length, and the connection goes on', async () => {
    const text = await exchange(
      'DELETE /posts/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /posts/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )
    const [first = ''] = text.split('HTTP/1.1 200')

    expect(first).toMatch(/^HTTP\/1\.1 204 No Content\r\n/)
    expect(first).not.toMatch(/content-length|transfer-encoding/i)
    expect(text).toContain('"id":"2"')
  })

  test('pages of a listed origin may call, no other', async () => {
    const ask = (from: string): Promise<Response> =>
      fetch(`${origin}/posts/1`, { method: 'OPTIONS', headers: { origin: from, 'access-control-request-method': 'DELETE' } })

    const listed = await ask('https://app.example.com')
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(listed.headers.get('access-control-allow-methods')).toContain('DELETE')
    for (const other of ['null', 'https://app.example.com.evil.example', 'http://app.example.com', 'https://APP.example.com']) {
      expect((await ask(other)).headers.get('access-control-allow-origin')).toBeNull()
    }
    expect(listed.headers.get('access-control-allow-credentials')).toBeNull()
  })
})

describe('observation', () => {
  test('a request leaves one line with the agreed names, the template of its path and the trace of its caller', async () => {
    const from = lines.length
    await fetch(`${origin}/posts/somebody?token=hidden`, {
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'x-request-id': 'line-1' },
    })
    const written = lines.slice(from)

    expect(written).toHaveLength(1)
    const line = JSON.parse(written[0] ?? '')
    expect(Object.keys(line)).toEqual([
      'timestamp',
      'level',
      'message',
      'service',
      'trace_id',
      'span_id',
      'user_id',
      'duration_ms',
      'fields',
    ])
    expect(line).toMatchObject({
      level: 'info',
      message: 'GET /posts/:id',
      service: 'blog',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
    })
    expect(line.fields).toEqual({ operation: 'posts.get', surface: 'rest', request_id: 'line-1', status: 200, error_code: null })
    expect(line.user_id).toMatch(/^[0-9a-f]{16}$/)
    expect(written[0]).not.toMatch(/hidden|usr_|somebody/)
  })

  test('the admin port shows the rate, errors and duration of each operation', async () => {
    const admin = createAdminServer({ metrics, readiness: createReadiness({}) })
    const { origin: adminOrigin } = await admin.listen({ port: 0 })
    await fetch(`${origin}/posts/1`)

    const text = await (await fetch(`${adminOrigin}/metrics`)).text()
    await admin.stop()

    expect(text).toMatch(/plinth_requests_total\{operation="posts\.get",surface="rest",status="200"\} \d+/)
    expect(text).toMatch(/plinth_request_errors_total\{operation="fault",surface="rest",code="INTERNAL_ERROR"\} \d+/)
    expect(text).toMatch(/plinth_request_duration_seconds_bucket\{operation="posts\.get",surface="rest",le="0\.005"\} \d+/)
    expect(text).toContain('nodejs_eventloop_lag_seconds')
  })
})
