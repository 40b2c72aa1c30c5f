/** Headers that want to be believed, and pages of other sites that send what a browser adds by itself. */
// Proves SEC-07.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestAnswer, type TestService, testService } from '../../src/testing/index.ts'
import { report, tally } from '../chaos/rounds.ts'
import { addAccount, PASSWORD, tokensOf } from '../conformance/account-kit.ts'
import { sendRaw } from './raw-http.ts'

const PUBLIC_URL = 'https://blog.example'
const FRIEND = 'https://app.example.com'
const EVIL = 'evil.example'
const EMAIL = 'headers@example.com'

let blog: TestService

beforeAll(async () => {
  blog = await testService({ app, environment: { PUBLIC_URL, CORS_ORIGINS: FRIEND } })
  await addAccount(blog, EMAIL)
})
afterAll(() => blog.stop())

const cookieOf = (answer: TestAnswer): string => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
const signInByPage = (headers: Readonly<Record<string, string>> = {}): Promise<TestAnswer> =>
  blog.request('/auth/sessions', { method: 'POST', body: { email: EMAIL, password: PASSWORD }, headers })

describe('a letter', () => {
  const poisons: readonly string[] = [
    `Host: ${EVIL}`,
    `Host: ${EVIL}:443`,
    `Host: blog.example@${EVIL}`,
    `Host: blog.example\r\nX-Forwarded-Host: ${EVIL}`,
    `Host: blog.example\r\nX-Forwarded-Host: ${EVIL}\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 8080`,
    `Host: blog.example\r\nForwarded: for=127.0.0.1;host=${EVIL};proto=http`,
    `Host: blog.example\r\nX-Host: ${EVIL}`,
    `Host: blog.example\r\nX-Original-Host: ${EVIL}`,
    `Host: blog.example\r\nX-HTTP-Host-Override: ${EVIL}`,
    `Host: blog.example\r\nX-Original-URL: https://${EVIL}/`,
    `Host: blog.example\r\nX-Rewrite-URL: https://${EVIL}/`,
    `Host: blog.example\r\nX-Forwarded-Server: ${EVIL}\r\nX-Forwarded-Prefix: //${EVIL}`,
    `Host: blog.example\r\nOrigin: https://${EVIL}`,
    `Host: blog.example\r\nReferer: https://${EVIL}/`,
    `Host: blog.example\r\nBase-Url: https://${EVIL}\r\nClient-Host: ${EVIL}`,
  ]

  test('leads to PUBLIC_URL, whatever Host and its kin say (A18)', async () => {
    const paths = ['/auth/password-resets/requests', '/auth/email-verifications/requests', '/auth/registrations']
    let serial = 0
    for (const poison of poisons) {
      for (const path of paths) {
        const email = path === '/auth/password-resets/requests' ? EMAIL : `poisoned-${++serial}@example.com`
        const body = JSON.stringify({
          email,
          ...(path === '/auth/registrations' && { password: PASSWORD, display_name: 'Somebody' }),
        })
        const head = `POST ${path} HTTP/1.1\r\n${poison}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
        const [answer] = await sendRaw(blog.origin, head + body, 2_000)
        expect(answer?.body).not.toContain(EVIL)
        const sql = await blog.sql()
        await sql.query('DELETE FROM plinth_failures')
      }
    }

    const letters = await blog.letters()
    const links = letters.flatMap(({ text }) => text.match(/https?:\/\/[^\s]+/g) ?? [])
    report('poisoned letters', { letters: letters.length, links: links.length })
    expect(links.length).toBeGreaterThanOrEqual(2 * poisons.length)
    expect(links.filter((link) => !link.startsWith(`${PUBLIC_URL}/auth/`))).toEqual([])
    expect(letters.filter(({ text, subject, to }) => `${text}${subject}${to}`.includes(EVIL))).toEqual([])
  }, 60_000)

  test('goes to one address, that of the account: nobody slips in another', async () => {
    const before = (await blog.letters()).length
    const names = [
      `${EMAIL},thief@${EVIL}`,
      `${EMAIL}\r\nBcc: thief@${EVIL}`,
      `${EMAIL}\nBcc: thief@${EVIL}`,
      `${EMAIL} thief@${EVIL}`,
      `"${EMAIL}" <thief@${EVIL}>`,
      `thief@${EVIL}(${EMAIL})`,
      `${EMAIL}%0d%0aBcc:thief@${EVIL}`,
      `${EMAIL}\u2028thief@${EVIL}`,
    ]

    const answers = await Promise.all([
      ...names.map((email) => blog.request('/auth/password-resets/requests', { method: 'POST', body: { email } })),
      ...[[EMAIL, `thief@${EVIL}`], { email: EMAIL }, null].map((email) =>
        blog.request('/auth/password-resets/requests', { method: 'POST', body: { email } }),
      ),
      blog.request('/auth/password-resets/requests', { method: 'POST', body: `{"email":"${EMAIL}","email":"thief@${EVIL}"}` }),
      blog.request('/auth/password-resets/requests', { method: 'POST', body: { email: EMAIL, to: `thief@${EVIL}` } }),
    ])

    expect(answers.map(({ status }) => status).filter((status) => ![202, 400].includes(status))).toEqual([])
    expect((await blog.letters()).slice(before)).toEqual([])
  })
})

describe('an endpoint that a cookie opens', () => {
  const doors = [
    ['refreshing', 'POST', '/auth/sessions/refresh'],
    ['signing out', 'DELETE', '/auth/sessions/current'],
  ] as const
  const foreign: readonly Readonly<Record<string, string>>[] = [
    {},
    ...['cross-site', 'same-site', 'none', '', 'Same-Origin', 'same-origin, cross-site', 'null'].map((site) => ({
      'sec-fetch-site': site,
    })),
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-site': 'cross-site', origin: PUBLIC_URL },
    ...[
      'null',
      `https://${EVIL}`,
      FRIEND,
      'http://blog.example',
      'https://blog.example.evil.example',
      'https://evilblog.example',
      'https://sub.blog.example',
      'https://blog.example:8443',
      'https://blog.example/',
      'https://blog.example@evil.example',
      'HTTPS://BLOG.EXAMPLE',
    ].map((origin) => ({ origin })),
    { referer: `${PUBLIC_URL}/` },
    { host: 'blog.example', referer: `${PUBLIC_URL}/auth` },
  ]

  test.each(doors)('%s is refused to a page of another site (A9)', async (_, method, path) => {
    const signedIn = await signInByPage()
    const cookie = cookieOf(signedIn)

    const answers = await Promise.all(foreign.map((headers) => blog.request(path, { method, headers: { cookie, ...headers } })))

    report(`${method} ${path} across sites`, { shapes: foreign.length, statuses: tally(answers.map(({ status }) => status)) })
    expect(answers.map(({ status }) => status).filter((status) => status !== 403)).toEqual([])
    expect(answers.flatMap(({ headers }) => headers.get('set-cookie') ?? [])).toEqual([])
    expect((await blog.request('/auth/me', { token: signedIn.json.data.access_token })).status).toBe(200)
    expect((await blog.request(path, { method, headers: { cookie, 'sec-fetch-site': 'same-origin' } })).status).toBeLessThan(300)
  })

  test('takes no body that a form or a plain script can send', async () => {
    const { refresh } = await tokensOf(blog, EMAIL)
    const types = [
      'text/plain',
      'text/plain;charset=UTF-8',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain; application/json',
      'application/json, text/plain',
      'application/csp-report',
      'text/json',
      '',
    ]
    const bodies = [
      ['/auth/sessions', { email: EMAIL, password: PASSWORD }],
      ['/auth/sessions/refresh', { refresh_token: refresh }],
      ['/auth/registrations', { email: 'form@example.com', password: PASSWORD, display_name: 'Somebody' }],
      ['/auth/password-resets/requests', { email: EMAIL }],
    ] as const

    const answers = await Promise.all(
      bodies.flatMap(([path, body]) =>
        types.map((type) =>
          blog.request(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': type } }),
        ),
      ),
    )

    expect(tally(answers.map(({ status }) => status))).toEqual({ 415: answers.length })
    expect((await blog.request('/auth/sessions/refresh', { method: 'POST', body: { refresh_token: refresh } })).status).toBe(200)
  })

  test('cannot be read across origins with a cookie, not even from an origin that may call the API', async () => {
    const paths = ['/auth/sessions', '/auth/sessions/refresh', '/auth/sessions/current', '/auth/me', '/auth/factors']
    const origins = [
      FRIEND,
      PUBLIC_URL,
      `https://${EVIL}`,
      'null',
      `${FRIEND}.${EVIL}`,
      `https://${EVIL}?${FRIEND}`,
      'https://app.example.com:444',
    ]

    const answers = await Promise.all(
      paths.flatMap((path) =>
        origins.flatMap((origin) => [
          blog.request(path, { method: 'POST', body: {}, headers: { origin } }),
          blog.request(path, {
            method: 'OPTIONS',
            headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
          }),
        ]),
      ),
    )

    for (const { headers } of answers) {
      expect(headers.get('access-control-allow-credentials')).toBeNull()
      expect([null, FRIEND]).toContain(headers.get('access-control-allow-origin'))
    }
  })
})

describe('a header', () => {
  test('makes no method of another, and no route of another', async () => {
    const { access } = await tokensOf(blog, EMAIL)
    const names = ['x-http-method-override', 'x-http-method', 'x-method-override', '_method', 'x-original-method']

    const answers = await Promise.all([
      ...names.map((name) => blog.request('/auth/sessions', { token: access, headers: { [name]: 'DELETE' } })),
      blog.request('/auth/sessions?_method=DELETE', { token: access }),
      blog.request('/auth/me', {
        token: access,
        headers: { 'x-original-url': '/auth/sessions', 'x-rewrite-url': '/auth/sessions' },
      }),
    ])

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(answers.at(-1)?.json.data.login).toBe(EMAIL)
    expect((await blog.request('/auth/me', { token: access })).status).toBe(200)
  })

  test('makes nobody somebody', async () => {
    const { json } = await blog.request('/auth/me', { token: (await tokensOf(blog, EMAIL)).access })
    const id: string = json.data.id
    const headers = {
      'x-user-id': id,
      'x-forwarded-user': id,
      'x-authenticated-user': id,
      'x-remote-user': id,
      'remote-user': id,
      'x-forwarded-email': EMAIL,
      'x-role': 'admin',
      'x-client-cert': id,
      'x-original-authorization': 'Bearer x',
    }

    const answers = await Promise.all(
      ['/auth/me', '/auth/sessions', '/api/v1/users'].map((path) => blog.request(path, { headers })),
    )

    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
  })

  test('no answer of identity leads away, whatever is asked for', async () => {
    const names = ['redirect', 'redirect_uri', 'next', 'url', 'return', 'returnTo', 'continue', 'dest', 'goto']
    const answers = await Promise.all(
      names.flatMap((name) =>
        ['/auth/sessions', '/auth/me', '/auth/verify-email', '/auth/reset-password', '/auth/forgot-password'].map((path) =>
          blog.request(`${path}?${name}=https://${EVIL}&token=x`),
        ),
      ),
    )

    for (const { headers, text } of answers) {
      expect(headers.get('location') ?? '').not.toContain(EVIL)
      expect(headers.get('refresh')).toBeNull()
      expect(text).not.toContain(`href="https://${EVIL}`)
    }
  })
})
