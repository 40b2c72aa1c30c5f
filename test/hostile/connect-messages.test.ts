// Proves RPC-05: what no client would send to Connect or gRPC-Web is refused by its field or its frame, and nothing of it is our fault.
import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Blog, startBlog, USERS } from '../conformance/blog.ts'

const CREATE_POST = '/post.v1.PostService/CreatePost'
const LIST_POSTS = '/post.v1.PostService/ListPosts'
const UPDATE_POST = '/post.v1.PostService/UpdatePost'
const MESSAGE_BYTES_MAX = 1_048_576

let blog: Blog

beforeAll(async () => {
  blog = await startBlog()
})

afterAll(() => blog[Symbol.asyncDispose]())

interface Refusal {
  readonly status: number
  readonly code: string
  readonly reason: string
  readonly fields: readonly string[]
}

type Bytes = string | Buffer<ArrayBuffer>

function post(path: string, body: Bytes, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${blog.service.origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${blog.tokens.editor}`, ...headers },
    body,
  })
}

interface Detail {
  readonly type: string
  readonly debug: { readonly reason?: string; readonly fieldViolations?: readonly { readonly field: string }[] }
}

/** How Connect tells that it refuses. */
async function refusal(path: string, body: Bytes, headers: Readonly<Record<string, string>> = {}): Promise<Refusal> {
  const answer = await post(path, body, headers)
  const { code, details } = (await answer.json()) as { readonly code: string; readonly details: readonly Detail[] }
  const of = (name: string) => details.find(({ type }) => type === `google.rpc.${name}`)?.debug
  return {
    status: answer.status,
    code,
    reason: of('ErrorInfo')?.reason ?? '',
    fields: (of('BadRequest')?.fieldViolations ?? []).map(({ field }) => field),
  }
}

function framed(flag: number, body: Bytes, length = Buffer.byteLength(body)): Buffer<ArrayBuffer> {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, Buffer.from(body as string)])
}

describe('JSON', () => {
  test.each<readonly [what: string, path: string, json: string, fields: readonly string[]]>([
    ['an unknown field', CREATE_POST, '{"post":{"nope":1}}', ['post.nope']],
    ['an unknown field beside a misshapen one', CREATE_POST, '{"nope":1,"post":{"title":5}}', ['nope', 'post.title']],
    ['one field by both its names', CREATE_POST, '{"post":{"authorId":"a","author_id":"b"}}', ['post.author_id']],
    ['a text where a message is', CREATE_POST, '{"post":"text"}', ['post']],
    ['a list where a message is', CREATE_POST, '{"post":[]}', ['post']],
    ['a number where a text is', UPDATE_POST, '{"id":5}', ['id']],
    ['a fraction where a whole number is', LIST_POSTS, '{"pageSize":1.5}', ['page_size']],
    ['a number past 32 bits', LIST_POSTS, '{"pageSize":4294967296}', ['page_size']],
    ['words where a number is', LIST_POSTS, '{"pageSize":"many"}', ['page_size']],
    ['an exponent in the text of a number', LIST_POSTS, '{"pageSize":"1e2"}', ['page_size']],
    ['a word that no enum has', LIST_POSTS, '{"filter":{"status":{"eq":"NOPE"}}}', ['filter.status.eq']],
    ['a number that no enum has', LIST_POSTS, '{"filter":{"status":{"eq":99}}}', ['filter.status.eq']],
    [
      'a day that no calendar has',
      LIST_POSTS,
      '{"filter":{"createdAt":{"gte":"2026-13-01T00:00:00Z"}}}',
      ['filter.created_at.gte'],
    ],
    ['a mask that is a list', UPDATE_POST, '{"updateMask":["title"]}', ['update_mask']],
    ['a NUL in a text', LIST_POSTS, '{"search":"a\\u0000b"}', ['search']],
    ['half of a surrogate pair', LIST_POSTS, '{"search":"\\ud800"}', ['search']],
    ['the prototype of all objects', CREATE_POST, '{"post":{"__proto__":{"title":"T"}}}', ['post.__proto__']],
  ])('with %s is refused by its field', async (_, path, json, fields) => {
    expect(await refusal(path, json)).toEqual({ status: 400, code: 'invalid_argument', reason: 'VALIDATION_FAILED', fields })
  })

  test.each([
    ['nothing', ''],
    ['half a text', '{"post":{"title":"'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a name twice', '{"search":"a","search":"b"}'],
    ['too deep a nest', `{"post":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`],
    ['a hundred thousand brackets', '['.repeat(100_000)],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('that is %s is refused as malformed', async (_, json) => {
    expect(await refusal(CREATE_POST, json)).toMatchObject({
      status: 400,
      code: 'invalid_argument',
      reason: 'VALIDATION_BODY_MALFORMED',
    })
  })
})

test('a mebibyte of what is wrong is refused as soon as a little of it', async () => {
  const names = `{${Array.from({ length: 90_000 }, (_, at) => `"n${at}":1`).join(',')}}`
  const words = `{"filter":{"status":{"anyOf":[${'"NOPE",'.repeat(100_000)}"NOPE"]}}}`

  const began = performance.now()
  const unknown = await refusal(LIST_POSTS, names)
  const misfits = await refusal(LIST_POSTS, words)

  expect([unknown.fields.length, misfits.fields.length]).toEqual([20, 20])
  expect(performance.now() - began).toBeLessThan(2_000)
})

describe('a body', () => {
  const longJson = JSON.stringify({ search: 'a'.repeat(MESSAGE_BYTES_MAX) })

  test('that is too long, as it comes or when it is unpacked, is resource_exhausted', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * MESSAGE_BYTES_MAX, ' '))

    const plain = await refusal(LIST_POSTS, longJson)
    const longer = await refusal(LIST_POSTS, ' '.repeat(3 * MESSAGE_BYTES_MAX))
    const packed = await refusal(LIST_POSTS, bomb, { 'content-encoding': 'gzip' })

    expect([plain, longer, packed].map(({ status, code, reason }) => [status, code, reason])).toEqual(
      Array.from({ length: 3 }, () => [429, 'resource_exhausted', 'VALIDATION_BODY_TOO_LARGE']),
    )
  })

  test('in a packing that is not spoken, or not as it says, is refused', async () => {
    const brotli = await refusal(LIST_POSTS, '{}', { 'content-encoding': 'br' })
    const twice = await refusal(LIST_POSTS, gzipSync('{}'), { 'content-encoding': 'gzip, gzip' })
    const lie = await refusal(LIST_POSTS, '{}', { 'content-encoding': 'gzip' })
    const cut = await refusal(LIST_POSTS, gzipSync('{}').subarray(0, 12), { 'content-encoding': 'gzip' })

    expect([brotli, twice].map(({ status, code }) => [status, code])).toEqual([
      [415, 'unimplemented'],
      [415, 'unimplemented'],
    ])
    expect([lie, cut].map(({ status, reason }) => [status, reason])).toEqual([
      [400, 'VALIDATION_BODY_MALFORMED'],
      [400, 'VALIDATION_BODY_MALFORMED'],
    ])
  })

  test('of protobuf that is none is refused by its frame or its field', async () => {
    const type = { 'content-type': 'application/proto' }

    const noise = await refusal(LIST_POSTS, Buffer.from([0xff, 0xff, 0xff]), type)
    const unknown = await refusal(LIST_POSTS, Buffer.from([0xf8, 0x3f, 1]), type)

    expect(noise).toMatchObject({ status: 400, reason: 'VALIDATION_BODY_MALFORMED' })
    expect(unknown).toMatchObject({ status: 400, reason: 'VALIDATION_FAILED', fields: ['1023'] })
  })
})

test.each<readonly [header: string, value: string]>([
  ['connect-protocol-version', '2'],
  ['connect-timeout-ms', 'soon'],
  ['connect-timeout-ms', '-1'],
  ['connect-timeout-ms', '12345678901'],
  ['idempotency-key', 'with a space'],
])('%s: %s is refused by its name', async (header, value) => {
  const body = JSON.stringify({ post: { authorId: USERS.editor, title: 'T', body: 'B' } })

  expect(await refusal(CREATE_POST, body, { [header]: value })).toMatchObject({ status: 400, fields: [header] })
})

describe('frames', () => {
  const bomb = gzipSync(Buffer.alloc(50 * MESSAGE_BYTES_MAX))
  const wrong: readonly (readonly [what: string, body: Bytes, headers: Readonly<Record<string, string>>])[] = [
    ['none', '', {}],
    ['half a prefix', Buffer.from([0, 0, 0]), {}],
    ['less than announced', framed(0, 'ab', 5), {}],
    ['more than one', Buffer.concat([framed(0, ''), framed(0, '')]), {}],
    ['an unknown flag', framed(4, ''), {}],
    ['a length past all bounds', framed(0, '', 0xffff_ffff), {}],
    ['packed without a name', framed(1, gzipSync('')), {}],
    ['packed by another', framed(1, deflateSync('')), { 'grpc-encoding': 'gzip', 'connect-content-encoding': 'gzip' }],
    ['a bomb', framed(1, bomb), { 'grpc-encoding': 'gzip', 'connect-content-encoding': 'gzip' }],
    ['an unknown packing', framed(0, ''), { 'grpc-encoding': 'zstd', 'connect-content-encoding': 'zstd' }],
    ['packed as a whole', gzipSync(framed(0, '')), { 'content-encoding': 'gzip' }],
  ]

  test.each(wrong)('of gRPC-Web: %s is refused in the trailers', async (_, body, headers) => {
    const answer = await post(LIST_POSTS, body, { 'content-type': 'application/grpc-web+proto', ...headers })

    const text = Buffer.from(await answer.arrayBuffer()).toString('latin1')
    expect(answer.status).toBe(200)
    expect(text.charCodeAt(0)).toBe(0x80)
    // INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED.
    expect(text).toMatch(/grpc-status: (?:3|8|12)\r\n/)
  })

  test.each(wrong)('of a Connect stream: %s is refused in its end', async (_, body, headers) => {
    const answer = await post('/post.v1.PostService/WatchPosts', body, {
      'content-type': 'application/connect+proto',
      ...headers,
    })

    const text = Buffer.from(await answer.arrayBuffer()).toString('latin1')
    expect(answer.status).toBe(200)
    expect(text.charCodeAt(0)).toBe(2)
    expect(JSON.parse(text.slice(5))).toMatchObject({
      error: { code: expect.stringMatching(/^(?:invalid_argument|resource_exhausted|unimplemented)$/) },
    })
  })

  test.each(['====', 'AAA', '!!!!', 'AA=AAAAA', 'A===', '💥'])('as text: %s is no base64', async (text) => {
    const answer = await post(LIST_POSTS, text, { 'content-type': 'application/grpc-web-text' })

    expect(Buffer.from(await answer.text(), 'base64').toString()).toContain('grpc-status: 3\r\n')
  })
})

test('nothing of all this was a fault of the service', () => {
  const faults = blog.service.logs().filter(({ level }) => level === 'error' || level === 'fatal')

  expect(faults).toEqual([])
})
