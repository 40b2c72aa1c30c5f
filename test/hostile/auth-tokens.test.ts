/** Access tokens that nobody gave out: forged, bent, borrowed from another use, or spelt in another way. None gets in. */
// Proves JWT-01.
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { report, tally } from '../chaos/rounds.ts'
import { addAccount, tokensOf } from '../conformance/account-kit.ts'
import { sendRaw } from './raw-http.ts'
import { base64url, type ForgeParts, forge, forgeAll, mirrorSignature, openSigningKey, toJson } from './token-forge.ts'

const SECRET = 'a secret for the tests of hostile tokens'

let blog: TestService
let parts: ForgeParts

beforeAll(async () => {
  blog = await testService({ app, environment: { PLINTH_SECRET: SECRET } })
  const { kid, key } = await openSigningKey(blog.databaseUrl, SECRET)
  for (const email of ['owner@example.com', 'stranger@example.com']) await addAccount(blog, email)
  const { access: token } = await tokensOf(blog, 'owner@example.com')
  const other = await tokensOf(blog, 'stranger@example.com')
  const stranger = { subject: String(claimsOf(other.access)['sub']), sessionId: other.sessionId }
  parts = { kid, key, token, claims: claimsOf(token), stranger }
})
afterAll(() => blog.stop())

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>
}

const ME = '/auth/me'
const HEADER = () => ({ alg: 'ES256', typ: 'at+jwt', kid: parts.kid })

