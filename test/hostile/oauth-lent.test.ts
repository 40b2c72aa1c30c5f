/**
 * What is left behind on the pages of the authorization server, and what an application was lent: neither outlives a sign-out, and no application gets more
 * than the person had who lent it.
 */
// Proves OAU-01, ACC-03, JWT-03, A9 and A14.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { readSettings, withOAuthClients } from '../../src/app/index.ts'
import { type TestAnswer, type TestService, testService } from '../../src/testing/index.ts'
import { addAccount, PASSWORD, tokensOf } from '../conformance/account-kit.ts'
import { Browser, pkce, post } from '../integration/oauth-kit.ts'

const SECRET = 'a secret of the tests, of 48 characters or there'
const REDIRECT = 'http://127.0.0.1:9/callback'
const BY = { actor: null, requestId: 'test' }
const SCOPES = ['openid', 'email', 'posts:read', 'posts:write', 'users:read', 'users:write']
/** Requests with the copied cookie that are under way while somebody signs out. */
const LOOPS = 4

let blog: TestService
let origin: string
let admin: string
let clientId: string
let serial = 0

const settings = () => readSettings({ DATABASE_URL: blog.databaseUrl, PLINTH_SECRET: SECRET })
const send = (method: string, path: string, body?: unknown, token?: string): Promise<TestAnswer> =>
  blog.request(path, { method, body, token })

beforeAll(async () => {
  blog = await testService({ app, environment: { PLINTH_SECRET: SECRET, RATE_LIMIT_WRITE: 'off', RATE_LIMIT_SENSITIVE: 'off' } })
  origin = `http://localhost:${new URL(blog.origin).port}`
  admin = blog.token('admin')
  const registered = await withOAuthClients(app, settings(), (clients) =>
    clients.create({ name: 'Helper', kind: 'native', redirectUris: ['http://127.0.0.1/callback'], scopes: SCOPES }, BY),
  )
  clientId = registered.client.id
})
afterAll(() => blog.stop())

interface Person {
  readonly email: string
  readonly id: string
  readonly access: string
}

async function somebody(role?: string): Promise<Person> {
  const email = `lender-${++serial}@example.com`
  await addAccount(blog, email, role === undefined ? {} : { role })
  const { access } = await tokensOf(blog, email)
  return { email, access, id: (await send('GET', '/auth/me', undefined, access)).json.data.id }
}

interface Asked {
  readonly url: string
  readonly verifier: string
}

async function ask(scope: string, prompt = 'consent'): Promise<Asked> {
  const { verifier, challenge } = await pkce()
  const query = {
    client_id: clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope,
    prompt,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }
  return { url: `/oauth/authorize?${new URLSearchParams(query)}`, verifier }
}

interface Lent {
  readonly browser: Browser
  readonly access: string
  readonly refresh: string
}

/** Somebody signs in and allows all that is asked. */
async function lend({ email }: Person, scope: string): Promise<Lent> {
  const browser = new Browser(origin)
  const { url, verifier } = await ask(scope)
  const consent = await browser.submit(await browser.open(url), '/sign-in', { login: email, password: PASSWORD })
  const back = new URL((await browser.allow(consent)).url)
  const form = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: REDIRECT, code_verifier: verifier }
  const { status, json } = await post(`${origin}/oauth/token`, { ...form, code: back.searchParams.get('code') ?? '' })
  expect(status).toBe(200)
  return { browser, access: json.access_token, refresh: json.refresh_token }
}

const refresh = (token: string, more: Readonly<Record<string, string>> = {}) =>
  post(`${origin}/oauth/token`, { grant_type: 'refresh_token', client_id: clientId, refresh_token: token, ...more })
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const asksForPassword = (text: string): boolean => text.includes('type="password"')

/** Ways to sign somebody out of all their browsers. */
const SIGN_OUTS: readonly (readonly [string, (person: Person) => Promise<unknown>])[] = [
  ['their owner, everywhere', ({ access }) => send('DELETE', '/auth/sessions', undefined, access)],
  ['somebody who looks after accounts', ({ id }) => send('DELETE', `/auth/accounts/${id}/sessions`, undefined, admin)],
  [
    'a suspension, and its end',
    async ({ id }) => {
      await send('PUT', `/auth/accounts/${id}/suspension`, undefined, admin)
      await send('DELETE', `/auth/accounts/${id}/suspension`, undefined, admin)
    },
  ],
]

