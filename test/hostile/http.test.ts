/** Requests that are odd as HTTP: two lengths, two hosts, two types; too long, too many; and headers that want to be believed. */
// Proves SEC-04.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { report, tally } from '../chaos/rounds.ts'
import { ACCOUNTS, type HostileBlog, newPost, startHostileBlog, verdict } from './blog.ts'
import { sendRaw } from './raw-http.ts'

let blog: HostileBlog
let origin: string

beforeAll(async () => {
  blog = await startHostileBlog({ environment: { CORS_ORIGINS: 'https://app.example.com' } })
  origin = blog.service.origin
})
afterAll(() => blog.stop())

const POSTS = '/api/v1/posts'
const post = (headers: string, body = ''): string =>
  `POST ${POSTS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${blog.tokens.editor}\r\nContent-Type: application/json\r\n${headers}\r\n\r\n${body}`

/** A request that must not be run: if it were, there would be a post of this title. */
const smuggled = (): string => {
  const body = JSON.stringify(newPost({ title: 'smuggled' }))
  return post(`Content-Length: ${body.length}`, body)
}

describe('a request whose end two readers would see in two places', () => {
  const shapes: readonly (readonly [string, (hidden: string) => string])[] = [
    [
      'Content-Length and Transfer-Encoding',
      (hidden) => post('Content-Length: 5\r\nTransfer-Encoding: chunked', `0\r\n\r\n${hidden}`),
    ],
    [
      'Transfer-Encoding and Content-Length',
      (hidden) => post('Transfer-Encoding: chunked\r\nContent-Length: 5', `0\r\n\r\n${hidden}`),
    ],
    ['two lengths', (hidden) => post('Content-Length: 2\r\nContent-Length: 3', `{}${hidden}`)],
    ['two equal lengths', (hidden) => post('Content-Length: 2\r\nContent-Length: 2', `{}${hidden}`)],
    ['a list of lengths', (hidden) => post('Content-Length: 2, 2', `{}${hidden}`)],
    ['a length that is no number', (hidden) => post('Content-Length: NaN', `{}${hidden}`)],
    ['a length with a sign', (hidden) => post('Content-Length: +2', `{}${hidden}`)],
    ['a negative length', (hidden) => post('Content-Length: -2', `{}${hidden}`)],
    ['a length in hexadecimal', (hidden) => post('Content-Length: 0x2', `{}${hidden}`)],
    ['an exponent as length', (hidden) => post('Content-Length: 2e0', `{}${hidden}`)],
    ['a length past 2^64', (hidden) => post('Content-Length: 99999999999999999999', `{}${hidden}`)],
    ['an empty length', (hidden) => post('Content-Length: ', hidden)],
    ['a length with a space before the colon', (hidden) => post('Content-Length : 2', `{}${hidden}`)],
    ['an unknown transfer encoding', (hidden) => post('Transfer-Encoding: xchunked', `0\r\n\r\n${hidden}`)],
    ['a transfer encoding of two lines', (hidden) => post('Transfer-Encoding:\r\n chunked', `0\r\n\r\n${hidden}`)],
    ['chunked twice', (hidden) => post('Transfer-Encoding: chunked, chunked', `0\r\n\r\n${hidden}`)],
    ['chunked before identity', (hidden) => post('Transfer-Encoding: chunked, identity', `0\r\n\r\n${hidden}`)],
    ['chunked with a vertical tab', (hidden) => post('Transfer-Encoding: \x0bchunked', `0\r\n\r\n${hidden}`)],
    ['a chunk size with a sign', (hidden) => post('Transfer-Encoding: chunked', `+2\r\n{}\r\n0\r\n\r\n${hidden}`)],
    ['a chunk size with 0x', (hidden) => post('Transfer-Encoding: chunked', `0x2\r\n{}\r\n0\r\n\r\n${hidden}`)],
    [
      'a chunk size that overflows',
      (hidden) => post('Transfer-Encoding: chunked', `fffffffffffffffff\r\n{}\r\n0\r\n\r\n${hidden}`),
    ],
    ['a chunk longer than it says', (hidden) => post('Transfer-Encoding: chunked', `2\r\n{}xx\r\n0\r\n\r\n${hidden}`)],
    ['a folded header', (hidden) => post('X-Odd: a\r\n b\r\nContent-Length: 2', `{}${hidden}`)],
    ['a header without a colon', (hidden) => post('Odd\r\nContent-Length: 2', `{}${hidden}`)],
    ['a header with a bare CR', (hidden) => post('X-Odd: a\rContent-Length: 2', `{}${hidden}`)],
    ['a header with NUL', (hidden) => post('X-Odd: a\0b\r\nContent-Length: 2', `{}${hidden}`)],
    ['a header name with a space', (hidden) => post('X Odd: a\r\nContent-Length: 2', `{}${hidden}`)],
    ['an empty header name', (hidden) => post(': a\r\nContent-Length: 2', `{}${hidden}`)],
    ['an unknown version', (hidden) => `GET ${POSTS} HTTP/3.7\r\nHost: a\r\n\r\n${hidden}`],
    ['a space in the target', (hidden) => `GET ${POSTS} x HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`],
    ['bytes that are no request', (hidden) => `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n${hidden}`],
  ]

  test('is refused, and what hides behind it is not run', async () => {
    const found: [string, string][] = []
    for (const [name, shape] of shapes) {
      const answers = await sendRaw(origin, shape(smuggled()))
      found.push([name, answers.map(({ status, code }) => `${status} ${code}`).join(' + ')])
    }
    const rows = await blog.sql("SELECT id FROM posts WHERE title = 'smuggled'")

    report('B7 smuggling shapes', {
      shapes: shapes.length,
      smuggled: rows.length,
      answers: tally(found.map(([, answer]) => answer)),
    })
    expect(found.filter(([, answer]) => !/^400 VALIDATION_(FAILED|BODY_MALFORMED)$/.test(answer))).toEqual([])
    expect(rows).toHaveLength(0)
  })

  test.each([
    ['two hosts', 'Host: b', 'host'],
    ['two authorizations', 'Authorization: Bearer x', 'authorization'],
    ['two content types', 'Content-Type: text/plain', 'content-type'],
    ['two idempotency keys', 'Idempotency-Key: a\r\nIdempotency-Key: b', 'idempotency-key'],
  ])('is not at issue where its headers have two readings: %s are refused by name', async (_, headers, field) => {
    const [answer, ...more] = await sendRaw(origin, post(`${headers}\r\nContent-Length: 2`, '{}'))

    expect([answer?.status, more]).toEqual([400, []])
    expect(JSON.parse(answer?.body ?? '').error.details).toMatchObject([{ field, code: 'duplicate' }])
  })

  test('is not at issue where there is no host: it is asked for', async () => {
    const [answer] = await sendRaw(origin, `GET ${POSTS} HTTP/1.1\r\n\r\n`)

    expect(JSON.parse(answer?.body ?? '').error.details).toMatchObject([{ field: 'host', code: 'required' }])
  })

  test('is told from two honest requests on one connection: those are both run', async () => {
    const answers = await sendRaw(origin, smuggled() + smuggled(), 1_000)

    expect(answers.map(({ status }) => status)).toEqual([201, 201])
    expect(await blog.sql("SELECT id FROM posts WHERE title = 'smuggled'")).toHaveLength(2)
  })
})

