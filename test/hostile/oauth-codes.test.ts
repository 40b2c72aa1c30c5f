/** A6, A7, A9: stolen and replayed codes, PKCE that is missing or weak, and attacks on the person between browser and server. */
// Proves OAU-01, OAU-02 and JWT-02.
import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClientWithSecret } from '../../src/oauth/index.ts'
import { type Browser, basic, type OAuthKit, oauthKit, PASSWORD, type Person, pkce, post } from '../integration/oauth-kit.ts'

const REDIRECT = 'https://app.example.com/callback'
const OTHER_REDIRECT = 'https://app.example.com/other'
const BY = { actor: null, requestId: 'test' }
const PASSKEY_SCRIPT = /^<script src="\/oauth\/assets\/[0-9a-f]{16}\/passkey\.js" defer><\/script>$/
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
let kit: OAuthKit
let app: ClientWithSecret
let other: ClientWithSecret
let person: Person

beforeAll(async () => {
  kit = await oauthKit()
  const scopes = ['posts:read', 'offline_access']
  const redirectUris = [REDIRECT, OTHER_REDIRECT]
  app = await kit.oauth.clients.create({ name: 'App', kind: 'web', redirectUris, scopes }, BY)
  other = await kit.oauth.clients.create({ name: 'Other', kind: 'web', redirectUris, scopes }, BY)
  person = await kit.person('editor')
})
afterAll(() => kit?.[Symbol.asyncDispose]())

interface Held {
  readonly code: string
  readonly verifier: string
  readonly browser: Browser
  readonly back: URL
}

