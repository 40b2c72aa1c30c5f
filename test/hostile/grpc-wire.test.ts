// Proves RPC-05, INP-01 (B10, A17): what is wrong below the messages is the fault of whoever sent it: a clear status, a line in the log, and the service lives on.
import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Blog, startBlog } from '../conformance/blog.ts'
import { type GrpcClient, grpcClient } from '../conformance/grpc-kit.ts'

let blog: Blog
let posts: GrpcClient
let session: ClientHttp2Session

beforeAll(async () => {
  blog = await startBlog()
  posts = grpcClient(blog.service.grpcAddress, 'post')
})

afterEach(async () => {
  session?.destroy()
  await posts.call('ListPosts', { page_size: 1 })
  expect(blog.service.logs().filter((line) => line['level'] === 'error' || line['level'] === 'fatal')).toEqual([])
})

afterAll(async () => {
  posts[Symbol.dispose]()
  await blog[Symbol.asyncDispose]()
})

interface RawAnswer {
  readonly http: number | undefined
  readonly grpc: number | undefined
  readonly message: string
  readonly requestId: string
}

type Lines = Readonly<Record<string, string | readonly string[] | undefined>>

const HEAD = {
  ':method': 'POST',
  ':path': '/post.v1.PostService/ListPosts',
  'content-type': 'application/grpc',
  te: 'trailers',
}

/** @param chunks what is sent, piece by piece; `undefined` at the end leaves the request open */
function send(headers: Lines, chunks: readonly (Buffer | undefined)[]): Promise<RawAnswer> {
  session = connect(`http://${blog.service.grpcAddress}`, { strictSingleValueFields: false } as object)
  session.on('error', () => undefined)
  return new Promise((resolve) => {
    // As pairs: in an object a name that may come once comes once.
    const pairs = Object.entries({ ...HEAD, ...headers }).flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().flatMap((one) => [name, String(one)]),
    )
    const stream = session.request(pairs as unknown as OutgoingHttpHeaders)
    const lines: Record<string, unknown> = {}
    stream.on('response', (received) => Object.assign(lines, received))
    stream.on('trailers', (received) => Object.assign(lines, received))
    stream.on('error', () => undefined)
    stream.on('close', () =>
      resolve({
        http: lines[':status'] as number | undefined,
        grpc: lines['grpc-status'] === undefined ? undefined : Number(lines['grpc-status']),
        message: decodeURIComponent(String(lines['grpc-message'] ?? '')),
        requestId: String(lines['x-request-id'] ?? ''),
      }),
    )
    stream.resume()
    for (const chunk of chunks) if (chunk !== undefined) stream.write(chunk)
    if (!chunks.includes(undefined)) stream.end()
  })
}

function frame(message: Buffer, flag = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(flag, 0)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, message])
}

const EMPTY = frame(Buffer.alloc(0))
const { INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAUTHENTICATED, UNIMPLEMENTED, OK } = status

/** The lines of calls; a refused token leaves one in the security log besides. */
const linesOf = (requestId: string) =>
  blog.service.logs().filter(({ fields }) => {
    const { request_id: id, category } = (fields ?? {}) as { readonly request_id?: string; readonly category?: string }
    return id === requestId && category === undefined
  })

describe.each<[what: string, headers: Lines, chunks: readonly (Buffer | undefined)[], expected: number]>([
  ['no message', {}, [], INVALID_ARGUMENT],
  ['half of a prefix', {}, [Buffer.from([0, 0])], INVALID_ARGUMENT],
  ['a message that is cut short', {}, [frame(Buffer.alloc(3), 0, 10)], INVALID_ARGUMENT],
  ['two messages', {}, [EMPTY, EMPTY], INVALID_ARGUMENT],
  ['two messages in one piece', {}, [Buffer.concat([EMPTY, EMPTY])], INVALID_ARGUMENT],
  ['thirteen thousand messages', {}, [Buffer.concat(Array.from({ length: 13_000 }, () => EMPTY))], INVALID_ARGUMENT],
  ['a message and half a prefix', {}, [Buffer.concat([EMPTY, Buffer.from([0])])], INVALID_ARGUMENT],
  ['a prefix with an unknown flag', {}, [frame(Buffer.alloc(0), 0xff)], INVALID_ARGUMENT],
  ['a packed message without the name of its encoding', {}, [frame(gzipSync('x'), 1)], INVALID_ARGUMENT],
  ['bytes that are not packed as named', { 'grpc-encoding': 'gzip' }, [frame(Buffer.from('nonsense'), 1)], INVALID_ARGUMENT],
  [
    'half of what was packed',
    { 'grpc-encoding': 'gzip' },
    [frame(gzipSync('x'.repeat(99)).subarray(0, 15), 1)],
    INVALID_ARGUMENT,
  ],
  ['gzip where deflate is named', { 'grpc-encoding': 'deflate' }, [frame(gzipSync('x'), 1)], INVALID_ARGUMENT],
  ['an encoding that is not spoken', { 'grpc-encoding': 'br' }, [EMPTY], UNIMPLEMENTED],
  ['two encodings', { 'grpc-encoding': 'gzip, gzip' }, [EMPTY], UNIMPLEMENTED],
  ['a length of 4 GiB, and nothing behind it', {}, [frame(Buffer.alloc(0), 0, 0xffffffff), undefined], RESOURCE_EXHAUSTED],
  ['a bomb', { 'grpc-encoding': 'gzip' }, [frame(gzipSync(Buffer.alloc(64 * 1_048_576)), 1)], RESOURCE_EXHAUSTED],
  ['a deadline of no number', { 'grpc-timeout': 'abc' }, [EMPTY], INVALID_ARGUMENT],
  ['a deadline below zero', { 'grpc-timeout': '-1S' }, [EMPTY], INVALID_ARGUMENT],
  ['a deadline of nine digits', { 'grpc-timeout': '123456789S' }, [EMPTY], INVALID_ARGUMENT],
  ['a deadline without a unit', { 'grpc-timeout': '1' }, [EMPTY], INVALID_ARGUMENT],
  ['a deadline of a broken number', { 'grpc-timeout': '1.5S' }, [EMPTY], INVALID_ARGUMENT],
  ['two deadlines', { 'grpc-timeout': ['1S', '2S'] }, [EMPTY], INVALID_ARGUMENT],
  ['two tokens', { authorization: ['Bearer a', 'Bearer b'] }, [EMPTY], UNAUTHENTICATED],
  ['a method that there is not', { ':path': '/post.v1.PostService/DropPosts' }, [EMPTY], UNIMPLEMENTED],
  ['a service that there is not', { ':path': '/nobody.v1.NobodyService/Get' }, [EMPTY], UNIMPLEMENTED],
  ['no path of a method', { ':path': '/' }, [], UNIMPLEMENTED],
  ['the name of what all objects have', { ':path': '/__proto__' }, [], UNIMPLEMENTED],
])('%s', (_, headers, chunks, expected) => {
  test('has a clear status, and a line in the log', async () => {
    const answer = await send(headers, chunks)

    expect(answer).toMatchObject({ http: 200, grpc: expected })
    expect(answer.message).not.toBe('')
    expect(linesOf(answer.requestId)).toHaveLength(1)
  })
})

