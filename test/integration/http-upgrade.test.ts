/** Web sockets over the HTTP server: who may open one, what they may send, and how each comes to an end. */
// Proves GQL-07, SEC-05.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import {
  createHttpServer,
  type HttpServer,
  type HttpServerOptions,
  TEXT_HEADERS,
  type WebSocketChannel,
} from '../../src/http/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'
import { waitFor } from '../../src/testing/index.ts'

interface Line {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

interface Served {
  readonly server: HttpServer
  readonly port: number
  readonly channels: WebSocketChannel[]
  readonly lines: Line[]
  /** What came, as text. */
  readonly texts: string[]
}

const clients: WebSocket[] = []
const sockets: Socket[] = []
const servers: HttpServer[] = []
let served: Served
beforeAll(async () => {
  served = await serve()
})
beforeEach(() => {
  served.texts.length = 0
  served.lines.length = 0
  served.channels.length = 0
})
afterEach(() => {
  for (const client of clients.splice(0)) client.terminate()
  for (const socket of sockets.splice(0)) socket.destroy()
})
afterAll(async () => {
  for (const server of servers) await server.stop({ lingerMs: 0 })
})

async function serve(options: Partial<HttpServerOptions> = {}): Promise<Served> {
  const lines: Line[] = []
  const channels: WebSocketChannel[] = []
  const texts: string[] = []
  const server = createHttpServer({
    logger: createLogger({ service: 'blog', destination: { write: (line) => lines.push(JSON.parse(line) as Line) } }),
    metrics: createOperationMetrics(),
    publicOrigin: 'https://api.example.com',
    corsOrigins: ['https://app.example.com'],
    ...options,
  })
  servers.push(server)
  server.route({
    method: 'GET',
    path: '/talk',
    operation: 'talk.page',
    isPublic: true,
    handle: (_, reply) => reply.send(200, TEXT_HEADERS, 'a page'),
  })
  server.upgrade({
    path: '/talk',
    operation: 'talk.socket',
    surface: 'test',
    protocols: ['talk.v1'],
    handle(channel) {
      channels.push(channel)
      channel.onText((text) => {
        if (text === 'fail') throw new Error('The test says so')
        texts.push(text)
        void channel.send(`heard ${text}`)
      })
    },
  })
  const { port } = await server.listen({ port: 0 })
  return { server, port, channels, lines, texts }
}

function open(headers: Record<string, string> = {}, { port } = served, protocol = 'talk.v1'): WebSocket {
  const client = new WebSocket(`ws://127.0.0.1:${port}/talk`, protocol, { headers })
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

/** The status and the code of a refusal. */
async function refusal(client: WebSocket): Promise<string> {
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, AsyncIterable<Buffer> & { statusCode: number }]
  let text = ''
  for await (const piece of response) text += String(piece)
  return `${response.statusCode} ${JSON.parse(text).error.code}`
}

/** Sends bytes behind a good handshake, and says how the socket was closed. */
async function sendRaw(bytes: Buffer): Promise<string> {
  const socket = connect(served.port, '127.0.0.1')
  sockets.push(socket)
  socket.write(
    'GET /talk HTTP/1.1\r\nHost: api.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: talk.v1\r\n\r\n',
  )
  await once(socket, 'data')
  let answer = Buffer.alloc(0)
  socket.on('data', (piece: Buffer) => {
    answer = Buffer.concat([answer, piece])
  })
  socket.on('error', () => undefined)
  socket.write(bytes)
  await Promise.race([once(socket, 'close'), sleep(3_000)])
  // A closing frame: 0x88, its length, a code.
  return answer[0] === 0x88 ? String(answer.readUInt16BE(2)) : `${answer.length} bytes`
}

/** A frame as a client sends it, with a mask of zeros. */
function frame(first: number, payload: Buffer, length = payload.length): Buffer {
  const head = Buffer.alloc(10)
  head[0] = first
  head[1] = 0x80 | 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, Buffer.alloc(4), payload])
}

describe('a web socket', () => {
  test('opens with the protocol, carries texts both ways, and leaves one line when it is over', async () => {
    const client = open({ 'x-request-id': 'req_socket_1' })
    await once(client, 'open')

    client.send('hello')
    const [answer] = (await once(client, 'message')) as [Buffer]
    client.close()
    await waitFor('its line', () => served.lines.length > 0)

    expect([client.protocol, String(answer)]).toEqual(['talk.v1', 'heard hello'])
    expect(served.lines).toHaveLength(1)
    expect(served.lines[0]?.fields).toMatchObject({ operation: 'talk.socket', status: 101, request_id: 'req_socket_1' })
  })

  test('aborts its signal when the client goes away', async () => {
    const client = open()
    await once(client, 'open')

    client.terminate()

    await waitFor('the signal', () => served.channels[0]?.signal.aborted)
    expect(served.server.webSockets).toBe(0)
  })

  test.each([
    ['of another site', { origin: 'https://evil.example' }],
    ['with the origin null', { origin: 'null' }],
    ['of a site whose name ends like ours', { origin: 'https://xapi.example.com' }],
    ['over plain HTTP', { origin: 'http://api.example.com' }],
  ])('is not for a page %s', async (_, headers) => {
    expect(await refusal(open(headers))).toBe('403 AUTH_CROSS_SITE')
  })

  test.each(['https://api.example.com', 'https://app.example.com'])('is for a page of %s', async (origin) => {
    const client = open({ origin })

    await once(client, 'open')

    expect(client.readyState).toBe(WebSocket.OPEN)
  })

  test('is refused without a protocol that is spoken', async () => {
    expect(await refusal(open({}, served, 'other'))).toBe('400 VALIDATION_FAILED')
  })

  test('is refused beyond the number for an address, until one is closed', async () => {
    const narrow = await serve({ socketsPerAddressMax: 1 })
    const first = open({}, narrow)
    await once(first, 'open')

    const second = await refusal(open({}, narrow))
    first.close()
    await waitFor('the first to be gone', () => narrow.server.webSockets === 0)
    const third = open({}, narrow)
    await once(third, 'open')

    expect(second).toBe('429 RATE_LIMIT_EXCEEDED')
  })

  test('is counted by the rate limit of its address', async () => {
    const limited = await serve({ rateLimits: { read: { perMinute: 1, burst: 1 } } })
    const first = open({}, limited)
    await once(first, 'open')

    expect(await refusal(open({}, limited))).toBe('429 RATE_LIMIT_EXCEEDED')
  })

  test('leaves requests of its path that ask for none to their route', async () => {
    const origin = `http://127.0.0.1:${served.port}`
    const plain = await fetch(`${origin}/talk`)
    const other = connect(served.port, '127.0.0.1')
    sockets.push(other)
    other.write('GET /talk HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n')
    const [answer] = (await once(other, 'data')) as [Buffer]

    expect(await plain.text()).toBe('a page')
    expect(String(answer)).toMatch(/^HTTP\/1.1 200 OK/)
  })
})