function query(challenge: string, more: Record<string, string> = {}): URLSearchParams {
  return new URLSearchParams({
    client_id: app.client.id,
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'posts:read',
    state: 'the-state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  })
}

/** A code that somebody allowed, before anybody exchanged it. */
async function holdCode(browser = kit.browser()): Promise<Held> {
  const { verifier, challenge } = await pkce()
  let page = await browser.open(`/oauth/authorize?${query(challenge)}`)
  if (page.text.includes('name="password"')) page = await browser.signIn(page, person)
  if (page.text.includes('/consent"')) page = await browser.allow(page)
  const back = new URL(page.url)
  return { code: back.searchParams.get('code') ?? '', verifier, browser, back }
}

function exchange({ code, verifier }: Held, more: Record<string, string> = {}, by = app) {
  const form: Record<string, string> = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: verifier,
    ...more,
  }
  return post(`${kit.origin}/oauth/token`, form, basic(by.client.id, by.secret))
}

function refresh(token: string, by = app) {
  return post(`${kit.origin}/oauth/token`, { grant_type: 'refresh_token', refresh_token: token }, basic(by.client.id, by.secret))
}

async function callApi(token: string): Promise<number> {
  const response = await fetch(`${kit.origin}/api/v1/posts`, { headers: { authorization: `Bearer ${token}` } })
  await response.text()
  return response.status
}

describe('codes', () => {
  test('A6: of a hundred requests with one code at most one succeeds, and what it got is dead', async () => {
    for (let round = 0; round < 5; round++) {
      const held = await holdCode()

      const answers = await Promise.all(Array.from({ length: 100 }, () => exchange(held)))

      const good = answers.filter(({ status }) => status === 200)
      expect(good.length).toBeLessThanOrEqual(1)
      // Who finds no free connection in two seconds is told to come back; that is no second success.
      const refusals = new Set(answers.flatMap(({ status, json }) => (status === 200 ? [] : [`${status} ${json.error}`])))
      refusals.delete('503 temporarily_unavailable')
      expect([...refusals]).toEqual(['400 invalid_grant'])
      for (const { json } of good) {
        expect(await callApi(json.access_token)).toBe(401)
        expect((await refresh(json.refresh_token)).json.error).toBe('invalid_grant')
      }
    }
  })

  test('A6: a second use ends what the first one got, and is reported', async () => {
    const held = await holdCode()
    const first = await exchange(held)
    const before = await callApi(first.json.access_token)
    kit.events.length = 0

    const second = await exchange(held)

    expect([first.status, before, second.status, second.json.error]).toEqual([200, 200, 400, 'invalid_grant'])
    expect(await callApi(first.json.access_token)).toBe(401)
    expect((await refresh(first.json.refresh_token)).json.error).toBe('invalid_grant')
    expect(kit.events.map(({ event }) => event)).toEqual(['auth.oauth_reused'])
  })

  test('A6: a code is worth nothing to another client, and stays good for its own', async () => {
    const held = await holdCode()

    const stolen = await exchange(held, {}, other)
    const own = await exchange(held)

    expect([stolen.status, stolen.json.error, own.status]).toEqual([400, 'invalid_grant', 200])
  })

  test.each([OTHER_REDIRECT, `${REDIRECT}/`, 'https://evil.example/', ''])(
    'A6: nor with the redirect URI %j',
    async (redirectUri) => {
      const answer = await exchange(await holdCode(), { redirect_uri: redirectUri })

      expect([answer.status, answer.json.access_token]).toEqual([400, undefined])
    },
  )

  test('A6: a code lives for a minute', async () => {
    const held = await holdCode()

    const [row] = await kit.sql.query<{ seconds: number }>(
      `SELECT extract(epoch FROM max(expires_at) - now())::float8 AS seconds FROM plinth_oauth_artifacts WHERE kind = 'AuthorizationCode'`,
    )

    expect(held.code).toHaveLength(43)
    expect(row?.seconds).toBeLessThanOrEqual(60)
  })

  test('A6: a code that was made up, cut or lengthened is none', async () => {
    const held = await holdCode()
    const codes = [
      '',
      'x',
      held.code.slice(1),
      `${held.code}A`,
      held.code.toLowerCase(),
      held.code.replace(/.$/, '-'),
      'é',
      'a'.repeat(5_000),
      `${held.code}\u0000`,
    ]

    for (const code of codes)
      expect([code.slice(0, 50), (await exchange({ ...held, code })).status]).toEqual([code.slice(0, 50), 400])
    expect((await exchange(held)).status).toBe(200)
  })

  test('A5: of a hundred requests with one refresh token at most one succeeds, and the family is dead', async () => {
    const { json } = await exchange(await holdCode())

    const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(json.refresh_token)))

    const good = answers.filter(({ status }) => status === 200)
    expect(good.length).toBeLessThanOrEqual(1)
    for (const one of good) {
      expect((await refresh(one.json.refresh_token)).json.error).toBe('invalid_grant')
      expect(await callApi(one.json.access_token)).toBe(401)
    }
  })

  test('A5: a refresh token is worth nothing to another client, and stays good for its own', async () => {
    const { json } = await exchange(await holdCode())

    const stolen = await refresh(json.refresh_token, other)
    const own = await refresh(json.refresh_token)

    expect([stolen.json.error, own.status]).toEqual(['invalid_grant', 200])
  })

  test('A5: a refresh token of a client that was disabled serves no more', async () => {
    const client = await kit.oauth.clients.create(
      { name: 'Gone', kind: 'web', redirectUris: [REDIRECT], scopes: ['posts:read'] },
      BY,
    )
    const { verifier, challenge } = await pkce()
    const browser = kit.browser()
    const consent = await browser.signIn(
      await browser.open(`/oauth/authorize?${query(challenge, { client_id: client.client.id })}`),
      person,
    )
    const code = new URL((await browser.allow(consent)).url).searchParams.get('code') ?? ''
    const { json } = await exchange({ code, verifier, browser, back: new URL(REDIRECT) }, {}, client)

    await kit.oauth.clients.setDisabled(client.client.id, true, BY)

    expect((await refresh(json.refresh_token, client)).json.error).toBe('invalid_client')
    expect(await callApi(json.access_token)).toBe(401)
  })
})

