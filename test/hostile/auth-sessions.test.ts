/** Sessions in the hands of somebody else: refresh tokens that come again, cookies that were planted, sessions that have ended, on two instances. */
// Proves JWT-02, JWT-03.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { budgetMs, type TestAnswer, type TestService, testService } from '../../src/testing/index.ts'
import { report, tally } from '../chaos/rounds.ts'
import { addAccount, letterSecret, PASSWORD, type SignedInTokens, signIn, tokensOf } from '../conformance/account-kit.ts'

const SECRET = 'a secret that two instances share'
/** JWT-03 allows five seconds; the feed of the journal takes half of one. */
const FOLLOW_MS = budgetMs(1_000)

let here: TestService
/** Another instance over the same database. */
let there: TestService
let serial = 0

beforeAll(async () => {
  // One name for both: it is the issuer of their tokens.
  const environment = { PLINTH_SECRET: SECRET, PUBLIC_URL: 'http://localhost:3000' }
  here = await testService({ app, environment })
  there = await testService({ app, environment, databaseUrl: here.databaseUrl })
})
afterAll(async () => {
  await there.stop()
  await here.stop()
})

const post = (path: string, body: unknown, token?: string, service = here): Promise<TestAnswer> =>
  service.request(path, { method: 'POST', body, token })
const refresh = (token: string, service = here) => post('/auth/sessions/refresh', { refresh_token: token }, undefined, service)
const status = async (token: string, service = here): Promise<number> => (await service.request('/auth/me', { token })).status

interface Someone extends SignedInTokens {
  readonly email: string
  readonly id: string
}

async function someone(): Promise<Someone> {
  const email = `session-${++serial}@example.com`
  await addAccount(here, email)
  const tokens = await tokensOf(here, email)
  return { email, ...tokens, id: (await here.request('/auth/me', { token: tokens.access })).json.data.id }
}

/** What ends sessions, each done to somebody. */
const ENDS: readonly (readonly [string, (person: Someone) => Promise<unknown>])[] = [
  ['signed out', ({ access }) => here.request('/auth/sessions/current', { method: 'DELETE', token: access })],
  ['signed out everywhere', ({ access }) => here.request('/auth/sessions', { method: 'DELETE', token: access })],
  [
    'ended by their owner',
    ({ access, sessionId }) => here.request(`/auth/sessions/${sessionId}`, { method: 'DELETE', token: access }),
  ],
  [
    'of a password that was changed elsewhere',
    async ({ email }) => {
      const { access } = await tokensOf(here, email)
      const body = { current_password: PASSWORD, new_password: 'another violet harbour' }
      return here.request('/auth/password', { method: 'PUT', token: access, body })
    },
  ],
  [
    'of a password that was set by letter',
    async ({ email }) => {
      await post('/auth/password-resets/requests', { email })
      return post('/auth/password-resets', { token: await letterSecret(here, email), password: 'another violet harbour' })
    },
  ],
  [
    'of a suspended account',
    ({ id }) => here.request(`/auth/accounts/${id}/suspension`, { method: 'PUT', token: here.token('admin') }),
  ],
  ['of a deleted account', ({ id }) => here.request(`/api/v1/users/${id}`, { method: 'DELETE', token: here.token('admin') })],
  [
    'ended by an administrator',
    ({ id }) => here.request(`/auth/accounts/${id}/sessions`, { method: 'DELETE', token: here.token('admin') }),
  ],
  ['whose refresh token came twice', async ({ refresh: token }) => void (await Promise.all([refresh(token), refresh(token)]))],
]

describe('a session that is', () => {
  test.each(ENDS)('%s is over: at once here, within a second on another instance, for good (A5, A14)', async (_, end) => {
    const person = await someone()
    const before = [await status(person.access), await status(person.access, there)]

    await end(person)
    const atOnce = await status(person.access)
    const endedAtMs = performance.now()
    let elsewhere = await status(person.access, there)
    while (elsewhere === 200 && performance.now() - endedAtMs < 5_000) {
      await sleep(20)
      elsewhere = await status(person.access, there)
    }
    const followedMs = performance.now() - endedAtMs
    const refreshes = [await refresh(person.refresh), await refresh(person.refresh, there)]

    expect(before).toEqual([200, 200])
    expect(atOnce).toBeGreaterThanOrEqual(401)
    expect(elsewhere).toBeGreaterThanOrEqual(401)
    expect(followedMs).toBeLessThan(FOLLOW_MS)
    expect(refreshes.map((answer) => answer.status)).toEqual([401, 401])
  })
})

