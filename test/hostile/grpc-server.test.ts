// Proves INP-01, RPC-05: what strangers send to the port of gRPC costs them a call, and us nothing.
import { connect, constants } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Blog, startBlog, USERS } from '../conformance/blog.ts'
import { type GrpcClient, grpcClient } from '../conformance/grpc-kit.ts'

let blog: Blog
let posts: GrpcClient

beforeAll(async () => {
  blog = await startBlog()
  posts = grpcClient(blog.service.grpcAddress, 'post')
})

afterEach(async () => {
  // The server is well, and nothing was its own fault.
  await posts.call('ListPosts', { page_size: 1 })
  expect(blog.service.logs().filter((line) => line['level'] === 'error' || line['level'] === 'fatal')).toEqual([])
})

afterAll(async () => {
  posts[Symbol.dispose]()
  await blog[Symbol.asyncDispose]()
})

interface RawAnswer {
  readonly http: unknown
  readonly grpc: unknown
}

/** Sends a body as it is. */
async function post(body: Buffer, headers: Readonly<Record<string, string>> = {}, path = '/post.v1.PostService/GetPost') {
  const session = connect(`http://${blog.service.grpcAddress}`)
  session.on('error', () => undefined)
  const answer = await new Promise<RawAnswer>((resolve) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    let http: unknown
    let grpc: unknown
    stream.on('response', (received) => {
      http = received[':status']
      grpc = received['grpc-status']
    })
    stream.on('trailers', (received) => {
      grpc = received['grpc-status']
    })
    stream.on('error', () => undefined)
    stream.on('close', () => resolve({ http, grpc }))
    stream.resume()
    stream.end(body)
  })
  session.destroy()
  return answer
}

function frame(message: Buffer, flag = 0): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(flag, 0)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

test.each([
  ['bytes that are no message', frame(Buffer.from([0xff, 0xff, 0xff, 0xff])), status.INVALID_ARGUMENT],
  ['a field of another wire type', frame(Buffer.from([0x08, 0x01])), status.INVALID_ARGUMENT],
  ['a length beyond the message', frame(Buffer.from([0x0a, 0x7f, 0x61])), status.INVALID_ARGUMENT],
  ['an unknown field', frame(Buffer.from([0xa0, 0x06, 0x01])), status.INVALID_ARGUMENT],
  ['a text that is not UTF-8', frame(Buffer.from([0x0a, 0x02, 0xc3, 0x28])), status.INVALID_ARGUMENT],
])('%s is refused as the fault of the caller', async (_, body, expected) => {
  expect(await post(body)).toEqual({ http: 200, grpc: String(expected) })
})

test('a message that unpacks to more than 1 MiB is refused', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1_048_576))

  const { grpc } = await post(frame(bomb, 1), { 'grpc-encoding': 'gzip' })

  expect(grpc).toBe(String(status.RESOURCE_EXHAUSTED))
})

test('a content type that is not of gRPC is refused by HTTP', async () => {
  expect(await post(Buffer.from('{}'), { 'content-type': 'application/json' })).toMatchObject({ http: 415 })
})

test('a method that there is not is UNIMPLEMENTED', async () => {
  const { grpc } = await post(frame(Buffer.alloc(0)), {}, '/post.v1.PostService/DropPosts')

  expect(grpc).toBe(String(status.UNIMPLEMENTED))
})

test('metadata that names a caller is not believed', async () => {
  const metadata = { 'x-user-id': USERS.admin, 'x-role': 'admin', 'x-forwarded-for': '203.0.113.9' }

  const failure = await posts.fail('DeletePost', { id: await blog.post() }, { metadata })

  expect(failure.code).toBe(status.UNAUTHENTICATED)
})

const underWay = async (): Promise<readonly string[]> => {
  const text = await (await fetch(`${blog.service.adminOrigin}/metrics`)).text()
  return text.match(/^plinth_(?:watches|requests_in_flight) .*$/gm) ?? []
}
const NOTHING = ['plinth_requests_in_flight 0', 'plinth_watches 0']

test('watches that are cancelled leave nothing under way', async () => {
  const watching = Array.from({ length: 50 }, () => posts.stream('WatchPosts', {}, { token: blog.tokens.viewer }))
  await Promise.all(watching.map((stream) => new Promise((resolve) => stream.on('metadata', resolve))))
  for (const stream of watching) {
    stream.on('error', () => undefined)
    stream.cancel()
  }

  await expect.poll(underWay, { timeout: 5_000 }).toEqual(NOTHING)
})

test('watches that are reset as soon as they are sent leave nothing under way', async () => {
  const session = connect(`http://${blog.service.grpcAddress}`)
  const headers = {
    ':method': 'POST',
    ':path': '/post.v1.PostService/WatchPosts',
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${blog.tokens.viewer}`,
  }
  const reset = Array.from({ length: 50 }, () => {
    const stream = session.request(headers)
    stream.on('error', () => undefined)
    stream.end(Buffer.alloc(5))
    stream.once('ready', () => stream.close(constants.NGHTTP2_CANCEL))
    return new Promise((resolve) => stream.once('close', resolve))
  })
  await Promise.all(reset)

  await expect.poll(underWay, { timeout: 5_000 }).toEqual(NOTHING)
  session.close()
})

test('bytes that are no HTTP/2 end their own connection', async () => {
  const [host, port] = blog.service.grpcAddress.split(':')
  const socket = connectSocket(Number(port), host)
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.on('close', resolve))

  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  socket.resume()

  await closed
})
