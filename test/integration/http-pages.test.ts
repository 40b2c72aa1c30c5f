/** Forms, cookies and redirects over real sockets: what pages for people need of the server. */
// Proves SEC-05.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  clearCookie,
  createHttpServer,
  EMPTY_HEADERS,
  formTargets,
  type HttpServer,
  html,
  JSON_HEADERS,
  pageHeaders,
  refuseCrossSite,
  renderCookie,
  TEXT_HEADERS,
} from '../../src/http/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'

const PUBLIC_ORIGIN = 'https://api.example.com'
const FORM = 'application/x-www-form-urlencoded'
let server: HttpServer
let origin: string
let port: number
let handled = 0

beforeAll(async () => {
  server = createHttpServer({
    logger: createLogger({ service: 'blog', destination: { write: () => {} } }),
    metrics: createOperationMetrics(),
  })
  const open = { isPublic: true } as const
  server.route({
    ...open,
    method: 'POST',
    path: '/form',
    operation: 'form',
    body: 'form',
    bodyBytesMax: 1_000,
    handle: (request, reply) => {
      handled += 1
      reply.send(200, JSON_HEADERS, JSON.stringify(request.body))
    },
  })
  server.route({
    ...open,
    method: 'POST',
    path: '/bytes',
    operation: 'bytes',
    body: 'bytes',
    bodyBytesMax: 1_000,
    renderFailure: ({ code }, requestId) => ({ headers: TEXT_HEADERS, body: `${code} ${requestId}` }),
    handle: ({ bytes }, reply) => reply.send(200, TEXT_HEADERS, bytes),
  })
  server.route({
    ...open,
    method: 'GET',
    path: '/cookies',
    operation: 'cookies',
    handle: (request, reply) =>
      reply.send(200, JSON_HEADERS, JSON.stringify([...request.cookies]), [
        'set-cookie',
        renderCookie('__Host-a', '1'),
        'set-cookie',
        clearCookie('__Host-b'),
      ]),
  })
  server.route({
    ...open,
    method: 'POST',
    path: '/sessions',
    operation: 'sessions',
    body: 'form',
    handle: (request, reply) => {
      refuseCrossSite(request, PUBLIC_ORIGIN)
      reply.send(303, EMPTY_HEADERS, undefined, ['location', '/page', 'set-cookie', renderCookie('__Host-a', '1')])
    },
  })
  server.route({
    ...open,
    method: 'GET',
    path: '/page',
    operation: 'page',
    handle: (_, reply) =>
      reply.send(200, pageHeaders({ forms: 'open' }), html`<!doctype html><title>${'<Köbe>'}</title>`.text, [
        'content-security-policy',
        formTargets(['https://app.example.com/callback']),
      ]),
  })
  server.route({
    ...open,
    method: 'GET',
    path: '/away',
    operation: 'away',
    handle: (request, reply) => reply.send(303, EMPTY_HEADERS, undefined, ['location', request.query['to'] ?? '']),
  })
  ;({ origin, port } = await server.listen({ port: 0 }))
})

afterAll(() => server.stop({ lingerMs: 0 }))