describe('PKCE', () => {
  const verifier = 'v'.repeat(43)
  const s256 = (text: string) => createHash('sha256').update(text).digest('base64url')

  test.each<[string, Record<string, string>]>([
    ['none', {}],
    ['a method alone', { code_challenge_method: 'S256' }],
    ['a challenge without a method', { code_challenge: s256(verifier) }],
    ['plain', { code_challenge: verifier, code_challenge_method: 'plain' }],
    ['PLAIN', { code_challenge: verifier, code_challenge_method: 'PLAIN' }],
    ['s256 in small letters', { code_challenge: s256(verifier), code_challenge_method: 's256' }],
    ['an unknown method', { code_challenge: s256(verifier), code_challenge_method: 'S512' }],
    ['an empty challenge', { code_challenge: '', code_challenge_method: 'S256' }],
    ['42 characters', { code_challenge: 'a'.repeat(42), code_challenge_method: 'S256' }],
    ['129 characters', { code_challenge: 'a'.repeat(129), code_challenge_method: 'S256' }],
    ['padding', { code_challenge: `${s256(verifier)}=`, code_challenge_method: 'S256' }],
    ['characters of plain base64', { code_challenge: `${'a'.repeat(41)}+/`, code_challenge_method: 'S256' }],
    ['a blank', { code_challenge: `${'a'.repeat(42)} `, code_challenge_method: 'S256' }],
  ])('A7: with %s there is no code, for a client with a secret too', async (_, parameters) => {
    const all = query('')
    all.delete('code_challenge')
    all.delete('code_challenge_method')
    for (const [name, value] of Object.entries(parameters)) all.set(name, value)

    const response = await fetch(`${kit.origin}/oauth/authorize?${all}`, { redirect: 'manual' })

    const location = new URL(response.headers.get('location') ?? 'about:blank')
    expect(location.origin).toBe('https://app.example.com')
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      error: 'invalid_request',
      state: 'the-state',
      iss: kit.origin,
    })
  })

  test.each<[string, (verifier: string) => string | undefined]>([
    ['none', () => undefined],
    ['an empty one', () => ''],
    ['another one', () => 'w'.repeat(43)],
    ['its challenge', (text) => s256(text)],
    ['a short one', (text) => text.slice(0, 42)],
    ['a long one', (text) => text.padEnd(129, 'a')],
    ['one with a letter more', (text) => `${text}a`],
    ['one in other case', (text) => text.toUpperCase()],
    ['one with other characters', (text) => text.replace(/.$/, '+')],
  ])('A7: with %s as verifier a code is worth nothing', async (_, change) => {
    const held = await holdCode()
    const changed = change(held.verifier)
    const form: Record<string, string> = { grant_type: 'authorization_code', code: held.code, redirect_uri: REDIRECT }
    if (changed !== undefined) form['code_verifier'] = changed

    const answer = await post(`${kit.origin}/oauth/token`, form, basic(app.client.id, app.secret))

    expect([answer.status, answer.json.access_token]).toEqual([400, undefined])
    expect(answer.json.error).toMatch(/^invalid_(grant|request)$/)
  })

  test('A7: the verifier of one code does not open another', async () => {
    const [one, two] = [await holdCode(), await holdCode()]

    expect((await exchange({ ...one, verifier: two.verifier })).json.error).toBe('invalid_grant')
  })

  test('A7: a pushed request without PKCE is refused', async () => {
    const form = { client_id: app.client.id, response_type: 'code', redirect_uri: REDIRECT, scope: 'posts:read' }

    const answer = await post(`${kit.origin}/oauth/par`, form, basic(app.client.id, app.secret))

    expect([answer.status, answer.json.error]).toEqual([400, 'invalid_request'])
  })
})

