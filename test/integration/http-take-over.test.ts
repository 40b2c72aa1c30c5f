/** Answers that foreign code writes: what still holds of them, and that each is counted once, however it ends. */
// Proves SEC-05.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createHttpServer, type HttpReply, type HttpRequest, type HttpServer, JSON_HEADERS } from '../../src/http/index.ts'
import { PlinthError } from '../../src/kernel/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'

interface Line {
  readonly level: string
  readonly message: string
  readonly fields: { readonly request_id: string; readonly status?: number; readonly error_code?: string | null }
}

const BODY_BYTES_MAX = 1_000
const lines: Line[] = []
const metrics = createOperationMetrics()
const sockets: Socket[] = []
/** What the route `/foreign` does; set by each test. */
let act: (request: HttpRequest, reply: HttpReply) => unknown = () => {}
let server: HttpServer
let origin: string
let port: number

beforeAll(async () => {
  server = createHttpServer({
    logger: createLogger({ service: 'blog', destination: { write: (line) => lines.push(JSON.parse(line) as Line) } }),
    metrics,
    corsOrigins: ['https://app.example.com'],
    authenticate: async () => {
      await sleep(20)
      throw new PlinthError('AUTH_REQUIRED')
    },
  })
  for (const method of ['GET', 'POST'] as const) {
    server.route({
      method,
      path: '/foreign',
      operation: 'foreign',
      body: 'raw',
      bodyBytesMax: BODY_BYTES_MAX,
      isPublic: true,
      handle: (request, reply) => act(request, reply),
    })
  }
  ;({ origin, port } = await server.listen({ port: 0 }))
})

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})
afterAll(() => server.stop({ lingerMs: 0 }))

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Sets what the route does with both sides of a request. */
function foreign(write: (response: ServerResponse, request: IncomingMessage) => unknown): void {
  act = (_, reply) => {
    const { request, response } = reply.takeOver()
    return write(response, request)
  }
}

function open(bytes = ''): { readonly socket: Socket; readonly closed: Promise<string>; readonly text: () => string } {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.write(bytes)
  return { socket, text: () => text, closed: new Promise((resolve) => socket.on('close', () => resolve(text))) }
}

/** The lines of one request, once its access line is there. */
async function linesOf(id: string): Promise<Line[]> {
  await expect.poll(() => lines.some(({ fields }) => fields.request_id === id && fields.error_code !== undefined)).toBe(true)
  await sleep(20)
  return lines.filter(({ fields }) => fields.request_id === id)
}

async function countOf(status: number): Promise<number> {
  const text = await metrics.render()
  return Number(
    new RegExp(`plinth_requests_total\\{operation="foreign",surface="rest",status="${status}"\\} (\\d+)`).exec(text)?.[1] ?? 0,
  )
}

async function bytesOf(request: IncomingMessage): Promise<number> {
  let length = 0
  for await (const chunk of request) length += (chunk as Buffer).length
  return length
}

const HEAD = 'POST /foreign HTTP/1.1\r\nHost: a\r\n'

describe('an answer that foreign code writes', () => {
  test('has the request id, the security headers and CORS, and is logged and counted once', async () => {
    const before = await countOf(201)
    foreign((response) => {
      response.statusCode = 201
      response.setHeader('content-type', 'text/plain')
      response.end('made')
    })

    const answer = await fetch(`${origin}/foreign`, { headers: { 'x-request-id': 'own-1', origin: 'https://app.example.com' } })

    expect([answer.status, await answer.text()]).toEqual([201, 'made'])
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-request-id': 'own-1',
      'strict-transport-security': 'max-age=31536000; includeSubDomains; preload',
      'content-security-policy': "default-src 'self'; script-src 'self'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'access-control-allow-origin': 'https://app.example.com',
    })
    expect(await linesOf('own-1')).toMatchObject([{ message: 'GET /foreign', fields: { status: 201, error_code: null } }])
    expect([await countOf(201), server.inFlight]).toEqual([before + 1, 0])
  })

  test('can replace and remove single headers, and cannot lose them all', async () => {
    foreign((response) => {
      response.removeHeader('x-frame-options')
      response.writeHead(200, { 'Cache-Control': 'public, max-age=5' }).end()
    })
    const chosen = await fetch(`${origin}/foreign`)
    foreign((response) => {
      for (const name of response.getHeaderNames()) response.removeHeader(name)
      response.statusCode = 400
      response.end()
    })
    const swept = await fetch(`${origin}/foreign`)

    expect(chosen.headers.get('cache-control')).toBe('public, max-age=5')
    expect(chosen.headers.get('x-frame-options')).toBeNull()
    expect(chosen.headers.get('x-content-type-options')).toBe('nosniff')
    expect([swept.status, swept.headers.get('x-frame-options')]).toEqual([400, 'DENY'])
    expect(swept.headers.get('x-request-id')).toMatch(/^req_/)
  })

  test('reads the body itself', async () => {
    foreign(async (response, request) => response.end(String(await bytesOf(request))))

    const answer = await fetch(`${origin}/foreign`, {
      method: 'POST',
      body: 'x'.repeat(900),
      headers: { 'content-type': 'image/png' },
    })

    expect(await answer.text()).toBe('900')
  })

  test('a status of our own fault is counted as such', async () => {
    foreign((response) => response.writeHead(502).end())

    await fetch(`${origin}/foreign`, { headers: { 'x-request-id': 'own-2' } })

    expect(await linesOf('own-2')).toMatchObject([{ fields: { status: 502, error_code: 'INTERNAL_ERROR' } }])
  })

  test('answers HEAD without a body and keeps the connection', async () => {
    foreign((response) => response.end('hidden'))
    const { text } = open('HEAD /foreign HTTP/1.1\r\nHost: a\r\n\r\nGET /foreign HTTP/1.1\r\nHost: a\r\n\r\n')

    await expect.poll(text).toContain('hidden')
    expect(text().match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
    expect(text().match(/hidden/g)).toHaveLength(1)
  })

  test('a second answer is refused, and a second taking over', async () => {
    const refusals: string[] = []
    act = (_, reply) => {
      const { response } = reply.takeOver()
      for (const again of [() => reply.send(200, JSON_HEADERS, '{}'), () => reply.takeOver()]) {
        try {
          again()
        } catch (error) {
          refusals.push((error as Error).message)
        }
      }
      response.end()
    }

    expect((await fetch(`${origin}/foreign`)).status).toBe(200)
    expect(refusals).toEqual([
      'Cannot answer twice: the request has its answer already',
      'Cannot take the answer over: the request has its answer already',
    ])
  })
})

