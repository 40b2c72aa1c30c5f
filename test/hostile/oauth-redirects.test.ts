/** A8: redirect URIs. Only what was registered letter for letter is ever redirected to, by answers and errors alike. */
// Proves OAU-01 and OAU-02.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClientWithSecret } from '../../src/oauth/index.ts'
import { judgeRedirectUri } from '../../src/oauth/index.ts'
import { type OAuthKit, oauthKit, pkce, post } from '../integration/oauth-kit.ts'

const REGISTERED = 'https://app.example.com/oauth/callback'
const BY = { actor: null, requestId: 'test' }
let kit: OAuthKit
let web: ClientWithSecret
let native: ClientWithSecret

beforeAll(async () => {
  kit = await oauthKit()
  const scopes = ['posts:read']
  web = await kit.oauth.clients.create(
    { name: 'Web', kind: 'web', redirectUris: [REGISTERED, 'https://app.example.com/q?a=1'], scopes },
    BY,
  )
  const redirectUris = ['http://127.0.0.1/callback', 'http://[::1]/callback', 'com.example.app:/callback']
  native = await kit.oauth.clients.create({ name: 'Native', kind: 'native', redirectUris, scopes }, BY)
})
afterAll(() => kit?.[Symbol.asyncDispose]())

/** Everything that is near the registered address and is another one. */
const NEAR = [
  // Beginnings, endings, cuts.
  'https://app.example.com/oauth/callback/',
  'https://app.example.com/oauth/callback/evil',
  'https://app.example.com/oauth/callbackevil',
  'https://app.example.com/oauth/callbac',
  'https://app.example.com/oauth/',
  'https://app.example.com/',
  'https://app.example.com',
  'https://app.example.com/oauth/callback.evil.example',
  'https://app.example.com.evil.example/oauth/callback',
  'https://app.example.comevil.example/oauth/callback',
  'https://evilapp.example.com/oauth/callback',
  'https://evil.app.example.com/oauth/callback',
  'https://evil.example/https://app.example.com/oauth/callback',
  'https://evil.example/?https://app.example.com/oauth/callback',
  'https://evil.example#https://app.example.com/oauth/callback',
  'https://example.com/oauth/callback',
  // Case.
  'https://APP.example.com/oauth/callback',
  'https://app.example.com/OAUTH/callback',
  'HTTPS://app.example.com/oauth/callback',
  'https://app.example.com/oauth/Callback',
  // Scheme.
  'http://app.example.com/oauth/callback',
  '//app.example.com/oauth/callback',
  'app.example.com/oauth/callback',
  '/oauth/callback',
  'callback',
  'ftp://app.example.com/oauth/callback',
  'ws://app.example.com/oauth/callback',
  'https:app.example.com/oauth/callback',
  'https:/app.example.com/oauth/callback',
  'https:///app.example.com/oauth/callback',
  'https:\\\\app.example.com\\oauth\\callback',
  'javascript:alert(1)',
  'javascript://app.example.com/oauth/callback%0aalert(1)',
  'JaVaScRiPt:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'file:///etc/passwd',
  'blob:https://app.example.com/oauth/callback',
  'about:blank',
  'intent://app.example.com/oauth/callback#Intent;scheme=https;end',
  // Port.
  'https://app.example.com:443/oauth/callback',
  'https://app.example.com:8443/oauth/callback',
  'https://app.example.com:/oauth/callback',
  'https://app.example.com:0443/oauth/callback',
  'https://app.example.com:443@evil.example/oauth/callback',
  // User names.
  'https://user@app.example.com/oauth/callback',
  'https://user:pass@app.example.com/oauth/callback',
  'https://@app.example.com/oauth/callback',
  'https://app.example.com@evil.example/oauth/callback',
  'https://app.example.com%40evil.example/oauth/callback',
  'https://evil.example\\@app.example.com/oauth/callback',
  'https://evil.example%5c@app.example.com/oauth/callback',
  // Fragments.
  'https://app.example.com/oauth/callback#',
  'https://app.example.com/oauth/callback#evil',
  'https://app.example.com/oauth/callback%23evil',
  // Queries.
  'https://app.example.com/oauth/callback?',
  'https://app.example.com/oauth/callback?next=https://evil.example',
  'https://app.example.com/oauth/callback&a=1',
  'https://app.example.com/q',
  'https://app.example.com/q?a=2',
  'https://app.example.com/q?a=1&b=2',
  'https://app.example.com/q?b=2&a=1',
  // Steps and their disguises.
  'https://app.example.com/oauth/../oauth/callback',
  'https://app.example.com/oauth/./callback',
  'https://app.example.com/oauth/callback/..',
  'https://app.example.com/oauth/callback/../../evil',
  'https://app.example.com/oauth/%2e%2e/oauth/callback',
  'https://app.example.com/oauth/..%2foauth/callback',
  'https://app.example.com/oauth%2fcallback',
  'https://app.example.com/oauth/c%61llback',
  'https://app.example.com/oauth/%63allback',
  'https://app.example.com/oauth//callback',
  'https://app.example.com//oauth/callback',
  'https://app.example.com/oauth/callback%00',
  'https://app.example.com/oauth/callback%0d%0aset-cookie:a=b',
  'https://app.example.com/oauth/callback;evil',
  'https://app.example.com/oauth\\callback',
  // Hosts written another way.
  'https://app.example.com./oauth/callback',
  'https://app%2eexample.com/oauth/callback',
  'https://app。example。com/oauth/callback',
  'https://аpp.example.com/oauth/callback',
  'https://app.example.com%00.evil.example/oauth/callback',
  'https://[::1]/oauth/callback',
  'https://[::ffff:127.0.0.1]/oauth/callback',
  'https://127.0.0.1/oauth/callback',
  'https://localhost/oauth/callback',
  'http://localhost/oauth/callback',
  'http://127.0.0.1/oauth/callback',
  // Wildcards and blanks.
  'https://*.example.com/oauth/callback',
  'https://app.example.com/*',
  '*',
  ' https://app.example.com/oauth/callback',
  'https://app.example.com/oauth/callback ',
  '\thttps://app.example.com/oauth/callback',
  'https://app.example.com/oauth/call\nback',
  'https://app.example.com/oauth/callback\u0000',
  'https://app.example.com/oauth/callback https://evil.example',
  'https://app.example.com/oauth/callback,https://evil.example',
  '',
  'null',
  'undefined',
  'urn:ietf:wg:oauth:2.0:oob',
  `https://app.example.com/oauth/callback?${'a'.repeat(3_000)}`,
]