describe('grants that there are not', () => {
  test.each([
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    '',
    'constructor',
    '__proto__',
  ])('OAU-02: %j gets no token', async (grant) => {
    const form = { grant_type: grant, username: person.login, password: PASSWORD, scope: 'posts:read' }

    const answer = await post(`${kit.origin}/oauth/token`, form, basic(app.client.id, app.secret))

    expect([answer.status, answer.json.access_token]).toEqual([400, undefined])
    expect(answer.json.error).toMatch(/^(unsupported_grant_type|invalid_request)$/)
  })

  test('OAU-02: a client with a browser gets none for itself, and a service none for a person', async () => {
    const service = await kit.oauth.clients.create({ name: 'Job', kind: 'service', scopes: ['posts:read'] }, BY)
    const own = await post(`${kit.origin}/oauth/token`, { grant_type: 'client_credentials' }, basic(app.client.id, app.secret))
    const response = await fetch(
      `${kit.origin}/oauth/authorize?${query((await pkce()).challenge, { client_id: service.client.id })}`,
      { redirect: 'manual' },
    )
    const device = await post(
      `${kit.origin}/oauth/device/authorize`,
      { scope: 'posts:read' },
      basic(service.client.id, service.secret),
    )

    expect([own.status, response.status, device.status]).toEqual([400, 400, 400])
  })

  test('a client is never let in without the secret that it has', async () => {
    const held = await holdCode()
    const form = {
      grant_type: 'authorization_code',
      client_id: app.client.id,
      code: held.code,
      redirect_uri: REDIRECT,
      code_verifier: held.verifier,
    }
    const attempts: [Record<string, string>, Record<string, string>][] = [
      [form, {}],
      [{ ...form, client_secret: '' }, {}],
      [{ ...form, client_secret: 'wrong' }, {}],
      [form, basic(app.client.id, '')],
      [form, basic(other.client.id, other.secret)],
      [{ ...form, client_secret: app.secret ?? '' }, basic(app.client.id, app.secret)],
      [form, { authorization: 'Basic !!!' }],
      [form, { authorization: `Bearer ${app.secret}` }],
    ]

    for (const [body, headers] of attempts) {
      const { status } = await post(`${kit.origin}/oauth/token`, body, headers)
      expect([400, 401]).toContain(status)
    }
    // What is kept of a secret is no secret.
    const [row] = await kit.sql.query<{ secret_digest: string }>(
      'SELECT secret_digest FROM plinth_oauth_clients WHERE client_id = $1::text',
      [app.client.id],
    )
    expect((await post(`${kit.origin}/oauth/token`, form, basic(app.client.id, row?.secret_digest ?? ''))).status).toBe(401)
    expect((await exchange(held)).status).toBe(200)
  })

  test('parameters that come twice are refused', async () => {
    const held = await holdCode()
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code: held.code,
      redirect_uri: REDIRECT,
      code_verifier: held.verifier,
    })
    for (const name of ['grant_type', 'code', 'redirect_uri', 'code_verifier', 'client_id']) {
      const doubled = new URLSearchParams(form)
      doubled.append(name, 'x')
      doubled.append(name, 'y')
      const response = await fetch(`${kit.origin}/oauth/token`, {
        method: 'POST',
        headers: { ...basic(app.client.id, app.secret), 'content-type': 'application/x-www-form-urlencoded' },
        body: doubled.toString(),
      })
      expect([name, response.status]).toEqual([name, 400])
    }
  })

  test.each([
    ['application/json', '{"grant_type":"client_credentials"}'],
    ['text/plain', 'grant_type=client_credentials'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['application/x-www-form-urlencoded', '%ff%00&=&&&a'],
    ['application/x-www-form-urlencoded', `grant_type=${'a'.repeat(10_000)}`],
    ['application/x-www-form-urlencoded; charset=utf-16', 'grant_type=x'],
    ['', ''],
  ])('a body of %j is refused, and never a fault of ours', async (type, body) => {
    for (const path of ['token', 'introspect', 'revoke', 'par', 'device/authorize']) {
      const response = await fetch(`${kit.origin}/oauth/${path}`, {
        method: 'POST',
        headers: { ...basic(app.client.id, app.secret), ...(type !== '' && { 'content-type': type }) },
        body,
      })
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(response.status).toBeLessThan(500)
      await response.text()
    }
  })

  test('a body that is too long is refused before it is read', async () => {
    // A connection of its own: what is left of the body makes the server close it.
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { ...basic(app.client.id, app.secret), 'content-type': 'application/x-www-form-urlencoded' }
      const asked = request(`${kit.origin}/oauth/token`, { method: 'POST', agent: false, headers }, (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
      asked.on('error', reject)
      asked.end(`a=${'b'.repeat(20_000)}`)
    })

    expect(status).toBe(413)
  })
})