describe('what is too long', () => {
  const refusal = async (bytes: string): Promise<string> => {
    const [answer] = await sendRaw(origin, bytes, 1_500)
    return `${answer?.status} ${answer?.code}`
  }

  test.each([
    ['a URL of 9 KB', () => `GET ${POSTS}?q=${'a'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, '414 VALIDATION_URL_TOO_LONG'],
    ['a URL of 100 KB', () => `GET ${POSTS}?q=${'a'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, '414 VALIDATION_URL_TOO_LONG'],
    [
      'a header of 100 KB',
      () => `GET ${POSTS} HTTP/1.1\r\nHost: a\r\nX-Odd: ${'a'.repeat(100_000)}\r\n\r\n`,
      '431 VALIDATION_HEADERS_TOO_LARGE',
    ],
    [
      'a thousand headers',
      () => `GET ${POSTS} HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(1_000)}\r\n`,
      '431 VALIDATION_HEADERS_TOO_LARGE',
    ],
    ['a body that says it has 10 MB', () => post('Content-Length: 10485760', '{'), '413 VALIDATION_BODY_TOO_LARGE'],
    ['a body that has 10 MB', () => post('Content-Length: 10485760', 'a'.repeat(10_485_760)), '413 VALIDATION_BODY_TOO_LARGE'],
    [
      'a body of 10 MB in chunks',
      () => post('Transfer-Encoding: chunked', `${(10_485_760).toString(16)}\r\n${'a'.repeat(10_485_760)}\r\n0\r\n\r\n`),
      '413 VALIDATION_BODY_TOO_LARGE',
    ],
    [
      'a body in a million chunks of one byte',
      () => post('Transfer-Encoding: chunked', '1\r\na\r\n'.repeat(1_100_000)),
      '400 VALIDATION_FAILED',
    ],
  ])('is refused: %s', async (_, bytes, expected) => {
    expect(await refusal(bytes())).toBe(expected)
  })

  test('is refused by name: 10,000 query parameters', async () => {
    const short = Array.from({ length: 1_000 }, () => 'a=1').join('&')
    const many = Array.from({ length: 10_000 }, (_, at) => `p${at}=1`).join('&')

    expect(verdict(await blog.editor.call({ path: `${POSTS}?${short}` }))).toContain('400 VALIDATION_FAILED')
    expect(verdict(await blog.editor.call({ path: `${POSTS}?${many}` }))).toMatch(
      /^(414 VALIDATION_URL_TOO_LONG|431 VALIDATION_HEADERS_TOO_LARGE)$/,
    )
  })
})

describe('a content type', () => {
  const create = async (type: string | readonly string[]): Promise<string> =>
    verdict(
      await blog.editor.call({
        method: 'POST',
        path: POSTS,
        body: JSON.stringify(newPost({ role: 'admin' })),
        headers: { 'content-type': type },
      }),
    )

  test.each([
    'application/json',
    'application/json;charset=utf-8',
    'APPLICATION/JSON; Charset=UTF-8',
    'application/json ; charset="utf-8"',
    'application/json\t;\tcharset=utf-8',
  ])('that is JSON never lets a body past its validation: %s', async (type) => {
    expect(await create(type)).toBe('400 VALIDATION_FAILED role:unknown')
  })

  test.each([
    'application/json\ta',
    'application/json a',
    'application/json;',
    'application/json; charset',
    'application/json;charset=utf-7',
    'application/json;charset=utf-16',
    'application/json;a=b',
    'application/json, text/plain',
    'application/jsonx',
    'application/json/x',
    'application/vnd.api+json',
    'application/problem+json',
    'text/json',
    'text/plain',
    'text/plain;application/json',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'multipart/form-data',
    'application/graphql',
    'application/octet-stream',
    '*/*',
    'json',
    '',
    ';application/json',
    'application/json;charset=utf-8;charset=utf-7',
    'application/javascript',
    'application/ld+json',
    'application//json',
  ])('that is not JSON is refused before the body is read: "%s"', async (type) => {
    expect(await create(type)).toBe('415 VALIDATION_CONTENT_TYPE')
  })

  test('that is missing is refused, and so is a compressed body', async () => {
    const [missing] = await sendRaw(
      origin,
      `POST ${POSTS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${blog.tokens.editor}\r\nContent-Length: 2\r\n\r\n{}`,
    )
    const compressed = await blog.editor.call({
      method: 'POST',
      path: POSTS,
      body: '{}',
      headers: { 'content-encoding': 'gzip' },
    })

    expect(missing?.code).toBe('VALIDATION_CONTENT_TYPE')
    expect(verdict(compressed)).toBe('415 VALIDATION_CONTENT_TYPE')
  })
})

describe('a header that wants to be believed', () => {
  const poison = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'gopher',
    'x-forwarded-for': '10.9.8.7',
    forwarded: 'for=10.9.8.7;host=evil.example',
    'x-original-url': '/api/v1/users',
    'x-rewrite-url': '/api/v1/users',
    'x-host': 'evil.example',
    'x-real-ip': '10.9.8.7',
    host: 'evil.example',
  }

  test('is in no link, location, error or document', async () => {
    const answers = [
      await blog.editor.call({ path: `${POSTS}?limit=1`, headers: poison }),
      await blog.editor.call({ path: `${POSTS}/${blog.postId}`, headers: poison }),
      await blog.editor.call({ method: 'POST', path: POSTS, body: newPost(), headers: poison }),
      await blog.editor.call({ path: `${POSTS}/nothing`, headers: poison }),
      await blog.nobody.call({ path: '/nowhere', headers: poison }),
      await blog.nobody.call({ path: '/openapi.json', headers: poison }),
      await blog.nobody.call({ path: '/docs', headers: poison }),
      await blog.nobody.call({ path: '/docs/errors', headers: poison }),
    ]

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 201, 400, 404, 200, 200, 200])
    for (const { headers, text } of answers)
      expect(JSON.stringify(headers) + text).not.toMatch(/evil\.example|gopher|10\.9\.8\.7/)
    expect(JSON.stringify(blog.service.logs())).not.toMatch(/evil\.example|10\.9\.8\.7/)
  })

  test.each(['x-http-method-override', 'x-http-method', 'x-method-override'])('changes no method: %s', async (name) => {
    const answer = await blog.admin.call({ path: `${POSTS}/${blog.postId}`, headers: { [name]: 'DELETE' } })
    const posted = await blog.admin.call({
      method: 'POST',
      path: `${POSTS}?_method=DELETE`,
      body: newPost(),
      headers: { [name]: 'DELETE' },
    })

    expect(answer.status).toBe(200)
    expect(verdict(posted)).toBe('400 VALIDATION_FAILED _method:unknown')
  })

  test('makes nobody somebody', async () => {
    const claims = {
      'x-user-id': ACCOUNTS.admin,
      'x-user': 'admin',
      'x-role': 'admin',
      'x-plinth-actor': ACCOUNTS.admin,
      cookie: `token=${blog.tokens.admin}`,
      'proxy-authorization': `Bearer ${blog.tokens.admin}`,
      'x-api-key': blog.tokens.admin,
    }

    expect(verdict(await blog.nobody.call({ path: '/api/v1/users', headers: claims }))).toBe('401 AUTH_REQUIRED')
    expect(verdict(await blog.nobody.call({ path: `/api/v1/users?access_token=${blog.tokens.admin}` }))).toMatch(/^40[01] /)
  })

  test.each([
    'http://evil.example/api/v1/posts',
    'https://evil.example:1/api/v1/users',
    '//evil.example/api/v1/posts',
    '/\\evil.example',
    '/..%2f..%2fetc/passwd',
    '/api/v1/posts/../users',
    '/api/v1/%2e%2e/users',
    '/docs/../../package.json',
    '/docs/..%2f..%2fpackage.json',
    '/docs/%00',
    '/api/v1/posts%00',
    '/api//v1/posts',
    '/api/v1/posts;x=1',
    '/API/V1/POSTS',
    '*',
    'evil.example:443',
  ])('as the target of a request: %s leads nowhere else', async (target) => {
    const [answer] = await sendRaw(origin, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    const isOwn = target.endsWith('/api/v1/posts')

    expect(answer?.status).toSatisfy((status: number) => (status >= 400 && status < 500) || (isOwn && status === 200))
    expect(answer?.body).not.toMatch(/evil\.example|"version": "0|root:/)
  })
})