/** Sends a header as it is; `fetch` would refuse some of them. */
function statusOf(authorization: string, path = ME): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${blog.origin}${path}`, { headers: { authorization } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end()
  })
}

test('none of 600 forged, bent and borrowed access tokens is accepted (JWT-01, A4)', async () => {
  const forgeries = forgeAll(parts)
  // What is wrong with the others must be what the list says: a token that is forged in the same way, and in nothing else, gets in.
  const control = await statusOf(`Bearer ${forge(parts.key, HEADER(), { ...parts.claims, jti: 'control' })}`)

  const wrong: string[] = []
  const statuses: number[] = []
  for (const { what, authorization } of forgeries) {
    const status = await statusOf(authorization)
    statuses.push(status)
    if (status !== 401) wrong.push(`${what}: ${status}`)
  }

  report('forged tokens', { forgeries: forgeries.length, statuses: tally(statuses), control })
  expect(control).toBe(200)
  expect(wrong).toEqual([])
  expect(forgeries.length).toBeGreaterThan(600)
}, 60_000)

test('bytes that no client library sends do not bring a token in', async () => {
  const { token } = parts
  const line = (authorization: string): string => `GET ${ME} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${authorization}\r\n\r\n`
  const shapes = [
    `Authorization: Bearer ${token}\r\nAuthorization: Bearer ${token}`,
    `Authorization: Bearer x\r\nAuthorization: Bearer ${token}`,
    `Authorization: Bearer ${token}\r\nAUTHORIZATION: Bearer x`,
    `Authorization: Bearer\r\n ${token}`,
    `Authorization: Bearer ${token.replace('.', '\n.')}`,
    `Authorization: Bearer ${token.replace('.', '\0.')}`,
    `Authorization: Bearer ${token}\0`,
    `Authorization : Bearer ${token}`,
    `Authorization\0: Bearer ${token}`,
    `X-Authorization: Bearer ${token}`,
    `Proxy-Authorization: Bearer ${token}`,
    `Cookie: Authorization=Bearer ${token}`,
    `Cookie: access_token=${token}`,
    `Authorization: Bearer ${token}${'A'.repeat(17_000)}`,
  ]

  const answers = await Promise.all(shapes.map((shape) => sendRaw(blog.origin, line(shape))))
  const queries = await Promise.all(
    [`?access_token=${token}`, `?token=${token}`, `?authorization=Bearer%20${token}`].map((query) =>
      blog.request(`/api/v1/users${query}`),
    ),
  )

  const statuses = answers.map(([first]) => first?.status ?? 0)
  expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([])
  expect(queries.map(({ status }) => status).filter((status) => status < 400)).toEqual([])
})

test('a token has no more than the account has now, whatever its claims say', async () => {
  const claims = { ...parts.claims, jti: 'higher', roles: ['admin'], permissions: ['users:write', 'posts:delete'] }

  const answer = await blog.request(ME, { token: forge(parts.key, HEADER(), claims) })

  expect(answer.json.data).toMatchObject({ roles: ['viewer'], permissions: ['posts:read'] })
})

test('the other signature of a token, which anybody can compute, goes with the token when it is taken back', async () => {
  const { access } = await tokensOf(blog, 'owner@example.com')
  const mirrored = mirrorSignature(access)

  const before = await statusOf(`Bearer ${mirrored}`)
  await blog.request('/auth/token-revocations', { method: 'POST', token: access, body: {} })

  expect(before).toBe(200)
  expect([await statusOf(`Bearer ${access}`), await statusOf(`Bearer ${mirrored}`)]).toEqual([401, 401])
})

test('the key of one issuer does not vouch for another', async () => {
  const development = blog.token('admin')
  const [head = '', , signature = ''] = development.split('.')
  const kid = String(JSON.parse(Buffer.from(head, 'base64url').toString('utf8')).kid)
  const ours = String(parts.claims['iss'])
  const tokens = [
    // Our key, the other's name; the other's key name, our signature; the other's token, our name.
    forge(parts.key, HEADER(), { ...parts.claims, iss: 'urn:plinth:development' }),
    forge(parts.key, { ...HEADER(), kid }, parts.claims),
    forge(parts.key, { ...HEADER(), kid }, { ...parts.claims, iss: 'urn:plinth:development' }),
    `${head}.${toJson({ ...claimsOf(development), iss: ours })}.${signature}`,
    `${head}.${toJson(parts.claims)}.${signature}`,
  ]

  const statuses = await Promise.all(tokens.map((token) => statusOf(`Bearer ${token}`)))

  expect(statuses).toEqual([401, 401, 401, 401, 401])
})

test('a flood of unknown key names makes the database look a few times, and nobody else wait', async () => {
  const sql = await blog.sql()
  const looks = async (): Promise<number> => {
    // Counters of other connections are written about once a second.
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    const [row] = await sql.query<{ looks: string }>(
      `SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) AS looks FROM pg_stat_user_tables WHERE relname = 'plinth_signing_keys'`,
    )
    return Number(row?.looks)
  }
  const before = await looks()
  const startedAtMs = performance.now()

  const flood = Array.from({ length: 200 }, async () => {
    const statuses: number[] = []
    for (let at = 0; at < 5; at++) {
      const kid = base64url(randomBytes(32))
      statuses.push(await statusOf(`Bearer ${forge(parts.key, { ...HEADER(), kid }, parts.claims)}`))
    }
    return statuses
  })
  const others: number[] = []
  for (let at = 0; at < 20; at++) {
    const beganMs = performance.now()
    expect(await statusOf(`Bearer ${parts.token}`)).toBe(200)
    others.push(performance.now() - beganMs)
  }
  const statuses = (await Promise.all(flood)).flat()
  const elapsedS = (performance.now() - startedAtMs) / 1_000
  const looked = (await looks()) - before

  report('unknown key names', { tokens: statuses.length, statuses: tally(statuses), looked, elapsedS: Math.round(elapsedS) })
  expect(new Set(statuses)).toEqual(new Set([401]))
  // One a second for the flood, and one each two seconds as ever, each of at most two scans.
  expect(looked).toBeLessThan(4 * (elapsedS + 6))
  expect(looked).toBeLessThan(statuses.length / 4)
  expect(Math.max(...others)).toBeLessThan(2_000)
}, 120_000)
