/** The flows of OAuth and OpenID Connect, driven by two independent clients from discovery to a call of the API. */
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClientOrder, ClientWithSecret, OAuthClient } from '../../src/oauth/index.ts'
import { basic, CODE, type OAuthKit, oauthKit, PASSWORD, type Person, pkce, post } from './oauth-kit.ts'

const REDIRECT = 'https://app.example.com/callback'
const BY = { actor: null, requestId: 'test' }
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
let kit: OAuthKit

beforeAll(async () => {
  kit = await oauthKit()
})
afterAll(() => kit?.[Symbol.asyncDispose]())

function register(order: Partial<ClientOrder> = {}): Promise<ClientWithSecret> {
  const kind = order.kind ?? 'web'
  const redirectUris = kind === 'web' ? [REDIRECT] : kind === 'native' ? ['http://127.0.0.1/callback'] : []
  return kit.oauth.clients.create(
    {
      name: 'Test app',
      kind,
      redirectUris,
      scopes: ['posts:read', 'posts:write', 'email', 'profile', 'offline_access'],
      ...order,
    },
    BY,
  )
}

function service(scopes: readonly string[] = ['posts:read']): Promise<ClientWithSecret> {
  return register({ kind: 'service', scopes })
}

async function discover(registered: ClientWithSecret): Promise<client.Configuration> {
  return client.discovery(
    new URL(kit.origin),
    registered.client.id,
    registered.secret ?? undefined,
    registered.secret === null ? client.None() : client.ClientSecretBasic(registered.secret),
    { execute: [client.allowInsecureRequests] },
  )
}

/** Signs somebody in, lets them allow, and exchanges the code. */
async function codeFlow(registered: ClientWithSecret, person: Person, scope: string, more: Record<string, string> = {}) {
  const config = await discover(registered)
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = scope.includes('openid') ? client.randomNonce() : undefined
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: registered.client.redirectUris[0] ?? '',
    scope,
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(nonce !== undefined && { nonce }),
    ...more,
  })
  const browser = kit.browser()
  const consent = await browser.signIn(await browser.open(url.href), person)
  const back = await browser.allow(consent)
  const tokens = await client.authorizationCodeGrant(config, new URL(back.url), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    ...(nonce !== undefined && { expectedNonce: nonce, idTokenExpected: true }),
  })
  return { config, browser, consent, tokens, back }
}

/** What an app asks for a code with; by a page's address or pushed. */
function codeRequest({ client }: ClientWithSecret, challenge: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    client_id: client.id,
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'posts:read',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  }
}

/** Exchanges the code that an app got back. */
function redeem(back: URL, verifier: string, { client, secret }: ClientWithSecret) {
  const code = back.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier }
  return post(`${kit.origin}/oauth/token`, form, basic(client.id, secret))
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}

async function callApi(token: string, path = '/api/v1/posts'): Promise<number> {
  const response = await fetch(kit.origin + path, { headers: { authorization: `Bearer ${token}` } })
  await response.text()
  return response.status
}