/** Sends bytes as they are and returns what comes back until the server closes. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
    socket.write(bytes)
  })
}

function post(body: string | Buffer, type = FORM): Promise<Response> {
  return fetch(`${origin}/form`, { method: 'POST', body, headers: { 'content-type': type } })
}

describe('a form', () => {
  test.each([[FORM], ['Application/X-WWW-Form-URLEncoded'], [`${FORM};charset=UTF-8`], [`${FORM} ; charset="utf-8"`]])(
    'of type %j is read',
    async (type) => {
      const answer = await post('user=ada%40example.com&password=a+b', type)

      expect([answer.status, await answer.json()]).toEqual([200, { user: 'ada@example.com', password: 'a b' }])
    },
  )

  test.each([
    ['application/json'],
    ['text/plain'],
    ['multipart/form-data; boundary=x'],
    [`${FORM}; charset=latin1`],
    [`${FORM}, text/plain`],
    [`${FORM}x`],
    [`text/plain;${FORM}`],
  ])('of type %j is refused and no handler runs', async (type) => {
    const before = handled

    const answer = await post('a=1', type)

    expect([answer.status, handled]).toEqual([415, before])
    expect(await answer.text()).toContain(`expected Content-Type \\"${FORM}\\"`)
  })

  test('without fields is an empty object', async () => {
    const text = await exchange('POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')

    expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*\{\}$/)
  })

  test.each([
    ['a=1&a=2', 'duplicate', 'a'],
    ['a=%ff', 'format', 'a'],
    ['a=%00', 'format', 'a'],
    ['a=%ed%a0%80', 'format', 'a'],
    [`${Array.from({ length: 65 }, (_, index) => `f${index}=1`).join('&')}`, 'too_many', ''],
  ])('%j is refused by name', async (body, code, field) => {
    const answer = await post(body)

    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { code: 'VALIDATION_FAILED', details: [{ code, field }] } })
  })

  test('with bytes that are no text is refused', async () => {
    expect((await post(Buffer.from([0x61, 0x3d, 0xff]))).status).toBe(400)
  })

  test('with names that reach a prototype pollutes nothing', async () => {
    const answer = await post('__proto__=x&constructor[prototype][polluted]=1')

    expect(await answer.text()).toBe('{"__proto__":"x","constructor[prototype][polluted]":"1"}')
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('is bounded, with its length told and in chunks', async () => {
    const chunk = `${(600).toString(16)}\r\na=${'x'.repeat(598)}\r\n`
    const head = `POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: ${FORM}\r\n`

    expect((await post(`a=${'x'.repeat(1_000)}`)).status).toBe(413)
    expect(await exchange(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /)
  })
})

describe('a body that is taken as it comes', () => {
  const postBytes = (body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${origin}/bytes`, { method: 'POST', body, headers: { 'x-request-id': 'mine', ...headers } })

  test.each(['text/plain', FORM, 'image/png'])('is of any type: %s', async (type) => {
    const answer = await postBytes(Buffer.from([0x61, 0xff, 0x00]), { 'content-type': type })

    expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([0x61, 0xff, 0x00])
  })

  test('may be missing', async () => {
    expect(await (await postBytes('')).text()).toBe('')
  })

  test.each<[number, string, string, Readonly<Record<string, string>>]>([
    [413, 'VALIDATION_BODY_TOO_LARGE', 'x'.repeat(1_001), {}],
    [415, 'VALIDATION_CONTENT_TYPE', 'x', { 'content-encoding': 'gzip' }],
  ])('is refused with %i in the form of its route', async (status, code, body, headers) => {
    const answer = await postBytes(body, headers)

    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      status,
      'text/plain; charset=utf-8',
      `${code} mine`,
    ])
  })
})

describe('cookies', () => {
  test('are read by name, and one that comes twice is absent', async () => {
    const answer = await fetch(`${origin}/cookies`, { headers: { cookie: 'x=1; __Host-a=ours; y=%20; __Host-a=theirs' } })

    expect(await answer.json()).toEqual([
      ['x', '1'],
      ['y', ' '],
    ])
  })

  test('in two headers count as twice too', async () => {
    const text = await exchange(
      'GET /cookies HTTP/1.1\r\nHost: a\r\nCookie: __Host-a=1; x=1\r\nCookie: __Host-a=2\r\nConnection: close\r\n\r\n',
    )

    expect(text).toMatch(/\[\["x","1"\]\]$/)
  })

  test('are set and cleared one header each', async () => {
    const answer = await fetch(`${origin}/cookies`)

    expect(answer.headers.getSetCookie()).toEqual([
      '__Host-a=1; Path=/; HttpOnly; Secure; SameSite=Strict',
      '__Host-b=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
    ])
  })
})

describe('an endpoint that a cookie authenticates', () => {
  const send = (headers: string): Promise<string> =>
    exchange(
      `POST /sessions HTTP/1.1\r\nHost: a\r\n${headers}Content-Type: ${FORM}\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=1`,
    )

  test('answers a page of its own', async () => {
    const text = await send('Sec-Fetch-Site: same-origin\r\n')

    expect(text).toMatch(/^HTTP\/1\.1 303 See Other\r\n/)
    expect(text).toMatch(/set-cookie: __Host-a=1; /)
  })

  test.each([['Sec-Fetch-Site: cross-site\r\n'], ['Origin: null\r\n'], ['Origin: https://evil.example\r\n'], ['']])(
    'refuses %j',
    async (headers) => {
      const text = await send(headers)

      expect(text).toMatch(/^HTTP\/1\.1 403 [\s\S]*AUTH_CROSS_SITE/)
      expect(text).not.toContain('set-cookie')
    },
  )
})

describe('pages and redirects', () => {
  test('a redirect is empty and the connection goes on', async () => {
    const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
    const text = await exchange(get('/away?to=https%3A%2F%2Fapp.example.com%2Fcallback') + get('/page', 'Connection: close\r\n'))

    expect(text).toMatch(/^HTTP\/1\.1 303 See Other\r\n/)
    expect(text).toContain('\r\nlocation: https://app.example.com/callback\r\ncontent-length: 0\r\n')
    expect(text).toContain('HTTP/1.1 200 OK')
  })

  test('an address that would break out of its header is no redirect', async () => {
    const answer = await fetch(`${origin}/away?to=/%0d%0aset-cookie:a=b`, { redirect: 'manual' })

    expect(answer.status).toBe(500)
    expect(answer.headers.get('set-cookie')).toBeNull()
  })

  test('a page has its policy, and a second one for its forms', async () => {
    const answer = await fetch(`${origin}/page`)

    expect(answer.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
        "frame-ancestors 'none', form-action 'self' https://app.example.com",
    )
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.text()).toBe('<!doctype html><title>&lt;Köbe&gt;</title>')
  })
})
