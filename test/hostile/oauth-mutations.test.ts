/**
 * Requests to the authorization server that were right until somebody changed a few of their parts: nothing of it is a fault of ours, sends a browser
 * to a place that was not registered, or comes back as markup.
 */
// Proves OAU-01 and A9.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { report, SEED, seededRandom, size, tally } from '../chaos/rounds.ts'
import { basic, type OAuthKit, oauthKit, type Person, pkce } from '../integration/oauth-kit.ts'

const REDIRECT = 'https://app.example.com/callback'
const BY = { actor: null, requestId: 'test' }
const AT_ONCE = 8

/** Each breaks somebody's parser. */
const ODD = [
  '',
  ' ',
  '\u0000',
  '💥',
  '[]',
  '{}',
  '{"id_token":{"sub":{"value":{"a":1}}}}',
  'null',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  `' OR 1=1--`,
  '"><script>alert(1)</script>',
  '-1',
  '0',
  '1e999',
  'NaN',
  'http://[::1',
  'javascript:alert(1)',
  'https://evil.example/',
  '//evil.example',
  'plain',
  'S256',
  'none',
  'code token id_token',
  'a b  c',
  '\r\nSet-Cookie: a=b',
  'urn:ietf:params:oauth:request_uri:unknown',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'eyJhbGciOiJub25lIn0.e30.',
  'ＢＣＤＦ-ＧＨＪＫ',
  'İ',
  'x'.repeat(300),
  'x'.repeat(6_000),
]

/** Names that the library knows, and some that only look as if. */
const NAMES =
  `client_id client_secret redirect_uri response_type scope state nonce code_challenge code_challenge_method prompt max_age
ui_locales id_token_hint login_hint acr_values claims request request_uri registration response_mode display grant_type code code_verifier refresh_token
device_code user_code token token_type_hint post_logout_redirect_uri resource audience dpop_jkt authorization_details xsrf confirm abort logout login
password ticket method code decision assertion client_assertion client_assertion_type __proto__ constructor a[b] a[]`.split(/\s+/)

/** Texts of queries and forms that are no such thing. */
const BROKEN = ['%', '%E0%A4%A', '&&&=', '=', 'a', 'client_id', '%00=%00', 'a[b][c]=d&a[b]=e', ';a=b', '+', '\u00e9=\u00e9']

interface Recipe {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly form: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

let kit: OAuthKit
let person: Person
let recipes: readonly Recipe[]

beforeAll(async () => {
  kit = await oauthKit()
  person = await kit.person('editor', { hasSecondFactor: true })
  recipes = await makeRecipes()
})
afterAll(() => kit?.[Symbol.asyncDispose]())

async function makeRecipes(): Promise<readonly Recipe[]> {
  const scopes = ['posts:read', 'offline_access']
  const web = await kit.oauth.clients.create({ name: 'Web <b>', kind: 'web', redirectUris: [REDIRECT], scopes }, BY)
  const device = await kit.oauth.clients.create({ name: 'TV', kind: 'device', scopes }, BY)
  const service = await kit.oauth.clients.create({ name: 'Export', kind: 'service', scopes: ['posts:read'] }, BY)
  const { challenge, verifier } = await pkce()
  const asking = {
    client_id: web.client.id,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid posts:read',
    state: 'state',
    nonce: 'nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }
  const asWeb = basic(web.client.id, web.secret)
  const asService = basic(service.client.id, service.secret)
  const access = await kit.token(person)

  // A visit that has come to each page, so that mutations reach behind them.
  const visits = await Promise.all(
    [0, 1, 2].map(async (step) => {
      const browser = kit.browser()
      let page = await browser.open(`/oauth/authorize?${new URLSearchParams(asking)}`)
      if (step > 0) page = await browser.signIn(page, person)
      if (step > 1) page = await browser.submit(page, '/second-factor', { method: 'totp', code: '271828' })
      const [, action = ''] = /<form method="post" action="([^"]*)"/.exec(page.text) ?? []
      const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
      const cookie = browser.cookies.map((name) => `${name}=${browser.cookie(name)}`).join('; ')
      const form = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]))
      return { action, form, headers: { cookie, accept: 'text/html', origin: kit.origin } }
    }),
  )
  const [first, second, third] = visits
  if (first === undefined || second === undefined || third === undefined) throw new TypeError('Cannot test: there is no visit')

  const get = (path: string, form: Recipe['form'], headers: Recipe['headers'] = { accept: 'text/html' }): Recipe => ({
    name: `GET ${path}`,
    method: 'GET',
    path,
    form,
    headers,
  })
  const send = (name: string, path: string, form: Recipe['form'], headers: Recipe['headers'] = {}): Recipe => ({
    name,
    method: 'POST',
    path,
    form,
    headers,
  })
  return [
    get('/oauth/authorize', asking),
    get('/oauth/authorize', asking, third.headers),
    send('POST /oauth/authorize', '/oauth/authorize', asking, { accept: 'text/html' }),
    send('pushed request', '/oauth/par', asking, asWeb),
    send(
      'code',
      '/oauth/token',
      { grant_type: 'authorization_code', code: 'x', redirect_uri: REDIRECT, code_verifier: verifier },
      asWeb,
    ),
    send('refresh', '/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x' }, asWeb),
    send('own credentials', '/oauth/token', { grant_type: 'client_credentials', scope: 'posts:read' }, asService),
    send('device code', '/oauth/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: 'x',
      client_id: device.client.id,
    }),
    send('device', '/oauth/device/authorize', { client_id: device.client.id, scope: 'posts:read' }),
    get('/oauth/device', { user_code: 'BCDF-GHJK' }),
    send('user code', '/oauth/device', { user_code: 'BCDF-GHJK', xsrf: 'x', confirm: 'yes' }, third.headers),
    send('introspection', '/oauth/introspect', { token: access, token_type_hint: 'access_token' }, asWeb),
    send('revocation', '/oauth/revoke', { token: 'x', token_type_hint: 'refresh_token' }, asWeb),
    get('/oauth/userinfo', {}, { authorization: `Bearer ${access}` }),
    get('/oauth/end-session', { client_id: web.client.id, id_token_hint: access, post_logout_redirect_uri: REDIRECT }),
    get('/oauth/end-session', { client_id: web.client.id }, third.headers),
    send('end of the session', '/oauth/end-session/confirm', { xsrf: 'x', logout: 'yes' }, third.headers),
    send('sign-in', first.action, { ...first.form, login: person.login, password: 'wrong' }, first.headers),
    send('second factor', second.action, { ...second.form, method: 'totp', code: '000000' }, second.headers),
    send('consent', third.action, { ...third.form, decision: 'perhaps' }, third.headers),
  ]
}