describe('a role', () => {
  test('that was taken away is gone at once here, and within a second on another instance (A14)', async () => {
    const person = await someone()
    const give = (role: string) =>
      here.request(`/api/v1/users/${person.id}`, { method: 'PATCH', token: here.token('admin'), body: { role } })
    const roles = async (service: TestService): Promise<unknown> =>
      (await service.request('/auth/me', { token: person.access })).json.data.roles[0]
    await give('admin')
    while ((await roles(there)) !== 'admin') await sleep(20)

    await give('viewer')
    const atOnce = await roles(here)
    const takenAtMs = performance.now()
    while ((await roles(there)) !== 'viewer' && performance.now() - takenAtMs < 5_000) await sleep(20)

    expect(atOnce).toBe('viewer')
    expect(performance.now() - takenAtMs).toBeLessThan(FOLLOW_MS)
    expect(
      (await here.request('/auth/me', { token: (await refresh(person.refresh)).json.data.access_token })).json.data,
    ).toMatchObject({
      roles: ['viewer'],
      permissions: ['posts:read'],
    })
  })
})

describe('a refresh token', () => {
  test('of a hundred requests at once, over two instances, serves one, and its family is dead after (A5)', async () => {
    const person = await someone()

    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, at) => refresh(person.refresh, at % 2 === 0 ? here : there)),
    )
    const winners = answers.filter((answer) => answer.status === 200)

    report('concurrent refresh', { requests: answers.length, statuses: tally(answers.map((answer) => answer.status)) })
    expect(winners).toHaveLength(1)
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200, 401]))
    expect((await refresh(winners[0]?.json.data.refresh_token)).status).toBe(401)
    expect(await status(winners[0]?.json.data.access_token)).toBe(401)
    // The owner hears of it, once, from whichever instance saw it.
    const letters = [...(await here.letters()), ...(await there.letters())].filter(({ to }) => to === person.email)
    expect(letters.filter(({ subject }) => subject === 'blog: a sign-in was ended')).toHaveLength(1)
  })

  test('belongs to its session: it does not refresh, end or name another', async () => {
    const [mine, theirs] = [await someone(), await someone()]

    const refreshed = await here.request('/auth/sessions/refresh', {
      method: 'POST',
      body: { refresh_token: mine.refresh },
      token: theirs.access,
    })
    const body = await post('/auth/sessions/refresh', { refresh_token: mine.refresh, session_id: theirs.sessionId })

    expect(refreshed.json.data.session_id).toBe(mine.sessionId)
    expect(body.status).toBe(400)
    expect(await status(theirs.access)).toBe(200)
  })

  test('in the body counts, beside a cookie of somebody else, and neither is mixed with the other', async () => {
    const [mine, theirs] = [await someone(), await someone()]
    const cookie = `__Host-plinth-refresh=${theirs.refresh}`

    const both = await here.request('/auth/sessions/refresh', {
      method: 'POST',
      body: { refresh_token: mine.refresh },
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    })
    const twice = await here.request('/auth/sessions/refresh', {
      method: 'POST',
      headers: { cookie: `${cookie}; __Host-plinth-refresh=${mine.refresh}`, 'sec-fetch-site': 'same-origin' },
    })

    expect(both.json.data.session_id).toBe(mine.sessionId)
    expect(both.headers.get('set-cookie')).toBeNull()
    expect(twice.status).toBe(401)
    expect((await refresh(theirs.refresh)).status).toBe(200)
  })

  test.each([
    ['another case', (token: string) => (token === token.toUpperCase() ? token.toLowerCase() : token.toUpperCase())],
    ['a space', (token: string) => `${token} `],
    ['a line feed', (token: string) => `${token}\n`],
    ['a NUL', (token: string) => `${token}\0`],
    ['one character less', (token: string) => token.slice(1)],
    ['padding', (token: string) => `${token}=`],
    ['a wildcard', () => '%'],
    ['SQL', () => "' OR 1=1 --"],
    ['nothing', () => ''],
    ['its digest, as a thief of the table has it', (token: string) => createHash('sha256').update(token).digest('base64url')],
  ])('with %s is refused, and harms nobody', async (_, bend) => {
    const person = await someone()

    const answer = await refresh(bend(person.refresh))

    expect([400, 401]).toContain(answer.status)
    expect((await refresh(person.refresh)).status).toBe(200)
  })

  test('is no access token, and an access token or a secret of a letter is no refresh token', async () => {
    const person = await someone()
    await post('/auth/password-resets/requests', { email: person.email })
    const letter = await letterSecret(here, person.email)

    const answers = await Promise.all([
      here.request('/auth/me', { token: person.refresh }),
      refresh(person.access.slice(0, 128)),
      refresh(letter),
      post('/auth/password-resets', { token: person.refresh, password: 'another violet harbour' }),
      post('/auth/email-verifications', { token: letter, password: PASSWORD }),
    ])

    expect(answers.map((answer) => answer.status)).toEqual([401, 401, 401, 400, 400])
  })
})