/** The same for an app: its loopback address may have any port, and nothing else may differ. */
const NEAR_NATIVE = [
  'http://127.0.0.1:8080/evil',
  'http://127.0.0.1:8080/callback/',
  'http://127.0.0.1:8080/callback?a=1',
  'http://127.0.0.1:8080/callback#a',
  'http://127.0.0.2:8080/callback',
  'http://127.1:8080/callback',
  'http://0.0.0.0:8080/callback',
  'http://2130706433:8080/callback',
  'http://0x7f000001:8080/callback',
  'http://localhost:8080/callback',
  'https://127.0.0.1:8080/callback',
  'http://user@127.0.0.1:8080/callback',
  'http://127.0.0.1:8080@evil.example/callback',
  'http://127.0.0.1:8080.evil.example/callback',
  'http://127.0.0.1:99999/callback',
  'http://127.0.0.1:80 80/callback',
  'http://[::1]:8080/evil',
  'http://[::2]:8080/callback',
  'http://[::ffff:127.0.0.1]:8080/callback',
  'http://[0:0:0:0:0:0:0:1]:8080/callback',
  'com.example.app:/evil',
  'com.example.app://callback',
  'com.example.evil:/callback',
  'COM.example.app:/callback',
]

async function authorize(client: ClientWithSecret, redirectUri: string | readonly string[], more: Record<string, string> = {}) {
  const query = new URLSearchParams({
    client_id: client.client.id,
    response_type: 'code',
    scope: 'posts:read',
    state: 'the-state',
    code_challenge: (await pkce()).challenge,
    code_challenge_method: 'S256',
    ...more,
  })
  for (const uri of typeof redirectUri === 'string' ? [redirectUri] : redirectUri) query.append('redirect_uri', uri)
  const response = await fetch(`${kit.origin}/oauth/authorize?${query}`, { redirect: 'manual' })
  return {
    status: response.status,
    location: response.headers.get('location'),
    text: await response.text(),
    headers: response.headers,
  }
}