describe('a page of another origin', () => {
  test.each([
    'null',
    'https://evil.example',
    'https://app.example.com.evil.example',
    'https://evil-app.example.com',
    'http://app.example.com',
    'https://app.example.com:444',
    'https://APP.example.com',
    'https://app.example.com/',
    ' https://app.example.com.',
    'file://',
    'https://app.example.com,https://evil.example',
    '*',
  ])('is let in neither by its origin nor by a part of it: %s', async (from) => {
    const got = await blog.nobody.call({ path: POSTS, headers: { origin: from } })
    const asked = await blog.nobody.call({
      method: 'OPTIONS',
      path: POSTS,
      headers: { origin: from, 'access-control-request-method': 'POST' },
    })

    for (const { headers } of [got, asked])
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
  })

  test('is let in by its whole origin, without cookies', async () => {
    const { headers } = await blog.nobody.call({ path: POSTS, headers: { origin: 'https://app.example.com' } })

    expect(headers['access-control-allow-origin']).toBe('https://app.example.com')
    expect(headers['access-control-allow-credentials']).toBeUndefined()
    expect(headers.vary?.toLowerCase()).toContain('origin')
  })

  test('cannot change anything by what a form can send', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a']) {
      const answer = await blog.editor.call({
        method: 'POST',
        path: POSTS,
        body: JSON.stringify(newPost({ title: 'forged' })),
        headers: { 'content-type': type, origin: 'null', 'sec-fetch-site': 'cross-site' },
      })
      expect(verdict(answer)).toBe('415 VALIDATION_CONTENT_TYPE')
    }
    expect(await blog.sql("SELECT id FROM posts WHERE title = 'forged'")).toHaveLength(0)
  })
})