describe('device codes', () => {
  async function device() {
    const client = await kit.oauth.clients.create({ name: 'TV', kind: 'device', scopes: ['posts:read'] }, BY)
    const { json } = await post(`${kit.origin}/oauth/device/authorize`, { client_id: client.client.id, scope: 'posts:read' })
    return { client, json }
  }

  test("A9: user codes are guessed slowly, and a code of one's own pays for no guess", async () => {
    const { json } = await device()
    const browser = kit.browser()
    const page = await browser.open('/oauth/device')
    const statuses: number[] = []

    for (let guess = 0; guess < 20; guess++) {
      const own = guess % 3 === 2
      const answer = await browser.submit(page, '/oauth/device', {
        user_code: own ? json.user_code : `BCDFGH${'JKLMNPQRSTVWXZBCDFGH'[guess]}Z`,
      })
      statuses.push(answer.status)
      if (answer.status === 429) break
      // The page with the confirmation has the same form.
      await browser.open('/oauth/device').then((next) => Object.assign(page, next))
    }

    expect(statuses.at(-1)).toBe(429)
    expect(statuses.length).toBeLessThan(12)
    await kit.sql.query('DELETE FROM plinth_failures')
  })

  test('A9: of a hundred polls for one approved device at most one gets a token', async () => {
    const { client, json } = await device()
    const browser = kit.browser()
    const confirm = await browser.submit(await browser.open('/oauth/device'), '/oauth/device', { user_code: json.user_code })
    await browser.allow(await browser.signIn(await browser.submit(confirm, '/oauth/device', { confirm: 'yes' }), person))
    const poll = () =>
      post(`${kit.origin}/oauth/token`, { grant_type: DEVICE_GRANT, device_code: json.device_code, client_id: client.client.id })

    const answers = await Promise.all(Array.from({ length: 100 }, poll))

    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
  })

  test('A9: a device code is worth nothing to another client', async () => {
    const [one, two] = [await device(), await device()]

    const answer = await post(`${kit.origin}/oauth/token`, {
      grant_type: DEVICE_GRANT,
      device_code: one.json.device_code,
      client_id: two.client.client.id,
    })

    expect(answer.json.error).toBe('invalid_grant')
  })
})