describe('when it goes wrong', () => {
  test('the envelope is sent while nothing has gone out, without what was set for another answer', async () => {
    foreign((response) => {
      response.setHeader('set-cookie', 'half=done')
      response.setHeader('content-type', 'text/event-stream')
      throw new Error('SELECT secret', { cause: 'beneath' })
    })

    const answer = await fetch(`${origin}/foreign`, { headers: { 'x-request-id': 'wrong-1' } })
    const text = await answer.text()

    expect([answer.status, answer.headers.get('content-type')]).toEqual([500, 'application/json; charset=utf-8'])
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(answer.headers.get('x-frame-options')).toBe('DENY')
    expect(text).toContain('INTERNAL_ERROR')
    expect(text).not.toContain('secret')
    expect(await linesOf('wrong-1')).toMatchObject([
      { level: 'error' },
      { message: 'GET /foreign', fields: { status: 500, error_code: 'INTERNAL_ERROR' } },
    ])
    expect(server.inFlight).toBe(0)
  })

  test('half an answer is cut off', async () => {
    foreign(async (response) => {
      response.write('half')
      await sleep(20)
      throw new PlinthError('DEPENDENCY_UNAVAILABLE')
    })

    const text = await open('GET /foreign HTTP/1.1\r\nHost: a\r\nX-Request-Id: wrong-2\r\n\r\n').closed

    expect(text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*half/)
    expect(text).not.toMatch(/\r\n0\r\n/)
    const written = await linesOf('wrong-2')
    expect(written.at(-1)).toMatchObject({ fields: { status: 200, error_code: 'DEPENDENCY_UNAVAILABLE' } })
    expect(server.inFlight).toBe(0)
  })

  test('a client that goes away is counted once, and its signal aborts', async () => {
    const before = await countOf(499)
    let aborted: Promise<unknown> = Promise.resolve()
    let isWaiting = false
    act = (request, reply) => {
      reply.takeOver()
      aborted = once(request.signal, 'abort')
      isWaiting = true
      return aborted.then(() => Promise.reject(new Error('aborted')))
    }
    const { socket } = open('GET /foreign HTTP/1.1\r\nHost: a\r\nX-Request-Id: gone-1\r\n\r\n')
    await expect.poll(() => isWaiting).toBe(true)

    socket.destroy()

    await aborted
    expect(await linesOf('gone-1')).toMatchObject([{ fields: { status: 499, error_code: null } }])
    expect([await countOf(499), server.inFlight]).toEqual([before + 1, 0])
  })

  test('requests that wait behind another on a connection are counted too when it closes', async () => {
    let taken = 0
    foreign(() => {
      taken += 1
    })
    const before = await countOf(499)
    const { socket } = open('GET /foreign HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20))
    await expect.poll(() => taken).toBe(20)

    socket.destroy()

    await expect.poll(() => server.inFlight).toBe(0)
    expect(await countOf(499)).toBe(before + 20)
  })

  test('a client that went away before the taking over is counted', async () => {
    let isTaken = false
    act = async (request, reply) => {
      if (!request.signal.aborted) await once(request.signal, 'abort')
      reply.takeOver()
      isTaken = true
    }
    const { socket } = open('GET /foreign HTTP/1.1\r\nHost: a\r\nX-Request-Id: gone-2\r\n\r\n')
    await expect.poll(() => server.inFlight).toBe(1)

    socket.destroy()

    expect(await linesOf('gone-2')).toMatchObject([{ fields: { status: 499 } }])
    expect([isTaken, server.inFlight]).toEqual([true, 0])
  })

  test('a write behind the end is logged and harms nobody', async () => {
    foreign((response) => {
      response.end('whole')
      response.write('more')
    })

    const answer = await fetch(`${origin}/foreign`, { headers: { 'x-request-id': 'late-1' } })

    expect(await answer.text()).toBe('whole')
    expect(new Set((await linesOf('late-1')).map(({ message }) => message))).toEqual(
      new Set(['GET /foreign', 'A handler failed after it had answered']),
    )
  })
})

describe('a body that foreign code reads', () => {
  const chunk = `${(400).toString(16)}\r\n${'x'.repeat(400)}\r\n`

  test('is refused at its declared length before any handler runs', async () => {
    let handled = false
    act = () => {
      handled = true
    }

    const text = await open(`${HEAD}Content-Length: 1001\r\n\r\n`).closed

    expect(text).toMatch(/^HTTP\/1\.1 413 [\s\S]*VALIDATION_BODY_TOO_LARGE/)
    expect(handled).toBe(false)
  })

  test('of unknown length is cut off at the limit, and its reader learns that it ended', async () => {
    let outcome: unknown
    foreign(async (_, request) => {
      outcome = await bytesOf(request).catch((error: Error) => error.message)
      throw new Error('the library fell over')
    })

    const text = await open(`${HEAD}X-Request-Id: long-1\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`).closed

    expect(text).toMatch(/^HTTP\/1\.1 413 [\s\S]*VALIDATION_BODY_TOO_LARGE/)
    await expect.poll(() => outcome, { timeout: 5_000 }).toBe('Premature close')
    expect(await linesOf('long-1')).toMatchObject([{ fields: { status: 413, error_code: 'VALIDATION_BODY_TOO_LARGE' } }])
    expect(server.inFlight).toBe(0)
  })

  test('that is cut off under a handler which has not answered is refused once', async () => {
    act = async (request, reply) => {
      await sleep(100)
      reply.send(200, JSON_HEADERS, JSON.stringify({ method: request.method }))
    }

    const text = await open(`${HEAD}X-Request-Id: long-2\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`).closed

    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(await linesOf('long-2')).toMatchObject([{ fields: { status: 413 } }])
  })

  test('is cut off in the middle of an answer', async () => {
    foreign((response, request) => {
      response.write('begun')
      request.resume()
    })

    const text = await open(`${HEAD}X-Request-Id: long-3\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`).closed

    expect(text).not.toMatch(/413|\r\n0\r\n/)
    expect(await linesOf('long-3')).toMatchObject([{ fields: { error_code: 'VALIDATION_BODY_TOO_LARGE' } }])
  })

  test('of unknown length below the limit comes through, and the connection goes on', async () => {
    foreign(async (response, request) => response.end(`read ${await bytesOf(request)}`))
    const bytes = `${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(2)}0\r\n\r\n`

    const { text } = open(bytes + bytes)

    await expect.poll(() => text().match(/read 800/g)?.length).toBe(2)
  })

  test('that comes in after a wait for its reader is whole', async () => {
    foreign(async (response, request) => {
      await sleep(50)
      response.end(`read ${await bytesOf(request)}`)
    })

    const { text } = open(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(2)}0\r\n\r\n`)

    await expect.poll(text).toContain('read 800')
  })

  test('that nobody reads is not read on after the answer', async () => {
    foreign((response) => response.end('no'))
    const { socket, closed } = open(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`)
    const piece = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`
    const timer = setInterval(() => socket.write(piece), 5)

    const text = await closed
    clearInterval(timer)

    expect(text).toMatch(/^HTTP\/1\.1 200 /)
  })
})

test('an answer under way when the server stops closes its connection', async () => {
  const other = createHttpServer({
    logger: createLogger({ service: 'blog', destination: { write: () => {} } }),
    metrics: createOperationMetrics(),
  })
  let finish: (() => void) | undefined
  other.route({
    method: 'GET',
    path: '/foreign',
    operation: 'foreign',
    isPublic: true,
    handle: (_, reply) => {
      const { response } = reply.takeOver()
      finish = () => response.end('done')
    },
  })
  const { origin: otherOrigin } = await other.listen({ port: 0 })
  const answer = fetch(`${otherOrigin}/foreign`)
  await expect.poll(() => finish).toBeDefined()

  const stopped = other.stop({ lingerMs: 50, graceMs: 5_000 })
  await sleep(20)
  finish?.()

  expect((await answer).headers.get('connection')).toBe('close')
  expect(await (await answer).text()).toBe('done')
  expect(await stopped).toEqual({ cutOff: 0 })
})