describe('a page that signs in', () => {
  const byCookie = (email: string, headers: Readonly<Record<string, string>>) =>
    here.request('/auth/sessions', { method: 'POST', body: { email, password: PASSWORD }, headers })
  const cookieOf = (answer: TestAnswer): string => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''

  test('gets a cookie of its own, whatever was planted before (session fixation)', async () => {
    const email = `session-${++serial}@example.com`
    await addAccount(here, email)
    const planted = `__Host-plinth-refresh=${'A'.repeat(43)}`

    const signedIn = await byCookie(email, { cookie: planted, 'sec-fetch-site': 'same-origin' })
    const fixed = await here.request('/auth/sessions/refresh', {
      method: 'POST',
      headers: { cookie: planted, 'sec-fetch-site': 'same-origin' },
    })

    expect(cookieOf(signedIn)).toMatch(/^__Host-plinth-refresh=[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{22}$/)
    expect(cookieOf(signedIn)).not.toBe(planted)
    expect(fixed.status).toBe(401)
  })

  test('ends the session whose cookie it replaces, which nobody could end otherwise; a page of another site ends none', async () => {
    const [first, second] = [await someone(), await someone()]
    const old = await byCookie(first.email, { 'sec-fetch-site': 'same-origin' })
    const kept = await byCookie(first.email, { 'sec-fetch-site': 'same-origin' })

    await byCookie(second.email, { cookie: cookieOf(old), 'sec-fetch-site': 'same-origin' })
    await byCookie(second.email, { cookie: cookieOf(kept), 'sec-fetch-site': 'cross-site' })

    expect([await status(old.json.data.access_token), await status(kept.json.data.access_token)]).toEqual([401, 200])
  })
})

test('a thousand sessions of one account end with its password, and the answer says so', async () => {
  const person = await someone()
  const sql = await here.sql()
  await sql.query(
    `INSERT INTO plinth_sessions (session_id, account_id, device, amr, created_at, last_used_at, expires_at, authenticated_at)
SELECT gen_random_uuid(), account_id, 'browser', '{pwd}', now(), now(), now() + interval '30 days', now()
FROM plinth_sessions, generate_series(1, 1000) WHERE session_id = $1`,
    [person.sessionId],
  )

  const changed = await here.request('/auth/password', {
    method: 'PUT',
    token: person.access,
    body: { current_password: PASSWORD, new_password: 'another violet harbour' },
  })
  const letters = await here.letters()
  const sessions = (await here.request('/auth/sessions', { token: person.access })).json.data

  expect([changed.status, sessions.length]).toEqual([204, 1])
  expect(letters.findLast(({ to }) => to === person.email)?.subject).toContain('password was changed')
  expect((await signIn(here, person.email)).status).toBe(401)
})
