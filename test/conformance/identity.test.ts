/** The flows of identity over the wire, as a client meets them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { addAccount, letterSecret, PASSWORD, signIn, tokensOf } from './account-kit.ts'

let blog: TestService

beforeAll(async () => {
  blog = await testService({ app })
})
afterAll(() => blog.stop())

const post = (path: string, body: unknown, token?: string) => blog.request(path, { method: 'POST', body, token })

describe('registration', () => {
  test('gives an account with the least role, once its owner has shown that the address is theirs', async () => {
    const email = 'ada@example.com'
    await post('/auth/registrations', { email, password: PASSWORD, display_name: 'Ada' })
    // The answer does not wait for the account: it would tell by its time whether there was one.
    await blog.service.settle()

    const early = await signIn(blog, email)
    const stranger = await post('/auth/email-verifications', {
      token: await letterSecret(blog, email),
      password: 'not the password of hers',
    })
    const verified = await post('/auth/email-verifications', { token: await letterSecret(blog, email), password: PASSWORD })
    const again = await post('/auth/email-verifications', { token: await letterSecret(blog, email), password: PASSWORD })
    const { access } = await tokensOf(blog, email)
    const me = await blog.request('/auth/me', { token: access })

    expect([early.status, early.json.error.code]).toEqual([403, 'AUTH_EMAIL_UNVERIFIED'])
    expect([stranger.status, stranger.json.error.code]).toEqual([401, 'AUTH_CREDENTIALS_INVALID'])
    expect([verified.status, again.status]).toEqual([200, 400])
    expect(me.json.data).toMatchObject({ login: email, display_name: 'Ada', roles: ['viewer'], permissions: ['posts:read'] })
  })

  test('answers the same for an address that has an account, and tells its owner by letter', async () => {
    await addAccount(blog, 'grace@example.com')

    const known = await post('/auth/registrations', { email: 'Grace@Example.com', password: PASSWORD, display_name: 'Thief' })
    const unknown = await post('/auth/registrations', { email: 'new@example.com', password: PASSWORD, display_name: 'Thief' })

    expect([known.status, known.json.data]).toEqual([unknown.status, unknown.json.data])
    const letters = await blog.letters()
    expect(letters.findLast(({ to }) => to === 'grace@example.com')?.subject).toMatch(/already/)
    expect((await signIn(blog, 'grace@example.com')).status).toBe(201)
  })

  test('of an address that nobody has confirmed sets nothing: the second letter leads to choosing the password', async () => {
    const email = 'twice@example.com'
    await post('/auth/registrations', { email, password: 'copper lantern drifts north', display_name: 'Somebody' })
    const first = await letterSecret(blog, email)
    await post('/auth/registrations', { email, password: PASSWORD, display_name: 'Somebody' })
    const letter = (await blog.letters()).findLast(({ to }) => to === email)

    const early = await post('/auth/email-verifications', { token: first, password: PASSWORD })
    const chosen = await post('/auth/password-resets', { token: await letterSecret(blog, email), password: PASSWORD })
    const late = await post('/auth/email-verifications', { token: first, password: 'copper lantern drifts north' })

    expect([letter?.subject, letter?.text]).toEqual([
      expect.stringMatching(/waits for you$/),
      expect.stringContaining('/auth/reset-password?'),
    ])
    expect([early.status, chosen.status, late.status]).toEqual([401, 204, 400])
    expect((await signIn(blog, email, 'copper lantern drifts north')).status).toBe(401)
    expect((await signIn(blog, email)).status).toBe(201)
  })

  test.each([
    ['a common password', { password: 'password1234' }, 400, 'password'],
    ['a short one', { password: 'short' }, 400, 'password'],
    ['none', { password: undefined }, 400, 'password'],
    ['a role', { role: 'admin' }, 400, 'role'],
    ['a field that is not there', { is_admin: true }, 400, 'is_admin'],
    ['an id', { id: 'usr_01h455vb4pex5vsknk084sn02q' }, 400, 'id'],
    ['a version', { version: 7 }, 400, 'version'],
  ])('refuses %s', async (_, wrong, status, field) => {
    const answer = await post('/auth/registrations', {
      email: 'mass@example.com',
      password: PASSWORD,
      display_name: 'Mass',
      ...wrong,
    })

    expect(answer.status).toBe(status)
    expect(answer.json.error.details[0].field).toBe(field)
  })
})

describe('signing in', () => {
  test('gives a bearer token for every operation, and a refresh token in a cookie that scripts cannot read', async () => {
    await addAccount(blog, 'cookie@example.com', { role: 'editor' })

    const answer = await post('/auth/sessions', { email: 'cookie@example.com', password: PASSWORD })
    const cookie = answer.headers.get('set-cookie') ?? ''
    const created = await post(
      '/api/v1/posts',
      {
        author_id: (await blog.request('/auth/me', { token: answer.json.data.access_token })).json.data.id,
        title: 'Mine',
        body: 'Text',
      },
      answer.json.data.access_token,
    )

    expect(answer.status).toBe(201)
    expect(answer.json.data).toMatchObject({ status: 'signed_in', token_type: 'Bearer', expires_in: 900 })
    expect(answer.json.data.refresh_token).toBeUndefined()
    expect(cookie).toMatch(/^__Host-plinth-refresh=[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{22}; /)
    for (const part of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(part)
    expect(created.status).toBe(201)
  })

  test('refreshes by cookie for pages of this site only', async () => {
    await addAccount(blog, 'pages@example.com')
    const signedIn = await post('/auth/sessions', { email: 'pages@example.com', password: PASSWORD })
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const refresh = (headers: Record<string, string>) =>
      blog.request('/auth/sessions/refresh', { method: 'POST', headers: { cookie, ...headers } })

    const refused = await Promise.all([
      refresh({ 'sec-fetch-site': 'cross-site' }),
      refresh({ 'sec-fetch-site': 'same-site' }),
      refresh({ origin: 'https://evil.example' }),
      refresh({ origin: 'null' }),
      refresh({}),
    ])
    const fine = await refresh({ 'sec-fetch-site': 'same-origin' })

    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
    expect(fine.status).toBe(200)
    expect(fine.headers.get('set-cookie')).not.toContain(cookie)
  })

  test('answers the same for a wrong password and for a name that has no account', async () => {
    await addAccount(blog, 'known@example.com')

    const wrong = await signIn(blog, 'known@example.com', 'this is not the password')
    const unknown = await signIn(blog, 'unknown@example.com', 'this is not the password')
    const { request_id: _, ...wrongError } = wrong.json.error
    const { request_id: __, ...unknownError } = unknown.json.error

    expect([wrong.status, wrongError]).toEqual([401, unknownError])
    expect(unknown.status).toBe(401)
  })

  test('makes attempts wait after five failures in a row, for names with and without an account alike', async () => {
    await addAccount(blog, 'locked@example.com')
    for (const email of ['locked@example.com', 'nobody-has-this@example.com']) {
      const statuses: number[] = []
      for (let at = 0; at < 7; at++) statuses.push((await signIn(blog, email, 'this is not the password')).status)

      expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429])
      const waiting = await signIn(blog, email)
      expect(waiting.json.error.code).toBe('RATE_LIMIT_SIGN_IN')
      expect(Number(waiting.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    }
  })
})

describe('sessions', () => {
  test('are listed and ended by their owner; the access tokens of an ended one are refused at once', async () => {
    await addAccount(blog, 'sessions@example.com')
    const here = await tokensOf(blog, 'sessions@example.com')
    const there = await tokensOf(blog, 'sessions@example.com')

    const listed = await blog.request('/auth/sessions', { token: here.access })
    const ended = await blog.request(`/auth/sessions/${there.sessionId}`, { method: 'DELETE', token: here.access })
    const gone = await blog.request('/auth/me', { token: there.access })
    const refresh = await post('/auth/sessions/refresh', { refresh_token: there.refresh })

    expect(listed.json.data.map(({ id, is_current: isCurrent }: Record<string, unknown>) => [id, isCurrent]).sort()).toEqual(
      [
        [here.sessionId, true],
        [there.sessionId, false],
      ].sort(),
    )
    expect([ended.status, gone.status, gone.json.error.code, refresh.status]).toEqual([204, 401, 'AUTH_TOKEN_INVALID', 401])
    expect((await blog.request('/auth/me', { token: here.access })).status).toBe(200)
  })

  test('bear tokens that can be taken back one by one, by their owner or by an administrator', async () => {
    await addAccount(blog, 'revoked@example.com')
    const one = await tokensOf(blog, 'revoked@example.com')
    const two = await tokensOf(blog, 'revoked@example.com')
    const jtiOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti
    const status = async (token: string): Promise<number> => (await blog.request('/auth/me', { token })).status

    expect((await post('/auth/token-revocations', { jti: jtiOf(two.access) }, one.access)).status).toBe(403)
    expect((await post('/auth/token-revocations', {}, one.access)).status).toBe(204)
    expect([await status(one.access), await status(two.access)]).toEqual([401, 200])
    expect((await post('/auth/token-revocations', { jti: jtiOf(two.access) }, blog.token('admin'))).status).toBe(204)
    expect(await status(two.access)).toBe(401)
    expect((await post('/auth/sessions/refresh', { refresh_token: two.refresh })).status).toBe(200)
  })

  test('of others are out of reach', async () => {
    await addAccount(blog, 'mine@example.com')
    await addAccount(blog, 'theirs@example.com')
    const [mine, theirs] = [await tokensOf(blog, 'mine@example.com'), await tokensOf(blog, 'theirs@example.com')]
    const { id } = (await blog.request('/auth/me', { token: theirs.access })).json.data

    const statuses = await Promise.all(
      [
        { path: `/auth/sessions/${theirs.sessionId}`, method: 'DELETE' },
        { path: '/auth/sessions/nonsense', method: 'DELETE' },
        { path: `/auth/accounts/${id}/sessions`, method: 'GET' },
        { path: `/auth/accounts/${id}/sessions`, method: 'DELETE' },
        { path: `/auth/accounts/${id}/suspension`, method: 'PUT' },
      ].map(async ({ path, method }) => (await blog.request(path, { method, token: mine.access })).status),
    )

    expect(statuses).toEqual([404, 404, 403, 403, 403])
    expect((await blog.request('/auth/me', { token: theirs.access })).status).toBe(200)
  })

  test('end when their owner signs out, everywhere or here', async () => {
    await addAccount(blog, 'out@example.com')
    const [one, two, three] = [
      await tokensOf(blog, 'out@example.com'),
      await tokensOf(blog, 'out@example.com'),
      await tokensOf(blog, 'out@example.com'),
    ]
    const status = async (token: string): Promise<number> => (await blog.request('/auth/me', { token })).status

    await blog.request('/auth/sessions/current', { method: 'DELETE', token: one.access })
    expect([await status(one.access), await status(two.access)]).toEqual([401, 200])
    await blog.request('/auth/sessions', { method: 'DELETE', token: two.access })
    expect([await status(two.access), await status(three.access)]).toEqual([401, 401])
  })
})

describe('an administrator', () => {
  test('changes a role with effect on the next request', async () => {
    await addAccount(blog, 'rising@example.com')
    const { access } = await tokensOf(blog, 'rising@example.com')
    const admin = blog.token('admin')
    const { id } = (await blog.request('/auth/me', { token: access })).json.data
    const write = () => post('/api/v1/posts', { author_id: id, title: 'Mine', body: 'Text' }, access)

    const before = await write()
    await blog.request(`/api/v1/users/${id}`, { method: 'PATCH', token: admin, body: { role: 'editor' } })
    const promoted = await write()
    await blog.request(`/api/v1/users/${id}`, { method: 'PATCH', token: admin, body: { role: 'viewer' } })
    const demoted = await write()

    expect([before.status, promoted.status, demoted.status]).toEqual([403, 201, 403])
  })

  test('suspends an account with effect on the next request, and ends the suspension', async () => {
    await addAccount(blog, 'suspended@example.com')
    const { access, refresh } = await tokensOf(blog, 'suspended@example.com')
    const admin = blog.token('admin')
    const { id } = (await blog.request('/auth/me', { token: access })).json.data

    const suspended = await blog.request(`/auth/accounts/${id}/suspension`, { method: 'PUT', token: admin })
    const used = await blog.request('/auth/me', { token: access })
    const refreshed = await post('/auth/sessions/refresh', { refresh_token: refresh })
    const signedIn = await signIn(blog, 'suspended@example.com')
    await blog.request(`/auth/accounts/${id}/suspension`, { method: 'DELETE', token: admin })

    expect([suspended.status, used.status < 500 && used.status >= 400, refreshed.status]).toEqual([204, true, 401])
    expect([signedIn.status, signedIn.json.error.code]).toEqual([403, 'AUTH_ACCOUNT_SUSPENDED'])
    expect((await signIn(blog, 'suspended@example.com')).status).toBe(201)
  })

  test('deletes an account, and its tokens with it', async () => {
    await addAccount(blog, 'deleted@example.com')
    const { access, refresh } = await tokensOf(blog, 'deleted@example.com')
    const { id } = (await blog.request('/auth/me', { token: access })).json.data

    await blog.request(`/api/v1/users/${id}`, { method: 'DELETE', token: blog.token('admin') })

    expect((await blog.request('/api/v1/posts', { token: access })).status).toBe(401)
    expect((await post('/auth/sessions/refresh', { refresh_token: refresh })).status).toBe(401)
    expect((await signIn(blog, 'deleted@example.com')).status).toBe(401)
  })

  test('restores an account without the sessions that it had', async () => {
    await addAccount(blog, 'restored@example.com')
    const { access, refresh } = await tokensOf(blog, 'restored@example.com')
    const { id } = (await blog.request('/auth/me', { token: access })).json.data
    const admin = blog.token('admin')

    await blog.request(`/api/v1/users/${id}`, { method: 'DELETE', token: admin })
    // All that goes on after the answer is over then.
    await blog.letters()
    const restored = await blog.request(`/api/v1/users/${id}/restore`, { method: 'POST', token: admin })

    expect(restored.status).toBe(200)
    expect((await blog.request('/auth/me', { token: access })).status).toBe(401)
    expect((await post('/auth/sessions/refresh', { refresh_token: refresh })).status).toBe(401)
    expect((await signIn(blog, 'restored@example.com')).status).toBe(201)
  })

  test('makes accounts with a password that never comes out', async () => {
    const admin = blog.token('admin')
    const created = await post('/api/v1/users', { email: 'made@example.com', display_name: 'Made', password: PASSWORD }, admin)
    const sql = await blog.sql()
    const [row] = await sql.query<{ password: string }>('SELECT password FROM users WHERE email = $1', ['made@example.com'])
    const seen = await Promise.all(
      ['', '?fields=id,password', '?sort=password', '?filter[password]=x', '?password=x', '?q=argon2id'].map((query) =>
        blog.request(`/api/v1/users${query}`, { token: admin }),
      ),
    )
    const patched = await blog.request(`/api/v1/users/${created.json.data.id}`, {
      method: 'PATCH',
      token: admin,
      body: { password: 'another violet harbour' },
    })

    expect(created.status).toBe(201)
    expect(row?.password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(JSON.stringify([created.json, ...seen.map(({ json }) => json)])).not.toMatch(/argon2id\$|violet/)
    expect(seen.map(({ status }) => status)).toEqual([200, 400, 400, 400, 400, 200])
    expect([patched.status, patched.json.error.details[0].code]).toEqual([400, 'immutable'])
  })
})

describe('passwords', () => {
  test('are changed by whoever knows the old one; all other sessions end', async () => {
    await addAccount(blog, 'change@example.com')
    const [here, there] = [await tokensOf(blog, 'change@example.com'), await tokensOf(blog, 'change@example.com')]
    const change = (current: string, next: string) =>
      blog.request('/auth/password', {
        method: 'PUT',
        token: here.access,
        body: { current_password: current, new_password: next },
      })
    const next = 'a quiet lantern at midnight'

    expect((await change('this is not the password', next)).status).toBe(401)
    expect((await change(PASSWORD, 'password1234')).status).toBe(400)
    expect((await change(PASSWORD, next)).status).toBe(204)
    expect((await blog.request('/auth/me', { token: there.access })).status).toBe(401)
    expect((await blog.request('/auth/me', { token: here.access })).status).toBe(200)
    expect((await signIn(blog, 'change@example.com')).status).toBe(401)
    expect((await signIn(blog, 'change@example.com', next)).status).toBe(201)
  })

  test('are set anew by a letter, once, within half an hour, and all sessions end', async () => {
    const email = 'reset@example.com'
    await addAccount(blog, email)
    const { access } = await tokensOf(blog, email)
    const next = 'a quiet lantern at midnight'

    const known = await post('/auth/password-resets/requests', { email })
    const unknown = await post('/auth/password-resets/requests', { email: 'no-such@example.com' })
    const token = await letterSecret(blog, email)
    const common = await post('/auth/password-resets', { token, password: 'password1234' })
    const done = await post('/auth/password-resets', { token, password: next })
    const again = await post('/auth/password-resets', { token, password: 'a third one for the thief' })

    expect([known.status, known.json.data]).toEqual([unknown.status, unknown.json.data])
    expect([common.status, done.status, again.status]).toEqual([400, 204, 400])
    expect((await blog.request('/auth/me', { token: access })).status).toBe(401)
    expect((await signIn(blog, email, next)).status).toBe(201)
  })

  test('set by a letter to an address that the account no longer has: not at all', async () => {
    const email = 'moved@example.com'
    await addAccount(blog, email)
    await post('/auth/password-resets/requests', { email })
    const token = await letterSecret(blog, email)
    const sql = await blog.sql()
    await sql.query('UPDATE users SET email = $1 WHERE email = $2', ['moved-on@example.com', email])

    expect((await post('/auth/password-resets', { token, password: 'a quiet lantern at midnight' })).status).toBe(400)
  })
})