describe('the person in between', () => {
  test('A9: every answer of the authorization endpoint names its issuer', async () => {
    const { back } = await holdCode()
    const denied = await fetch(`${kit.origin}/oauth/authorize?${query((await pkce()).challenge, { prompt: 'none' })}`, {
      redirect: 'manual',
    })
    const location = new URL(denied.headers.get('location') ?? '')

    expect(back.searchParams.get('iss')).toBe(kit.origin)
    expect([location.searchParams.get('error'), location.searchParams.get('iss')]).toEqual(['login_required', kit.origin])
  })

  test('A9: nobody is redirected with 307, which would send the password on', async () => {
    const browser = kit.browser()
    const page = await browser.open(`/oauth/authorize?${query((await pkce()).challenge)}`)
    const action = /action="([^"]*\/sign-in)"/.exec(page.text)?.[1] ?? ''

    const response = await fetch(kit.origin + action, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: kit.origin,
        cookie: `plinth_interaction=${browser.cookie('plinth_interaction')}`,
      },
      body: new URLSearchParams({ login: person.login, password: PASSWORD }).toString(),
    })

    expect(response.status).toBe(303)
  })

  test('A9: a session that was planted before signing in is another one afterwards', async () => {
    const browser = kit.browser()
    browser.setCookie('plinth_oauth', 'planted-by-somebody-who-waits-for-it-to-be-used')
    const page = await browser.open(`/oauth/authorize?${query((await pkce()).challenge)}`)
    const before = browser.cookie('plinth_oauth')

    await browser.signIn(page, person)

    const after = browser.cookie('plinth_oauth')
    expect(after).toBeDefined()
    expect(after).not.toBe(before)
    expect(after).not.toContain('planted')
    const thief = kit.browser()
    for (const cookie of [before ?? '', 'planted-by-somebody-who-waits-for-it-to-be-used']) {
      thief.setCookie('plinth_oauth', cookie)
      expect((await thief.open(`/oauth/authorize?${query((await pkce()).challenge)}`)).text).toContain('name="password"')
    }
  })

  test('A9: a step belongs to the browser in which it began', async () => {
    const [mine, theirs] = [kit.browser(), kit.browser()]
    const page = await mine.open(`/oauth/authorize?${query((await pkce()).challenge)}`)
    const foreign = await theirs.open(`/oauth/authorize?${query((await pkce()).challenge)}`)

    const shown = await theirs.open(page.url)
    const tried = await theirs.submit({ ...foreign, text: page.text }, '/sign-in', { login: person.login, password: PASSWORD })

    expect([shown.status, tried.status]).toEqual([400, 400])
    expect(shown.text).toContain('This page has expired')
    expect(shown.text).not.toContain('name="password"')
  })

  test.each<[string, Record<string, string>]>([
    ['another origin', { origin: 'https://evil.example' }],
    ['a suffix of ours', { origin: 'http://127.0.0.1:1.evil.example' }],
    ['the origin null', { origin: 'null' }],
    ['a neighbouring site', { 'sec-fetch-site': 'same-site' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
  ])('A9: a form from %s signs nobody in and allows nothing', async (_, headers) => {
    const browser = kit.browser()
    const page = await browser.open(`/oauth/authorize?${query((await pkce()).challenge)}`)
    const step = new URL(page.url).pathname
    const signIn = await browser.open(`${step}/sign-in`, { login: person.login, password: PASSWORD }, headers)
    const consent = await browser.signIn(page, person)
    const decided = await browser.open(`${new URL(consent.url).pathname}/consent`, { decision: 'allow' }, headers)
    const out = await browser.open('/oauth/end-session/confirm', { logout: 'yes', xsrf: 'x' }, headers)

    expect([signIn.status, decided.status, out.status]).toEqual([403, 403, 403])
  })

  test('A9: signing out needs the word that stands on the page', async () => {
    const { browser } = await holdCode()
    await browser.open('/oauth/end-session')

    const answer = await browser.open('/oauth/end-session/confirm', { logout: 'yes', xsrf: 'guessed' })

    expect(answer.status).toBe(400)
    expect((await browser.open(`/oauth/authorize?${query((await pkce()).challenge)}`)).url).toContain('code=')
  })

  test('A9: consent cannot be given before somebody has signed in', async () => {
    const browser = kit.browser()
    const page = await browser.open(`/oauth/authorize?${query((await pkce()).challenge)}`)

    const answer = await browser.open(`${new URL(page.url).pathname}/consent`, { decision: 'allow' })

    expect(answer.status).toBe(400)
  })

  test('A9: no page can be framed, kept or made to run anything but the one file that asks for passkeys', async () => {
    const browser = kit.browser()
    const signIn = await browser.open(`/oauth/authorize?${query((await pkce()).challenge)}`)
    const pages = [
      signIn,
      await browser.signIn(signIn, person),
      await browser.open('/oauth/device'),
      await browser.open('/oauth/end-session'),
      await browser.open('/oauth/authorize'),
    ]

    for (const page of pages) {
      const { headers, text } = page
      const scripts = page === signIn ? "'self'" : "'none'"
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toMatch(
        new RegExp(
          `default-src 'none'; script-src ${scripts};.*connect-src ${scripts};.*frame-ancestors 'none'.*form-action 'self'`,
        ),
      )
      expect(text.match(/<script.*/g) ?? []).toEqual(page === signIn ? [expect.stringMatching(PASSKEY_SCRIPT)] : [])
      expect(text).not.toMatch(/<iframe|style=| on[a-z]+=|https?:\/\/(?!127\.0\.0\.1)/)
      expect(text).toMatch(/^<!doctype html>\n<html lang="en">/)
    }
  })

  test('A9: what a client or its request says is text on our pages', async () => {
    const name = `<b>"Bold" & 'bad'</b>`
    const client = await kit.oauth.clients.create({ name, kind: 'web', redirectUris: [REDIRECT], scopes: ['posts:read'] }, BY)
    const browser = kit.browser()
    const hint = `"><script>alert(1)</script>`
    const page = await browser.open(
      `/oauth/authorize?${query((await pkce()).challenge, { client_id: client.client.id, login_hint: hint })}`,
    )
    const consent = await browser.signIn(page, person)
    const wrong = await kit
      .browser()
      .open(`/oauth/authorize?${new URLSearchParams({ client_id: hint, redirect_uri: hint, scope: hint })}`)

    for (const { text } of [page, consent, wrong]) expect(text).not.toMatch(/<script(?! src="\/oauth\/assets\/)|<b>/)
    expect(page.text).toContain('&lt;b&gt;&quot;Bold&quot; &amp; &#39;bad&#39;&lt;/b&gt;')
  })

  test('A9: `Host` and forwarding headers change no address and no cookie', async () => {
    const headers = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
      'x-original-url': '/evil',
    }
    const response = await fetch(`${kit.origin}/oauth/authorize?${query((await pkce()).challenge)}`, {
      redirect: 'manual',
      headers,
    })
    const discovery = await (await fetch(`${kit.origin}/.well-known/openid-configuration`, { headers })).text()

    expect(response.headers.get('location')).toMatch(/^\/oauth\/interaction\//)
    expect(response.headers.getSetCookie().join()).not.toContain('evil')
    expect(discovery).not.toContain('evil')
  })

  test('A9: behind a balancer that speaks TLS, cookies are Secure and out of reach of scripts and neighbours', async () => {
    await using behind = await oauthKit({ publicOrigin: 'https://id.example.com' })
    const client = await behind.oauth.clients.create(
      { name: 'App', kind: 'web', redirectUris: [REDIRECT], scopes: ['posts:read'] },
      BY,
    )

    const response = await fetch(
      `${behind.origin}/oauth/authorize?${query((await pkce()).challenge, { client_id: client.client.id })}`,
      { redirect: 'manual' },
    )
    const end = await fetch(`${behind.origin}/oauth/end-session`)

    const cookies = [...response.headers.getSetCookie(), ...end.headers.getSetCookie()]
    expect(cookies.length).toBeGreaterThanOrEqual(3)
    for (const cookie of cookies)
      expect(cookie).toMatch(
        /^__(Host|Secure)-plinth_.*; secure; httponly; samesite=lax|^__(Host|Secure)-plinth_.*samesite=lax; secure; httponly/i,
      )
    expect(await end.text()).not.toContain('127.0.0.1')
  })

  test('A9: another account in the same browser signs the first one out', async () => {
    const second = await kit.person('viewer')
    const { browser } = await holdCode()
    const page = await browser.open(`/oauth/authorize?${query((await pkce()).challenge, { prompt: 'login' })}`)

    const between = await browser.submit(page, '/sign-in', { login: second.login, password: PASSWORD })
    const consent = await browser.submit(between, '/confirm', { logout: 'yes' })

    expect(between.text).toContain('Change of account')
    expect(between.text).not.toContain('<script')
    expect(consent.text).toContain(second.login)
  })
})