describe('what is served however it comes', () => {
  test.each<[string, Lines, readonly Buffer[]]>([
    ['a type with its format', { 'content-type': 'application/grpc+proto' }, [EMPTY]],
    ['a type with parameters', { 'content-type': 'application/grpc; charset=utf-8' }, [EMPTY]],
    ['a message in single bytes', {}, [...frame(Buffer.from([0x08, 1]))].map((byte) => Buffer.from([byte]))],
    ['a message that is packed', { 'grpc-encoding': 'gzip' }, [frame(gzipSync(Buffer.from([0x08, 1])), 1)]],
    ['a message that is not, of a call that names an encoding', { 'grpc-encoding': 'gzip' }, [EMPTY]],
    ['no line that says te', { te: undefined }, [EMPTY]],
    ['the longest deadline', { 'grpc-timeout': '99999999H' }, [EMPTY]],
  ])('%s', async (_, headers, chunks) => {
    const answer = await send(headers, chunks)

    expect(answer.grpc === OK || /page_size|filter|order_by/.test(answer.message)).toBe(true)
  })
})

test.each([
  ['application/grpcfoo', 415],
  ['application/grpc+json', 415],
  ['application/grpc-web', 415],
  ['application/json', 415],
  ['', 415],
])('the content type "%s" is refused by HTTP', async (type, http) => {
  expect(await send({ 'content-type': type }, [EMPTY])).toMatchObject({ http, grpc: undefined })
})

test('GET is refused by HTTP', async () => {
  expect(await send({ ':method': 'GET' }, [])).toMatchObject({ http: 405, grpc: undefined })
})

test('a deadline of nothing has passed', async () => {
  expect(await send({ 'grpc-timeout': '0n' }, [EMPTY])).toMatchObject({ grpc: status.DEADLINE_EXCEEDED })
})

test.each([
  ['longer than 16 KiB', { 'x-long': 'x'.repeat(20_000) }],
  ['more than a hundred', Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`x-${at}`, '1']))],
])('lines that are %s are not taken', async (_, headers) => {
  expect((await send(headers, [EMPTY])).grpc).not.toBe(OK)
})

describe('floods', () => {
  test('of streams that are reset at once end their connection, and no other', async () => {
    const flooding = connect(`http://${blog.service.grpcAddress}`)
    flooding.on('error', () => undefined)
    const closed = new Promise((resolve) => flooding.once('close', resolve))
    for (let at = 0; at < 10_000 && !flooding.destroyed && !flooding.closed; at++) {
      const stream = flooding.request(HEAD)
      stream.on('error', () => undefined)
      stream.close(constants.NGHTTP2_CANCEL)
      if (at % 100 === 99) await sleep(1)
    }

    await Promise.race([closed, sleep(5_000)])
    expect(flooding.destroyed || flooding.closed).toBe(true)
  })

  test('of pings are borne', async () => {
    const pinging = connect(`http://${blog.service.grpcAddress}`)
    pinging.on('error', () => undefined)
    for (let at = 0; at < 5_000 && !pinging.destroyed; at++) pinging.ping(Buffer.alloc(8), () => undefined)
    await sleep(100)
    pinging.destroy()
  })

  test('of empty pieces cost a call, and no more', async () => {
    const answer = send({}, [...Array.from({ length: 5_000 }, () => Buffer.alloc(0)), EMPTY])

    expect((await answer).grpc).toBe(OK)
  })
})

test('calls that nobody ends leave nothing under way', async () => {
  const open = connect(`http://${blog.service.grpcAddress}`)
  open.on('error', () => undefined)
  for (let at = 0; at < 90; at++) open.request(HEAD).on('error', () => undefined)
  await sleep(200)
  open.destroy()

  const underWay = async (): Promise<string | undefined> =>
    (await (await fetch(`${blog.service.adminOrigin}/metrics`)).text()).match(/^plinth_requests_in_flight .*$/m)?.[0]
  await expect.poll(underWay, { timeout: 5_000 }).toBe('plinth_requests_in_flight 0')
})
