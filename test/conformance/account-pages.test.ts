/** The pages that letters lead to, over the wire: what they answer, what they keep to themselves, and what never spends a link. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestAnswer, type TestService, testService } from '../../src/testing/index.ts'
import { addAccount, letterSecret, PASSWORD, signIn, tokensOf } from './account-kit.ts'

const NEXT = 'copper lantern drifts north'
let blog: TestService

beforeAll(async () => {
  blog = await testService({ app })
})
afterAll(() => blog.stop())

const show = (path: string) => blog.request(path, { headers: { accept: 'text/html' } })

function submit(
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<TestAnswer> {
  const all = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', ...headers }
  return sendRaw(path, new URLSearchParams(form).toString(), all)
}

async function sendRaw(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<TestAnswer> {
  const response = await fetch(blog.origin + path, { method: 'POST', headers, body, redirect: 'manual' })
  return { status: response.status, headers: response.headers, text: await response.text(), json: undefined }
}

async function register(email: string): Promise<string> {
  const body = { email, password: PASSWORD, display_name: 'Somebody' }
  expect((await blog.request('/auth/registrations', { method: 'POST', body })).status).toBe(202)
  return letterSecret(blog, email)
}

async function askForReset(email: string): Promise<string> {
  expect((await submit('/auth/forgot-password', { login: email })).status).toBe(200)
  return letterSecret(blog, email)
}

describe('confirming an address', () => {
  test('opening the link any number of times spends nothing; the password confirms', async () => {
    const token = await register('prefetch@example.com')
    const path = `/auth/verify-email?token=${token}`

    for (let at = 0; at < 12; at++) expect((await show(path)).status).toBe(200)
    expect((await blog.request(path, { method: 'HEAD' })).status).toBe(200)
    const early = await signIn(blog, 'prefetch@example.com')
    const confirmed = await submit('/auth/verify-email', { token, password: PASSWORD })

    expect(early.status).toBe(403)
    expect([confirmed.status, confirmed.text]).toEqual([200, expect.stringContaining('Your address is confirmed')])
    expect((await signIn(blog, 'prefetch@example.com')).status).toBe(201)
  })

  test('a wrong password is said on the page, which keeps the link and not the password', async () => {
    const token = await register('wrong@example.com')

    const wrong = await submit('/auth/verify-email', { token, password: 'canary of a password' })
    const right = await submit('/auth/verify-email', { token, password: PASSWORD })

    expect(wrong.status).toBe(401)
    expect(wrong.text).toContain('This is not the password that you registered with.')
    expect(wrong.text).toMatch(/role="alert" aria-live="assertive"/)
    expect(wrong.text).toContain(`name="token" value="${token}"`)
    expect(wrong.text).not.toContain('canary')
    expect(right.status).toBe(200)
  })

  test.each(['', '?token=', '?token=nothing', '?token=%00', `?token=${'A'.repeat(43)}`, '?token=a&token=b'])(
    'a link that serves no more leads on: %s',
    async (query) => {
      const { status, headers, text } = await show(`/auth/verify-email${query}`)

      expect([status, headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8'])
      expect(text).not.toContain('<form')
    },
  )

  test('a link serves once', async () => {
    const token = await register('once@example.com')

    const first = await submit('/auth/verify-email', { token, password: PASSWORD })
    const second = await submit('/auth/verify-email', { token, password: PASSWORD })
    const shown = await show(`/auth/verify-email?token=${token}`)

    expect([first.status, second.status, shown.status]).toEqual([200, 400, 400])
    expect(second.text).toContain('This link no longer works')
  })

  test('the link to set a password does not confirm an address, nor the other way round', async () => {
    const confirming = await register('purpose@example.com')
    const resetting = await askForReset('purpose@example.com')

    const answers = [
      await submit('/auth/verify-email', { token: resetting, password: PASSWORD }),
      await submit('/auth/reset-password', { token: confirming, password: NEXT }),
    ]

    expect(answers.map(({ status }) => status)).toEqual([400, 400])
    expect((await signIn(blog, 'purpose@example.com')).status).toBe(403)
  })
})

describe('a forgotten password', () => {
  test('IDN-01: the answer is the same for an account and for none, and only one of them gets a letter', async () => {
    await addAccount(blog, 'known@example.com')
    const before = (await blog.letters()).length

    const known = await submit('/auth/forgot-password', { login: 'Known@Example.com' })
    const unknown = await submit('/auth/forgot-password', { login: 'unknown@example.com' })

    expect([known.status, known.text]).toEqual([200, unknown.text])
    expect((await blog.letters()).slice(before).map(({ to }) => to)).toEqual(['known@example.com'])
  })

  test('what is no address is said on the page, which keeps it as text', async () => {
    const { status, text } = await submit('/auth/forgot-password', { login: '"><img src=x>' })

    expect(status).toBe(400)
    expect(text).toContain('This is no e-mail address.')
    expect(text).toContain('value="&quot;&gt;&lt;img src=x&gt;"')
  })

  test('a new password signs everybody out; one that is refused leaves the link as it was', async () => {
    const email = 'forgetful@example.com'
    await addAccount(blog, email)
    const { access } = await tokensOf(blog, email)
    const token = await askForReset(email)

    const shown = await show(`/auth/reset-password?token=${token}`)
    const short = await submit('/auth/reset-password', { token, password: 'short' })
    const personal = await submit('/auth/reset-password', { token, password: `${email} ${email}` })
    const set = await submit('/auth/reset-password', { token, password: NEXT })
    const again = await submit('/auth/reset-password', { token, password: PASSWORD })

    expect([shown.status, short.status, personal.status, set.status, again.status]).toEqual([200, 400, 400, 200, 400])
    expect(short.text).toContain('at least 12 characters')
    expect(short.text).toContain(`name="token" value="${token}"`)
    expect(set.text).toContain('Your password is set')
    expect((await blog.request('/auth/me', { token: access })).status).toBe(401)
    expect((await signIn(blog, email)).status).toBe(401)
    expect((await signIn(blog, email, NEXT)).status).toBe(201)
  })

  test('IDN-01: of forty requests with one link at once, one sets the password', async () => {
    const email = 'race@example.com'
    await addAccount(blog, email)
    const token = await askForReset(email)

    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => submit('/auth/reset-password', { token, password: `${NEXT} number ${at}` })),
    )

    const winners = answers.flatMap(({ status }, at) => (status === 200 ? [at] : []))
    expect(winners).toHaveLength(1)
    expect((await signIn(blog, email, `${NEXT} number ${winners[0]}`)).status).toBe(201)
  })
})

describe('how long a link works', () => {
  test('is what the page of each letter says of its own: minutes, a day, or days', async () => {
    const [registered, forgetful, invited] = ['term-a@example.com', 'term-b@example.com', 'term-c@example.com'] as const
    await addAccount(blog, forgetful)
    const admin = blog.token('admin')
    const record = { email: invited, display_name: 'Somebody', role: 'editor' }
    const { json } = await blog.request('/api/v1/users', { method: 'POST', token: admin, body: record })
    await blog.request(`/auth/accounts/${json.data.id}/invitation`, { method: 'POST', token: admin })
    const resetting = await askForReset(forgetful)

    const pages = [
      await show(`/auth/verify-email?token=${await register(registered)}`),
      await show(`/auth/reset-password?token=${resetting}`),
      await show(`/auth/reset-password?token=${await letterSecret(blog, invited)}`),
      await submit('/auth/reset-password', { token: resetting, password: 'short' }),
    ]

    const terms = pages.map(({ text }) => /The link works once, for (.*?) more\./.exec(text)?.[1])
    expect(terms).toEqual(['about 24 hours', 'about 30 minutes', 'about 3 days', 'about 30 minutes'])
  })

  test('is not promised by a page that does not know which letter comes', async () => {
    const pages = [
      await submit('/auth/forgot-password', { login: 'whoever@example.com' }),
      await show('/auth/reset-password?token=nothing'),
      await show('/auth/verify-email?token=nothing'),
    ]

    for (const { text } of pages) expect(text).not.toMatch(/half an hour|for about|\bdays?\b|confirms the address/)
  })

  test('an account that was given another address is asked for its password, as the page for a link that is over leads to', async () => {
    const [former, email] = ['moved-from@example.com', 'moved-to@example.com']
    await addAccount(blog, former)
    const { access } = await tokensOf(blog, former)
    const { id } = (await blog.request('/auth/me', { token: access })).json.data
    const change = { method: 'PATCH', token: blog.token('admin'), body: { email } }
    expect((await blog.request(`/api/v1/users/${id}`, change)).status).toBe(200)

    const over = await show('/auth/verify-email?token=nothing')
    const token = await askForReset(email)
    const asNewPassword = await submit('/auth/reset-password', { token, password: NEXT })
    const confirmed = await submit('/auth/verify-email', { token, password: PASSWORD })

    expect(over.text).toContain('<a class="button" href="/auth/forgot-password">Ask for another letter</a>')
    expect([asNewPassword.status, confirmed.status]).toEqual([400, 200])
    expect((await signIn(blog, email)).status).toBe(201)
  })
})

describe('every page', () => {
  const pages = ['/auth/verify-email', '/auth/forgot-password', '/auth/reset-password']

  test.each(pages)('%s: is not kept, not framed, runs nothing, and keeps its address to this site', async (path) => {
    const { headers } = await show(path)

    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('content-security-policy')).toMatch(
      /default-src 'none'; script-src 'none'.*frame-ancestors 'none'.*form-action 'self'/,
    )
    expect(headers.get('set-cookie')).toBeNull()
  })

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbouring host', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['an origin that nobody has', { origin: 'null' }],
    ['a program', {}],
  ])('a form from %s does nothing', async (who, headers: Readonly<Record<string, string>>) => {
    const email = `${who.replaceAll(' ', '-')}@example.com`
    await addAccount(blog, email)
    const before = (await blog.letters()).length
    const type = { 'content-type': 'application/x-www-form-urlencoded' }

    const answer = await sendRaw('/auth/forgot-password', `login=${encodeURIComponent(email)}`, { ...type, ...headers })

    expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
    expect(answer.text).toContain('This did not come from here')
    expect((await blog.letters()).length).toBe(before)
  })

  test.each([
    ['JSON', '{"login":"a@example.com"}', 'application/json', 415],
    ['a field twice', 'login=a%40example.com&login=b%40example.com', 'application/x-www-form-urlencoded', 400],
    ['broken encoding', 'login=%E0%A4%A', 'application/x-www-form-urlencoded', 400],
    ['more than a form needs', `login=${'a'.repeat(20_000)}`, 'application/x-www-form-urlencoded', 413],
  ])('%s is refused', async (_, body, type, status) => {
    const answer = await sendRaw('/auth/forgot-password', body, { 'content-type': type, 'sec-fetch-site': 'same-origin' })

    expect(answer.status).toBe(status)
  })

  test('LOG-04: no secret of a letter and no password is in the log', async () => {
    const token = await register('logged@example.com')
    await show(`/auth/verify-email?token=${token}`)
    await submit(
      '/auth/verify-email',
      { token, password: 'canary of a password' },
      { referer: `${blog.origin}/auth/verify-email?token=${token}` },
    )

    const log = JSON.stringify(blog.logs())

    expect(log).toContain('auth.pages.verify-email')
    expect(log).not.toContain(token)
    expect(log).not.toContain('canary of a password')
    expect(log).not.toContain('logged@example.com')
  })
})

test('forms that guess at secrets or send letters have the limit of sensitive operations', async () => {
  await using limited = await testService({ app, environment: { RATE_LIMIT_SENSITIVE: '1/2' } })
  const ask = () =>
    fetch(`${limited.origin}/auth/forgot-password`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ login: 'a@example.com' }),
    })

  const statuses = [(await ask()).status, (await ask()).status]
  const refused = await ask()

  expect([...statuses, refused.status]).toEqual([200, 200, 429])
  expect(refused.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
  expect(await refused.text()).toContain('Too many requests')
})

test('who looks too often is told on a page', async () => {
  await using limited = await testService({ app, environment: { RATE_LIMIT_READ: '1/1' } })
  const look = () => limited.request('/auth/forgot-password', { headers: { accept: 'text/html' } })

  const answers = [await look(), await look()]

  expect(answers.map(({ status }) => status)).toEqual([200, 429])
  for (const { headers } of answers) expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(answers[1]?.text).toContain('Too many requests')
})

test('a form from another site is a refusal of access in the log', async () => {
  await sendRaw('/auth/forgot-password', 'login=a%40example.com', {
    'content-type': 'application/x-www-form-urlencoded',
    'sec-fetch-site': 'cross-site',
    'x-request-id': 'foreign-form',
  })

  const denials = blog.logs().filter(({ message }) => message === 'access.denied')
  expect(denials.map(({ fields }) => fields)).toContainEqual(
    expect.objectContaining({ code: 'AUTH_CROSS_SITE', operation: 'auth.pages.forgot-password', request_id: 'foreign-form' }),
  )
})