describe.each(SIGN_OUTS)('What browsers had, once signed out by %s', (_, signOut) => {
  test('is gone, however many requests of them were under way', async () => {
    for (let round = 0; round < 4; round++) {
      const person = await somebody()
      const { browser } = await lend(person, 'openid posts:read')
      const silent = (await ask('openid posts:read', 'none')).url
      let isOver = false
      const loops = Array.from({ length: LOOPS }, async (__, at) => {
        const copy = new Browser(origin)
        for (const name of browser.cookies) copy.setCookie(name, browser.cookie(name) ?? '')
        while (!isOver) await copy.open(at % 2 === 0 ? silent : '/oauth/device')
      })

      await signOut(person)
      isOver = true
      await Promise.all(loops)

      const copy = new Browser(origin)
      for (const name of browser.cookies) copy.setCookie(name, browser.cookie(name) ?? '')
      expect(asksForPassword((await copy.open((await ask('openid posts:read')).url)).text)).toBe(true)
    }
  })

  test('is gone, a sign-in that was proved and put aside too', async () => {
    const person = await somebody()
    const browser = new Browser(origin)
    const page = await browser.open((await ask('openid posts:read')).url)
    const base = new URL(page.url).pathname
    const cookie = browser.cookies.map((name) => `${name}=${browser.cookie(name)}`).join('; ')
    const form = new URLSearchParams({ login: person.email, password: PASSWORD })
    const proved = await fetch(`${origin}${base}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, origin },
      body: form,
    })
    expect(proved.status).toBe(303)

    await signOut(person)
    const after = await browser.open(proved.headers.get('location') ?? '')

    expect(after.url).not.toContain('code=')
    expect(after.text).not.toContain('/consent')
  })
})

describe('An application that somebody lent their account to', () => {
  test('gives no role, though it may change users and the person might', async () => {
    const { access } = await lend(await somebody('admin'), 'users:read users:write')
    const victim = await somebody()
    const mutation = `mutation { createUser(input: { email: "x@example.com", displayName: "X", role: ADMIN }) { user { id } } }`

    const answers = [
      await send('POST', '/api/v1/users', { email: 'mine@example.com', display_name: 'Mine', role: 'admin' }, access),
      await send('PATCH', `/api/v1/users/${victim.id}`, { role: 'admin' }, access),
      await send('PATCH', `/api/v1/users/${victim.id}`, { email: 'mine@example.com' }, access),
    ]
    const graphql = await send('POST', '/graphql', { query: mutation }, access)

    expect(answers.map(({ status, json }) => [status, json.error?.code])).toEqual(
      answers.map(() => [403, 'AUTH_FIELD_FORBIDDEN']),
    )
    expect(answers.map(({ json }) => json.error.details[0].field)).toEqual(['role', 'role', 'email'])
    expect(graphql.json.errors[0].extensions.code).toBe('AUTH_FIELD_FORBIDDEN')
    // What it was lent it may do.
    expect((await send('PATCH', `/api/v1/users/${victim.id}`, { display_name: 'New' }, access)).status).toBe(200)
    expect((await send('POST', '/api/v1/users', { email: 'plain@example.com', display_name: 'Plain' }, access)).status).toBe(201)
  })

  test('looks after no accounts', async () => {
    const { access } = await lend(await somebody('admin'), 'users:read users:write')
    const victim = await somebody()
    const paths = [
      ['GET', `/auth/accounts/${victim.id}/sessions`],
      ['DELETE', `/auth/accounts/${victim.id}/sessions`],
      ['PUT', `/auth/accounts/${victim.id}/suspension`],
      ['DELETE', `/auth/accounts/${victim.id}/suspension`],
      ['POST', `/auth/accounts/${victim.id}/invitation`],
    ] as const

    const statuses = await Promise.all(paths.map(async ([method, path]) => (await send(method, path, undefined, access)).status))
    const revoked = await send('POST', '/auth/token-revocations', { jti: claimsOf(victim.access).jti }, access)

    expect([...statuses, revoked.status]).toEqual([403, 403, 403, 403, 403, 403])
    expect((await send('GET', '/auth/me', undefined, victim.access)).status).toBe(200)
  })

  test('gets nothing by a role that the person is given after the consent', async () => {
    const person = await somebody()
    const lent = await lend(person, 'posts:read users:read users:write')
    expect(claimsOf(lent.access).permissions).toEqual(['posts:read'])

    await send('PATCH', `/api/v1/users/${person.id}`, { role: 'admin' }, admin)
    const { status, json } = await refresh(lent.refresh)

    expect(status).toBe(200)
    expect(claimsOf(json.access_token).permissions).toEqual(['posts:read'])
  })

  test('learns an address by a token that was asked for it, and by no other of the grant', async () => {
    const person = await somebody()
    const lent = await lend(person, 'openid email posts:read')
    const userinfo = async (token: string) => (await send('GET', '/oauth/userinfo', undefined, token)).json

    const narrowed = await refresh(lent.refresh, { scope: 'openid posts:read' })

    expect(await userinfo(lent.access)).toMatchObject({ sub: person.id, email: person.email })
    expect(await userinfo(narrowed.json.access_token)).toEqual({ sub: person.id })
  })

  test('and anybody else pays with a write of their budget for pages that leave something behind', async () => {
    const limited = await testService({ app })
    const answers = await Promise.all(
      ['/oauth/device', '/oauth/authorize?client_id=x', '/oauth/end-session'].map((path) => fetch(`${limited.origin}${path}`)),
    )
    await limited.stop()

    expect(answers.map(({ headers }) => headers.get('ratelimit')?.split(';')[0])).toEqual(['"write"', '"write"', '"write"'])
  })

  test('that is disabled and enabled again has lost what it was lent', async () => {
    const lent = await lend(await somebody(), 'posts:read')
    const setDisabled = (isDisabled: boolean) =>
      withOAuthClients(app, settings(), (clients) => clients.setDisabled(clientId, isDisabled, BY))

    await setDisabled(true)
    await setDisabled(false)

    await expect
      .poll(async () => (await send('GET', '/api/v1/posts', undefined, lent.access)).status, { timeout: 5_000 })
      .toBe(401)
    expect((await refresh(lent.refresh)).json).toMatchObject({ error: 'invalid_grant' })
  })
})