describe('bytes that are no good', () => {
  test.each([
    ['a message above 64 KiB', frame(0x81, Buffer.alloc(65_537, 'a')), '1009'],
    ['a length of 2^62', frame(0x81, Buffer.alloc(16), Number.MAX_SAFE_INTEGER), '1009'],
    ['text that is not UTF-8', frame(0x81, Buffer.from([0xc3, 0x28])), '1007'],
    ['binary data', frame(0x82, Buffer.from('abc')), '1003'],
    ['an unknown opcode', frame(0x83, Buffer.alloc(0)), '1002'],
    ['reserved bits', frame(0xf1, Buffer.alloc(0)), '1002'],
    ['a continuation of nothing', frame(0x80, Buffer.alloc(1)), '1002'],
    ['a frame without a mask', Buffer.from([0x81, 0x01, 0x61]), '1002'],
    ['a ping that is too long', frame(0x89, Buffer.alloc(126)), '1002'],
    ['a closing frame with half a code', frame(0x88, Buffer.from([0x03])), '1002'],
    [
      'a message of more frames than anybody needs',
      Buffer.concat([frame(0x01, Buffer.from('a')), ...Array.from({ length: 64 }, () => frame(0x00, Buffer.from('a')))]),
      '1008',
    ],
  ])('close the socket: %s', async (_, bytes, code) => {
    expect(await sendRaw(bytes)).toBe(code)
    expect(served.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('close the socket, whatever they are, and nothing else', async () => {
    const random = Buffer.from(Array.from({ length: 4_096 }, (_, at) => (at * 7_919 + 13) % 251))

    for (let at = 0; at < 16; at++) await sendRaw(Buffer.concat([random.subarray(at * 200), frame(0x83, Buffer.alloc(0))]))
    const client = open()
    await once(client, 'open')

    expect(served.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe('the server', () => {
  test('closes a socket whose listener fails, says why in the log, and nothing to the client', async () => {
    const client = open()
    await once(client, 'open')

    client.send('fail')
    const [code, reason] = (await once(client, 'close')) as [number, Buffer]

    expect([code, String(reason)]).toEqual([1011, 'Internal error'])
    expect(served.lines.find(({ level }) => level === 'error')?.message).toBe('A web socket failed')
  })

  test('cuts off a client that does not answer pings, and keeps one that does', async () => {
    const quick = await serve({ socketKeepAliveMs: 100 })
    const good = open({}, quick)
    const silent = new WebSocket(`ws://127.0.0.1:${quick.port}/talk`, 'talk.v1', { autoPong: false })
    clients.push(silent)
    await Promise.all([once(good, 'open'), once(silent, 'open')])

    const [code] = (await once(silent, 'close')) as [number]
    await sleep(300)

    expect([code, good.readyState]).toEqual([1006, WebSocket.OPEN])
  })

  test('cuts off a client that does not read when a mebibyte waits for it', async () => {
    const client = open()
    await once(client, 'open')
    client.pause()
    const [channel] = served.channels
    const text = 'x'.repeat(100_000)

    let sent = 0
    while (channel?.signal.aborted === false && sent < 1_000) {
      void channel.send(text)
      sent += 1
      await sleep(1)
    }

    // What the kernel takes on both sides comes before what waits here.
    expect(sent).toBeLessThan(200)
    await waitFor('its line', () => served.lines.some(({ fields }) => fields['error_code'] === 'RATE_LIMIT_EXCEEDED'))
  })

  test('tells all sockets that it stops, and does not wait for those that do not answer', async () => {
    const stopping = await serve()
    const good = open({}, stopping)
    const deaf = open({}, stopping)
    await Promise.all([once(good, 'open'), once(deaf, 'open')])
    deaf.pause()
    const closed = once(good, 'close')
    const startedAtMs = performance.now()

    const { cutOff } = await stopping.server.stop({ lingerMs: 0, graceMs: 3_000 })
    const [code] = (await closed) as [number]

    expect([code, cutOff]).toEqual([1001, 0])
    expect(performance.now() - startedAtMs).toBeLessThan(3_000)
  })
})