function newPost(token: string): Promise<Response> {
  return fetch(`${kit.origin}/api/v1/posts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ author_id: claimsOf(token)['sub'], title: 'Written by an app', body: 'On behalf of somebody.' }),
  })
}

describe('discovery', () => {
  test('OAU-01: names every endpoint under the public origin, and nothing that this server does not do', async () => {
    const response = await fetch(`${kit.origin}/.well-known/openid-configuration`, { headers: { host: 'evil.example' } })
    const document = (await response.json()) as Record<string, unknown>

    expect(document).toMatchObject({
      issuer: kit.origin,
      authorization_endpoint: `${kit.origin}/oauth/authorize`,
      token_endpoint: `${kit.origin}/oauth/token`,
      device_authorization_endpoint: `${kit.origin}/oauth/device/authorize`,
      introspection_endpoint: `${kit.origin}/oauth/introspect`,
      revocation_endpoint: `${kit.origin}/oauth/revoke`,
      pushed_authorization_request_endpoint: `${kit.origin}/oauth/par`,
      userinfo_endpoint: `${kit.origin}/oauth/userinfo`,
      end_session_endpoint: `${kit.origin}/oauth/end-session`,
      jwks_uri: `${kit.origin}/.well-known/jwks.json`,
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: expect.arrayContaining(['authorization_code', 'refresh_token', 'client_credentials', DEVICE_GRANT]),
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['ES256'],
      authorization_response_iss_parameter_supported: true,
    })
    expect(document['scopes_supported']).toEqual(expect.arrayContaining(['openid', 'posts:read', 'users:write']))
    expect(JSON.stringify(document)).not.toMatch(/implicit|"password"|registration_endpoint|evil/)
  })

  test('OAU-01: the metadata of RFC 8414 is the same document', async () => {
    const [openid, oauth2] = await Promise.all(
      ['openid-configuration', 'oauth-authorization-server'].map(async (name) =>
        (await fetch(`${kit.origin}/.well-known/${name}`)).json(),
      ),
    )

    expect(oauth2).toEqual(openid)
  })

  test('OAU-01: oauth4webapi accepts the metadata', async () => {
    const issuer = new URL(kit.origin)
    const response = await oauth.discoveryRequest(issuer, { [oauth.allowInsecureRequests]: true })
    const server = await oauth.processDiscoveryResponse(issuer, response)

    expect(server.token_endpoint).toBe(`${kit.origin}/oauth/token`)
  })
})

describe('the code flow', () => {
  test('OAU-01: from the first redirect to a call of the API, with our claims and nothing else', async () => {
    const person = await kit.person('editor')
    const { tokens, back, consent } = await codeFlow(await register(), person, 'openid email posts:read posts:write')

    expect(new URL(back.url).searchParams.get('iss')).toBe(kit.origin)
    expect(consent.text).toContain('See posts')
    expect(consent.text).toContain('Create and change posts')
    expect(tokens.token_type).toBe('bearer')
    expect(tokens.expires_in).toBe(900)
    const claims = claimsOf(tokens.access_token)
    expect(JSON.parse(Buffer.from(tokens.access_token.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({
      alg: 'ES256',
      typ: 'at+jwt',
    })
    expect(Object.keys(claims).sort()).toEqual([
      'amr',
      'aud',
      'auth_time',
      'client_id',
      'device',
      'exp',
      'iat',
      'iss',
      'jti',
      'nbf',
      'permissions',
      'roles',
      'scope',
      'sid',
      'sub',
    ])
    expect(claims).toMatchObject({
      sub: person.subject,
      aud: 'blog',
      roles: ['editor'],
      permissions: ['posts:read', 'posts:write'],
      device: 'browser',
      amr: ['pwd'],
    })
    expect((await newPost(tokens.access_token)).status).toBe(201)
  })

  test('OAU-01: an id token names the person to the client and opens nothing', async () => {
    const person = await kit.person('viewer')
    const { tokens } = await codeFlow(await register(), person, 'openid email profile posts:read')

    expect(tokens.claims()).toMatchObject({ sub: person.subject, iss: kit.origin })
    expect(await callApi(tokens.id_token ?? '')).toBe(401)
  })

  test('OAU-01: a token holds what was asked for and what the role allows, whichever is less', async () => {
    const registered = await register({ scopes: ['posts:read', 'posts:write', 'posts:delete'] })
    const viewer = await codeFlow(registered, await kit.person('viewer'), 'posts:read posts:write posts:delete')
    const admin = await codeFlow(registered, await kit.person('admin'), 'posts:read')

    expect(claimsOf(viewer.tokens.access_token)['permissions']).toEqual(['posts:read'])
    expect(claimsOf(admin.tokens.access_token)['permissions']).toEqual(['posts:read'])
    expect((await newPost(admin.tokens.access_token)).status).toBe(403)
  })

  test('OAU-01: a scope that the client was never lent is refused', async () => {
    const registered = await register({ scopes: ['posts:read'] })
    const url = new URL(`${kit.origin}/oauth/authorize`)
    url.search = String(
      new URLSearchParams(codeRequest(registered, (await pkce()).challenge, { scope: 'users:write', state: 's' })),
    )

    const back = new URL((await kit.browser().open(url.href)).url)

    expect(back.origin).toBe('https://app.example.com')
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'invalid_scope', state: 's', iss: kit.origin })
  })

  test('OAU-01: who only wants to know who it is gets a token for that, and no way into the API', async () => {
    const person = await kit.person('admin')
    const { tokens, config } = await codeFlow(await register(), person, 'openid email profile')

    expect(await callApi(tokens.access_token)).toBe(401)
    expect(await client.fetchUserInfo(config, tokens.access_token, person.subject)).toMatchObject({
      sub: person.subject,
      email: person.login,
      email_verified: true,
      name: expect.stringMatching(/^Person/),
    })
  })

  test('OAU-01: a token for the API opens userinfo too, with what was granted of it', async () => {
    const person = await kit.person('viewer')
    const { tokens, config } = await codeFlow(await register(), person, 'openid posts:read')

    expect(await client.fetchUserInfo(config, tokens.access_token, person.subject)).toEqual({ sub: person.subject })
  })

  test('IDN-02: a second factor is asked for, and stands in the token', async () => {
    const person = await kit.person('editor', { hasSecondFactor: true })
    const registered = await register()
    const { verifier, challenge } = await pkce()
    const browser = kit.browser()
    const query = new URLSearchParams(codeRequest(registered, challenge))

    const factor = await browser.signIn(await browser.open(`/oauth/authorize?${query}`), person)
    const wrong = await browser.submit(factor, '/second-factor', { code: '000000' })
    const consent = await browser.submit(wrong, '/second-factor', { code: CODE })
    const back = new URL((await browser.allow(consent)).url)
    const answer = await redeem(back, verifier, registered)

    expect(factor.text).toContain('Enter your code')
    expect([wrong.status, wrong.text.includes('The code is not right')]).toEqual([401, true])
    expect(claimsOf(answer.json.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], mfa_at: expect.any(Number) })
  })

  test('a wrong password is said on the page, and the address stays in its field', async () => {
    const person = await kit.person()
    const registered = await register()
    const browser = kit.browser()
    const query = new URLSearchParams(codeRequest(registered, (await pkce()).challenge))

    const page = await browser.submit(await browser.open(`/oauth/authorize?${query}`), '/sign-in', {
      login: person.login,
      password: 'wrong',
    })

    expect(page.status).toBe(401)
    expect(page.text).toContain('The e-mail address or the password is not right.')
    expect(page.text).toContain(`value="${person.login}"`)
    expect(page.text).not.toContain('wrong"')
  })

  test('who does not allow sends the client away with access_denied', async () => {
    const registered = await register()
    const browser = kit.browser()
    const query = new URLSearchParams(codeRequest(registered, (await pkce()).challenge, { state: 'kept' }))
    const consent = await browser.signIn(await browser.open(`/oauth/authorize?${query}`), await kit.person())

    const back = new URL((await browser.submit(consent, '/consent', { decision: 'deny' })).url)

    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'access_denied', state: 'kept', iss: kit.origin })
  })

  test('a second request of the same client in the same browser asks nothing again', async () => {
    const registered = await register()
    const { browser } = await codeFlow(registered, await kit.person(), 'posts:read')
    const query = new URLSearchParams(codeRequest(registered, (await pkce()).challenge))

    const back = await browser.open(`/oauth/authorize?${query}`)

    expect(new URL(back.url).searchParams.get('code')).toMatch(/^[\w-]{43}$/)
  })

  test('a grant is a session of its owner: it is listed, and ending it ends the grant', async () => {
    const person = await kit.person()
    const registered = await register()
    const { tokens, config } = await codeFlow(registered, person, 'posts:read offline_access', { prompt: 'consent' })
    const [session] = await kit.sessions.list(person.id)

    await kit.signOut.ofSessions(person.id, [session?.id ?? ''], 'ended_by_owner', BY)
    await kit.oauth.revokeGrantOfSession(session?.id ?? '')

    expect(session).toMatchObject({ clientId: registered.client.id, device: 'browser' })
    expect(claimsOf(tokens.access_token)['sid']).toBe(session?.id)
    expect(await callApi(tokens.access_token)).toBe(401)
    await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('a browser that nobody has signed in with is remembered for a quarter of an hour', async () => {
    await fetch(`${kit.origin}/oauth/device`)

    const rows = await kit.sql.query<{ minutes: number }>(
      `SELECT max(extract(epoch FROM expires_at - now()))::float8 / 60 AS minutes FROM plinth_oauth_artifacts WHERE kind = 'Session' AND account_id IS NULL`,
    )
    expect(rows[0]?.minutes).toBeGreaterThan(1)
    expect(rows[0]?.minutes).toBeLessThanOrEqual(15)
  })

  test('a session that ended without a word to this server ends the grant all the same', async () => {
    const person = await kit.person()
    const { tokens, config } = await codeFlow(await register(), person, 'posts:read offline_access', { prompt: 'consent' })

    await kit.signOut.everywhere(person.id, 'password_changed', BY)

    await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('a new signing key signs from the next request on, and tokens of the old one stay good', async () => {
    const person = await kit.person('editor')
    const registered = await register()
    const before = await codeFlow(registered, person, 'posts:read')

    await kit.keys.rotate({ overlapS: 0 })
    const after = await codeFlow(registered, person, 'openid posts:read')

    const kid = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid as string
    expect(kid(after.tokens.access_token)).toBe(kit.keys.signer().kid)
    expect(kid(after.tokens.id_token ?? '')).toBe(kit.keys.signer().kid)
    expect(kid(before.tokens.access_token)).not.toBe(kit.keys.signer().kid)
    expect([await callApi(before.tokens.access_token), await callApi(after.tokens.access_token)]).toEqual([200, 200])
  })
})

describe('refresh tokens', () => {
  test('JWT-02: rotate at each use', async () => {
    const { tokens, config } = await codeFlow(await register(), await kit.person(), 'posts:read')

    const second = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')

    expect(second.refresh_token).not.toBe(tokens.refresh_token)
    expect(await callApi(second.access_token)).toBe(200)
    expect(claimsOf(second.access_token)).toMatchObject({
      sid: claimsOf(tokens.access_token)['sid'],
      amr: ['pwd'],
      permissions: ['posts:read'],
    })
  })

  test('JWT-02: a second use ends the whole family, and is reported', async () => {
    const person = await kit.person()
    const { tokens, config } = await codeFlow(await register(), person, 'posts:read')
    const second = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    kit.events.length = 0

    await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })

    await expect(client.refreshTokenGrant(config, second.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
    expect(await callApi(second.access_token)).toBe(401)
    expect(kit.events.map(({ event }) => event)).toEqual(['auth.oauth_reused'])
    expect(kit.stolen.filter((id) => id === person.id)).toHaveLength(1)
  })

  test('JWT-02: live thirty days from the consent at the most, however often they are used', async () => {
    const { tokens, config } = await codeFlow(await register(), await kit.person(), 'posts:read offline_access', {
      prompt: 'consent',
    })
    const second = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')

    const rows = await kit.sql.query<{ days: number }>(
      `SELECT extract(epoch FROM expires_at - now())::float8 / 86400 AS days FROM plinth_oauth_artifacts WHERE kind = 'RefreshToken' AND grant_id = $1::text`,
      [claimsOf(second.access_token)['sid'] as string],
    )

    expect(rows).toHaveLength(2)
    for (const { days } of rows) expect(days).toBeLessThanOrEqual(30)
  })
})

describe('client credentials', () => {
  test('OAU-01: a service gets what it was lent and calls the API with it', async () => {
    const registered = await service(['posts:read'])
    const config = await discover(registered)

    const tokens = await client.clientCredentialsGrant(config, { scope: 'posts:read' })

    expect(claimsOf(tokens.access_token)).toMatchObject({
      sub: registered.client.id,
      client_id: registered.client.id,
      roles: [],
      permissions: ['posts:read'],
      device: 'service',
    })
    expect(tokens.refresh_token).toBeUndefined()
    expect(await callApi(tokens.access_token)).toBe(200)
  })

  test('OAU-01: without a scope it gets all that it was lent', async () => {
    const registered = await service(['posts:read', 'posts:delete'])

    const { json } = await post(
      `${kit.origin}/oauth/token`,
      { grant_type: 'client_credentials' },
      basic(registered.client.id, registered.secret),
    )

    expect(claimsOf(json.access_token)['permissions']).toEqual(['posts:delete', 'posts:read'])
  })

  test('OAU-01: more than that is refused', async () => {
    const registered = await service(['posts:read'])

    const answer = await post(
      `${kit.origin}/oauth/token`,
      { grant_type: 'client_credentials', scope: 'posts:read users:write' },
      basic(registered.client.id, registered.secret),
    )

    expect([answer.status, answer.json.error]).toEqual([400, 'invalid_scope'])
  })

  test('a wrong secret is an error in JSON, whatever the caller accepts', async () => {
    const registered = await service()

    const answer = await post(
      `${kit.origin}/oauth/token`,
      { grant_type: 'client_credentials' },
      { ...basic(registered.client.id, 'wrong'), accept: 'text/html' },
    )

    expect([answer.status, answer.json?.error]).toEqual([401, 'invalid_client'])
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('www-authenticate')).toContain('Basic')
  })

  test('a new secret replaces the old one at once', async () => {
    const registered = await service()
    const old = await post(
      `${kit.origin}/oauth/token`,
      { grant_type: 'client_credentials' },
      basic(registered.client.id, registered.secret),
    )

    const { secret } = await kit.oauth.clients.rotateSecret(registered.client.id, BY)

    const statuses = await Promise.all(
      [registered.secret, secret].map(
        async (one) =>
          (await post(`${kit.origin}/oauth/token`, { grant_type: 'client_credentials' }, basic(registered.client.id, one)))
            .status,
      ),
    )
    expect([old.status, ...statuses]).toEqual([200, 401, 200])
  })

  test('a disabled client gets no tokens, and those that it has are refused', async () => {
    const registered = await service()
    const { json } = await post(
      `${kit.origin}/oauth/token`,
      { grant_type: 'client_credentials' },
      basic(registered.client.id, registered.secret),
    )
    const before = await callApi(json.access_token)

    await kit.oauth.clients.setDisabled(registered.client.id, true, BY)

    const answer = await post(
      `${kit.origin}/oauth/token`,
      { grant_type: 'client_credentials' },
      basic(registered.client.id, registered.secret),
    )
    expect([before, await callApi(json.access_token), answer.status, answer.json.error]).toEqual([
      200,
      401,
      401,
      'invalid_client',
    ])
  })
})

describe('the device flow', () => {
  async function begin(kind: OAuthClient['kind'] = 'device') {
    const registered = await register({ kind, scopes: ['posts:read'] })
    const { json } = await post(`${kit.origin}/oauth/device/authorize`, { client_id: registered.client.id, scope: 'posts:read' })
    const poll = () =>
      post(`${kit.origin}/oauth/token`, {
        grant_type: DEVICE_GRANT,
        device_code: json.device_code,
        client_id: registered.client.id,
      })
    return { registered, json, poll }
  }

  test('OAU-01: pending, then slow_down for who cannot wait, then a token', async () => {
    const { json, poll } = await begin()
    const person = await kit.person('editor')
    const browser = kit.browser()

    const [first, second] = [await poll(), await poll()]
    const entry = await browser.open(json.verification_uri_complete)
    const confirm = await browser.submit(entry, '/oauth/device', { user_code: json.user_code })
    const consent = await browser.signIn(await browser.submit(confirm, '/oauth/device', { confirm: 'yes' }), person)
    const done = await browser.allow(consent)
    const third = await poll()

    expect(json.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(json.verification_uri).toBe(`${kit.origin}/oauth/device`)
    expect([first.json.error, second.json.error]).toEqual(['authorization_pending', 'slow_down'])
    expect(entry.text).toContain(`value="${json.user_code}"`)
    expect(confirm.text).toContain('Is this your device?')
    expect(done.text).toContain('Your device is connected')
    expect(claimsOf(third.json.access_token)).toMatchObject({
      sub: person.subject,
      device: 'native',
      permissions: ['posts:read'],
    })
    expect(await callApi(third.json.access_token)).toBe(200)
  })

  test('OAU-01: a device may ask again after five seconds', async () => {
    const { poll } = await begin()
    const errors = [(await poll()).json.error]

    kit.clock.aheadMs += 5_100
    errors.push((await poll()).json.error)
    kit.clock.aheadMs -= 5_100

    expect(errors).toEqual(['authorization_pending', 'authorization_pending'])
  })

  test('who does not know the device says so, and the device hears it', async () => {
    const { json, poll } = await begin()
    const browser = kit.browser()
    const confirm = await browser.submit(await browser.open('/oauth/device'), '/oauth/device', {
      user_code: json.user_code.toLowerCase(),
    })

    const page = await browser.submit(confirm, '/oauth/device', { abort: 'yes' })

    expect(page.text).toContain('The device was not connected')
    expect((await poll()).json.error).toBe('access_denied')
  })

  test('a device code serves once', async () => {
    const { json, poll } = await begin()
    const browser = kit.browser()
    const confirm = await browser.submit(await browser.open('/oauth/device'), '/oauth/device', { user_code: json.user_code })
    const signIn = await browser.submit(confirm, '/oauth/device', { confirm: 'yes' })
    await browser.allow(await browser.signIn(signIn, await kit.person()))
    const tokens = await poll()

    const again = await poll()

    expect([tokens.status, again.json.error]).toEqual([200, 'invalid_grant'])
    expect(await callApi(tokens.json.access_token)).toBe(401)
  })
})

describe('introspection and revocation', () => {
  test('OAU-01: a client learns about its own tokens, signed ones too', async () => {
    const registered = await register()
    const person = await kit.person('editor')
    const { tokens, config } = await codeFlow(registered, person, 'posts:read')

    const [access, refresh] = await Promise.all([
      client.tokenIntrospection(config, tokens.access_token),
      client.tokenIntrospection(config, tokens.refresh_token ?? ''),
    ])

    expect(access).toMatchObject({
      active: true,
      sub: person.subject,
      client_id: registered.client.id,
      aud: 'blog',
      scope: 'posts:read',
      permissions: ['posts:read'],
      token_type: 'Bearer',
    })
    expect(refresh).toMatchObject({ active: true, client_id: registered.client.id })
  })

  test('OAU-01: another client learns nothing, a public one neither, and nobody without a secret', async () => {
    const { tokens } = await codeFlow(await register(), await kit.person(), 'posts:read')
    const other = await service()
    const app = await register({ kind: 'native' })
    const ask = (headers: Record<string, string>, more: Record<string, string> = {}) =>
      post(`${kit.origin}/oauth/introspect`, { token: tokens.access_token, ...more }, headers)

    const [foreign, open, nobody] = [
      await ask(basic(other.client.id, other.secret)),
      await ask({}, { client_id: app.client.id }),
      await ask({}),
    ]

    expect([foreign.json, open.json]).toEqual([{ active: false }, { active: false }])
    expect(nobody.status).toBe(400)
  })

  test('OAU-01: a revoked token is dead with all of its grant, and dead tokens are inactive', async () => {
    const registered = await register()
    const { tokens, config } = await codeFlow(registered, await kit.person(), 'posts:read')

    await client.tokenRevocation(config, tokens.access_token)

    expect(await client.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false })
    expect(await callApi(tokens.access_token)).toBe(401)
    await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('OAU-01: a service revokes its own token; that of another is left alone', async () => {
    const [one, two] = [await service(), await service()]
    const { json } = await post(
      `${kit.origin}/oauth/token`,
      { grant_type: 'client_credentials' },
      basic(one.client.id, one.secret),
    )
    const revoke = (by: ClientWithSecret) =>
      post(`${kit.origin}/oauth/revoke`, { token: json.access_token }, basic(by.client.id, by.secret))

    const foreign = await revoke(two)
    const before = await callApi(json.access_token)
    const own = await revoke(one)

    expect([foreign.status, before, own.status, await callApi(json.access_token)]).toEqual([200, 200, 200, 401])
  })

  test('OAU-01: what is no token at all is inactive, and revoking it is fine', async () => {
    const registered = await service()
    const headers = basic(registered.client.id, registered.secret)

    for (const token of ['x', 'a.b.c', 'signed:a.b.c', 'e30.e30.e30', '\u0001', 'é']) {
      expect((await post(`${kit.origin}/oauth/introspect`, { token }, headers)).json).toEqual({ active: false })
      expect((await post(`${kit.origin}/oauth/revoke`, { token }, headers)).status).toBe(200)
    }
  })
})

describe('pushed authorization requests', () => {
  test('OAU-01: the browser carries a reference, and the code flow goes on as ever', async () => {
    const registered = await register()
    const { verifier, challenge } = await pkce()
    const pushed = await post(
      `${kit.origin}/oauth/par`,
      codeRequest(registered, challenge, { state: 'pushed' }),
      basic(registered.client.id, registered.secret),
    )
    const browser = kit.browser()
    const query = new URLSearchParams({ client_id: registered.client.id, request_uri: pushed.json.request_uri })

    const consent = await browser.signIn(await browser.open(`/oauth/authorize?${query}`), await kit.person())
    const back = new URL((await browser.allow(consent)).url)
    const answer = await redeem(back, verifier, registered)
    const again = await kit.browser().open(`/oauth/authorize?${query}`)

    expect(pushed.status).toBe(201)
    expect(back.searchParams.get('state')).toBe('pushed')
    expect(await callApi(answer.json.access_token)).toBe(200)
    expect(again.status).toBe(400)
  })
})

describe('signing out', () => {
  test('asks first, then ends the browser session and what hangs on it', async () => {
    const { browser, tokens } = await codeFlow(await register(), await kit.person(), 'posts:read')

    const asked = await browser.open('/oauth/end-session')
    const done = await browser.submit(asked, '/confirm', { logout: 'yes' })

    expect(asked.text).toContain('Sign out?')
    expect(done.text).toContain('You are signed out')
    expect(await callApi(tokens.access_token)).toBe(401)
  })

  test('who is signed in nowhere is told so, by a page that needs no script', async () => {
    const page = await kit.browser().open('/oauth/end-session')

    expect(page.text).toContain('You are not signed in')
    expect(page.text).not.toContain('<script')
  })

  test('a changed password ends the sign-in of every browser', async () => {
    const registered = await register()
    const person = await kit.person()
    const { browser } = await codeFlow(registered, person, 'posts:read')
    const query = new URLSearchParams(codeRequest(registered, (await pkce()).challenge))

    kit.clock.aheadMs += 3_000
    await kit.accounts.setPassword(person.id, 'x', BY)
    kit.clock.aheadMs -= 3_000
    const page = await browser.open(`/oauth/authorize?${query}`)

    expect(page.text).toContain('name="password"')
  })
})

test('AUD-01: what the server remembers is a secret to who reads the database', async () => {
  const person = await kit.person()
  const registered = await register()
  const { tokens, back, browser } = await codeFlow(registered, person, 'posts:read')
  const secrets = [
    tokens.access_token,
    tokens.refresh_token,
    new URL(back.url).searchParams.get('code'),
    registered.secret,
    browser.cookie('plinth_oauth'),
    PASSWORD,
  ]

  const rows = await kit.sql.query<{ line: string }>(
    `SELECT a::text AS line FROM plinth_oauth_artifacts a UNION ALL SELECT c::text FROM plinth_oauth_clients c UNION ALL SELECT j::text FROM plinth_journal j`,
  )
  const text = rows.map(({ line }) => line).join('\n') + kit.logs()

  for (const secret of secrets) {
    expect(secret).toMatch(/.{8}/)
    expect(text).not.toContain(secret)
  }
})