describe('the authorization endpoint', () => {
  test('goes on for the registered address', async () => {
    expect(await authorize(web, REGISTERED)).toMatchObject({
      status: 303,
      location: expect.stringMatching(/\/oauth\/interaction\//),
    })
    expect(await authorize(web, 'https://app.example.com/q?a=1')).toMatchObject({ status: 303 })
  })

  test('A8: there are more than eighty ways to write it otherwise', () => {
    expect(new Set(NEAR).size).toBe(NEAR.length)
    expect(NEAR.length + NEAR_NATIVE.length).toBeGreaterThan(120)
  })

  test.each(NEAR)('A8: does not redirect to %j', async (uri) => {
    const answer = await authorize(web, uri)

    expect([answer.status, answer.location]).toEqual([400, null])
    expect(answer.text).not.toMatch(/<script|http-equiv|href="(?!\/oauth)/)
  })

  test.each(NEAR)('A8: does not bring an error to %j either', async (uri) => {
    const answers = await Promise.all([
      authorize(web, uri, { scope: 'users:write' }),
      authorize(web, uri, { response_type: 'token' }),
      authorize(web, uri, { code_challenge_method: 'plain' }),
      authorize(web, uri, { prompt: 'none' }),
    ])

    expect(answers.map(({ status, location }) => [status, location])).toEqual(answers.map(() => [400, null]))
  })

  test.each(NEAR_NATIVE)('A8: does not redirect an app to %j', async (uri) => {
    expect(await authorize(native, uri)).toMatchObject({ status: 400, location: null })
  })

  test.each([
    'http://127.0.0.1:8080/callback',
    'http://127.0.0.1:51004/callback',
    'http://127.0.0.1/callback',
    'http://[::1]:8080/callback',
    'com.example.app:/callback',
  ])('A8: an app is redirected to %s, whatever its port', async (uri) => {
    expect(await authorize(native, uri)).toMatchObject({ status: 303, location: expect.stringMatching(/\/oauth\/interaction\//) })
  })

  test('A8: a server-side app has no such choice of ports', async () => {
    const loopback = await authorize(web, 'https://app.example.com:8443/oauth/callback')

    expect(loopback.location).toBeNull()
  })

  test('A8: two addresses are none', async () => {
    for (const uris of [
      [REGISTERED, 'https://evil.example/'],
      ['https://evil.example/', REGISTERED],
      [REGISTERED, REGISTERED],
    ]) {
      const { status, location } = await authorize(web, uris)
      expect([status, location]).toEqual([400, null])
    }
  })

  test('A8: no address is none, even where only one is registered', async () => {
    const [one] = await Promise.all([
      kit.oauth.clients.create({ name: 'One', kind: 'web', redirectUris: [REGISTERED], scopes: ['posts:read'] }, BY),
    ])

    expect(await authorize(one, [])).toMatchObject({ status: 400, location: null })
  })

  test('A8: an unknown client redirects nowhere', async () => {
    const answer = await authorize(web, REGISTERED, { client_id: 'client_unknown' })

    expect([answer.status, answer.location]).toEqual([400, null])
    expect(answer.text).toContain('Unknown app')
  })

  test('A8: a pushed request knows no other addresses', async () => {
    const headers = { authorization: `Basic ${Buffer.from(`${web.client.id}:${web.secret}`).toString('base64')}` }
    const { challenge } = await pkce()
    for (const uri of NEAR.slice(0, 40)) {
      const form = {
        client_id: web.client.id,
        response_type: 'code',
        redirect_uri: uri,
        scope: 'posts:read',
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }
      const answer = await post(`${kit.origin}/oauth/par`, form, headers)
      expect([uri, answer.status]).toEqual([uri, 400])
    }
  })

  test('A8: signing out redirects nowhere', async () => {
    for (const uri of ['https://evil.example/', REGISTERED, '//evil.example', 'javascript:alert(1)']) {
      const query = new URLSearchParams({ post_logout_redirect_uri: uri, client_id: web.client.id })
      const response = await fetch(`${kit.origin}/oauth/end-session?${query}`, { redirect: 'manual' })
      expect([response.status, response.headers.get('location')]).toEqual([400, null])
    }
  })

  test.each(['fragment', 'form_post', 'web_message', 'jwt', 'query.jwt'])('A8: the answer does not go by %s', async (mode) => {
    const answer = await authorize(web, REGISTERED, { response_mode: mode })

    // The error goes by the query, to the registered address.
    const location = new URL(answer.location ?? 'about:blank')
    expect([location.origin + location.pathname, location.hash]).toEqual([REGISTERED, ''])
    expect(location.searchParams.get('error')).toMatch(/unsupported_response_mode|invalid_request/)
  })

  test.each(['token', 'id_token', 'code token', 'code id_token', 'id_token token', 'none', ''])(
    'OAU-02: the response type %j is refused',
    async (type) => {
      const answer = await authorize(web, REGISTERED, { response_type: type, nonce: 'n', scope: 'openid' })

      expect(answer.location ?? '').toMatch(
        /^https:\/\/app\.example\.com\/oauth\/callback\?error=(unsupported_response_type|invalid_request)/,
      )
      expect(answer.location).not.toMatch(/access_token|id_token=|code=/)
    },
  )
})

describe('registration', () => {
  test.each(NEAR_NATIVE.filter((uri) => !uri.startsWith('com.example')))('judges %j for an app', (uri) => {
    const url = URL.parse(uri)
    const isGood =
      url?.href === uri &&
      ['127.0.0.1', '[::1]'].includes(url.hostname) &&
      url.protocol === 'http:' &&
      url.hash === '' &&
      url.username === ''
    const isHttps = url?.href === uri && url.protocol === 'https:' && url.hash === '' && url.username === ''

    expect(judgeRedirectUri(uri, 'native') === undefined).toBe(isGood || isHttps)
  })

  test.each([
    ['https://app.example.com/cb#x', 'web', 'it has a fragment, expected none'],
    ['https://*.example.com/cb', 'web', 'it has a wildcard, expected one exact address'],
    ['http://app.example.com/cb', 'web', 'its scheme is "http", expected https'],
    ['http://127.0.0.1/cb', 'web', 'its scheme is "http", expected https'],
    [
      'http://localhost/cb',
      'native',
      'it is plain http to another machine, expected https, or http://127.0.0.1 for the app itself',
    ],
    ['javascript:alert(1)', 'web', 'its scheme is "javascript", expected https'],
    [
      'javascript:alert(1)',
      'native',
      'its scheme is "javascript", expected https, http://127.0.0.1 or a domain name backwards ("com.example.app:")',
    ],
    ['https://a:b@app.example.com/cb', 'web', 'it holds a user name, expected none'],
    ['https://app.example.com/a/../cb', 'web', 'its path climbs or hides a step, expected a plain path'],
    ['https://app.example.com/a/%2e%2e/cb', 'web', 'its path climbs or hides a step, expected a plain path'],
    ['https://app.example.com', 'web', 'browsers write it differently, expected "https://app.example.com/"'],
    ['https://APP.example.com/cb', 'web', 'browsers write it differently, expected "https://app.example.com/cb"'],
    ['https://app.example.com./cb', 'web', 'its host ends in a dot'],
    ['/cb', 'web', 'it is not an absolute URI'],
    ['https://app.example.com/a b', 'web', 'it has a character that a URI cannot hold, expected it percent-encoded'],
  ] as const)('A8: of %j for a %s client it says what is wrong', (uri, kind, fault) => {
    expect(judgeRedirectUri(uri, kind)).toBe(fault)
  })

  test('A8: names every redirect URI that is wrong', async () => {
    const order = {
      name: 'App',
      kind: 'web',
      redirectUris: [REGISTERED, 'http://a/', 'https://b/#x'],
      scopes: ['posts:read', 'posts:explode'],
    } as const

    await expect(kit.oauth.clients.create(order, BY)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ field: 'redirectUris.1' }, { field: 'redirectUris.2' }, { field: 'scopes.1' }],
    })
  })

  test('a client without a browser has no redirect URIs, and a service no scopes of a person', async () => {
    const device = { name: 'TV', kind: 'device', redirectUris: [REGISTERED], scopes: [] } as const
    const service = { name: 'Job', kind: 'service', scopes: ['openid'] } as const

    await expect(kit.oauth.clients.create(device, BY)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
    await expect(kit.oauth.clients.create(service, BY)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
  })
})