/** The recipe with up to four of its parts changed. */
function mutate(recipe: Recipe, random: () => number): RequestInit & { readonly url: string } {
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = <Value>(values: readonly Value[]): Value => values[below(values.length)] as Value
  const pairs = Object.entries(recipe.form)
  const headers: Record<string, string> = { ...recipe.headers }
  let { method, path } = recipe as { method: string; path: string }
  let type = 'application/x-www-form-urlencoded'
  let text: string | undefined
  const changes: readonly (() => unknown)[] = [
    () => pairs.length > 0 && (pairs[below(pairs.length)] as [string, string]).splice(1, 1, pick(ODD)),
    () => pairs.length > 0 && (pairs[below(pairs.length)] as [string, string]).splice(1, 1, pick(ODD)),
    () => pairs.push([pick(NAMES), pick(ODD)]),
    () => pairs.push([pick(ODD), pick(ODD)]),
    () => pairs.splice(below(pairs.length), 1),
    () => pairs.length > 0 && pairs.push(pairs[below(pairs.length)] as [string, string]),
    () => (text = pick(BROKEN)),
    () => (type = pick(['application/json', 'text/plain', 'multipart/form-data; boundary=x', '', `${type}; charset=utf-16`])),
    () =>
      (headers['authorization'] = pick([
        'Basic',
        'Basic !!!',
        'Basic JTpl',
        'Bearer',
        'Bearer a.b.c',
        'DPoP a',
        'x'.repeat(2_000),
      ])),
    () =>
      (headers['cookie'] = pick([
        'plinth_oauth=x',
        'plinth_interaction=%',
        'plinth_oauth=; plinth_oauth=a',
        `a=${'x'.repeat(3_000)}`,
      ])),
    () => (headers['accept'] = pick(['*/*;q=0', 'garbage', 'application/json', 'text/html'])),
    () => (headers['accept-language'] = pick(['x'.repeat(3_000), '*', 'de;q=nonsense'])),
    () => (headers['dpop'] = 'a.b.c'),
    () => (path += pick(['/', '//', '/..', '%2f', ';a=b', '/x/y', '?', '%00', '/abort'])),
    () => (method = pick(['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE'])),
  ]
  for (let left = 1 + below(4); left > 0; left--) pick(changes)()
  const form = text ?? pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
  const hasBody = !['GET', 'HEAD'].includes(method)
  if (!hasBody) return { url: `${kit.origin}${path}?${form}`, method, headers, redirect: 'manual' }
  const body = type === 'application/json' ? JSON.stringify(Object.fromEntries(pairs)) : form
  if (type !== '') headers['content-type'] = type
  return { url: `${kit.origin}${path}`, method, headers, body, redirect: 'manual' }
}

/** What must never be, whatever was asked; undefined where all is well. */
async function findFault(answer: Response): Promise<string | undefined> {
  const text = await answer.text()
  if (answer.status >= 500) return `${answer.status}: ${text.slice(0, 200)}`
  const location = answer.headers.get('location')
  const isOurs = location === null || new URL(location, kit.origin).origin === kit.origin
  if (!isOurs && !location.startsWith(`${REDIRECT}?`)) return `a redirect to ${location}`
  if (location !== null && /[?&]code=/.test(location)) return `a code: ${location}`
  if (text.includes('<script>alert')) return 'markup of the request in the answer'
  if (answer.headers.getSetCookie().some((cookie) => cookie.startsWith('a=b'))) return 'a cookie of the request'
  return undefined
}

describe('A request to the authorization server that was changed in a few places', () => {
  test('is answered without a fault, leads nowhere that was not registered, and brings no markup', {
    timeout: 600_000,
  }, async () => {
    const random = seededRandom()
    const statuses: number[] = []
    const faults: string[] = []
    const rounds = size(3_000, 60_000)
    const reached = new Set<string>()
    const client = async (share: number): Promise<void> => {
      for (let round = 0; round < share; round++) {
        const recipe = recipes[Math.floor(random() * recipes.length)] as Recipe
        const { url, ...request } = mutate(recipe, random)
        const answer = await fetch(url, request)
        statuses.push(answer.status)
        if (![404, 405].includes(answer.status)) reached.add(recipe.name)
        const fault = await findFault(answer)
        if (fault !== undefined) faults.push(`${recipe.name}: ${request.method} ${url} ${JSON.stringify(request)} → ${fault}`)
      }
    }

    await Promise.all(Array.from({ length: AT_ONCE }, () => client(rounds / AT_ONCE)))

    report('mutated requests to the authorization server', { requests: statuses.length, statuses: tally(statuses) })
    expect(faults.slice(0, 5), `seed ${SEED}`).toEqual([])
    expect([...reached].sort()).toEqual([...new Set(recipes.map(({ name }) => name))].sort())
  })
})
