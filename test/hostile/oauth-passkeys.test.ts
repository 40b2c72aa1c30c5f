/** Passkeys on the pages of the authorization server, for whoever brings one that is not theirs, not fresh, or not from here. */
// Proves IDN-02, SEC-07.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blogApp from '../../examples/blog/app.ts'
import { testService } from '../../src/testing/index.ts'
import { tally } from '../chaos/rounds.ts'
import { addAccount, PASSWORD, tokensOf } from '../conformance/account-kit.ts'
import { type OAuthApp, oauthApp } from '../conformance/oauth-app.ts'
import { Browser, type Page } from '../integration/oauth-kit.ts'
import { type Lies, type PasskeyJson, SoftwareAuthenticator } from '../integration/software-authenticator.ts'

let app: OAuthApp
let serial = 0

beforeAll(async () => {
  app = await oauthApp()
})
afterAll(() => app?.[Symbol.asyncDispose]())

interface Owner {
  readonly email: string
  readonly authenticator: SoftwareAuthenticator
}

async function post(path: string, body: unknown, token?: string) {
  const { json } = await app.blog.request(path, { method: 'POST', body, token })
  if (json.error !== undefined) throw new Error(`Cannot ask ${path}: ${json.error.code} ${json.error.message}`)
  return json.data
}

/** Somebody whose only second factor is a passkey. */
async function addOwner(): Promise<Owner> {
  const email = `page-passkey-${++serial}@example.com`
  await addAccount(app.blog, email)
  const { access } = await tokensOf(app.blog, email)
  const authenticator = new SoftwareAuthenticator(app.origin)
  const response = authenticator.create(await post('/auth/factors/passkeys/challenge', undefined, access))
  await post('/auth/factors/passkeys', { name: 'Key', response }, access)
  return { email, authenticator }
}

/** One visit: a browser that an app sent to sign in, and the page that it sees. */
interface Visit {
  readonly browser: Browser
  readonly page: Page
  /** The address of the step. */
  readonly base: string
}

async function visit(): Promise<Visit> {
  const browser = new Browser(app.origin)
  const page = await browser.open((await app.start()).url)
  return { browser, page, base: new URL(page.url).pathname }
}

/** A visit in which the password was right. */
async function visitSecond({ email }: Owner): Promise<Visit & { readonly ticket: string }> {
  const { browser, page, base } = await visit()
  const second = await browser.open(`${base}/sign-in`, { login: email, password: PASSWORD })
  const ticket = /name="ticket" value="([^"]+)"/.exec(second.text)?.[1] ?? ''
  expect([page.status, second.status, ticket.length]).toEqual([200, 200, 43])
  return { browser, page: second, base, ticket }
}

/** What the script of the page asks for. */
async function challenge({ browser, base }: Visit, ticket?: string): Promise<unknown> {
  const { status, text } = await browser.open(`${base}/passkey-challenge`, ticket === undefined ? {} : { ticket })
  expect(status).toBe(200)
  return JSON.parse(text)
}

const sendFirst = ({ browser, base }: Visit, assertion: unknown): Promise<Page> =>
  browser.open(`${base}/sign-in`, { assertion: JSON.stringify(assertion) })
const sendSecond = ({ browser, base, ticket }: Visit & { readonly ticket: string }, assertion: unknown): Promise<Page> =>
  browser.open(`${base}/second-factor`, {
    ticket,
    methods: 'passkey recovery',
    method: 'recovery',
    assertion: JSON.stringify(assertion),
  })

/** The page of the family, which says that the passkey was not accepted, and signs nobody in. */
function expectRefused(page: Page): void {
  expect([401, 400]).toContain(page.status)
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.text).toContain('The passkey was not accepted.')
  expect(page.text).toMatch(/<title>Error: /)
  expect(page.text).not.toContain('/consent"')
}
const isConsent = ({ text }: Page): boolean => text.includes('/consent"')

const LIES: readonly (readonly [string, Lies])[] = [
  ['from another origin', { origin: 'https://evil.example' }],
  ['from the same host and another port', { origin: 'http://localhost:1' }],
  ['for another relying party', { rpId: 'evil.example' }],
  ['from a page inside a page of somebody else', { clientData: { crossOrigin: true } }],
  ['of another kind', { type: 'webauthn.create' }],
  ['with a challenge that was never made', { challenge: 'A'.repeat(43) }],
  ['that names another account', { userHandle: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ['with nobody present', { isUserPresent: false }],
]

describe('on the first page a passkey is refused', () => {
  test.each(LIES)('%s', async (_, lies) => {
    const { authenticator } = await addOwner()
    const at = await visit()

    const refused = await sendFirst(at, authenticator.get(await challenge(at), lies))
    const taken = await sendFirst(at, authenticator.get(await challenge(at)))

    expectRefused(refused)
    expect(isConsent(taken)).toBe(true)
  })

  test('whose user was not verified: it stands alone', async () => {
    const { authenticator } = await addOwner()
    const at = await visit()

    expectRefused(await sendFirst(at, authenticator.get(await challenge(at), { isUserVerified: false })))
  })

  test('for a challenge of another visit, of the second page, or of the API, and the API takes none of a page', async () => {
    const owner = await addOwner()
    const [at, other, second] = [await visit(), await visit(), await visitSecond(owner)]
    const { authenticator } = owner

    const answers = [
      await sendFirst(at, authenticator.get(await challenge(other))),
      await sendFirst(at, authenticator.get(await challenge(second, second.ticket))),
      await sendFirst(at, authenticator.get(await post('/auth/sessions/passkey/challenge', {}))),
    ]
    const assertion = authenticator.get(await challenge(at))
    const overApi = await app.blog.request('/auth/sessions/passkey', { method: 'POST', body: { assertion } })

    for (const answer of answers) expectRefused(answer)
    expect(overApi.json.error.code).toBe('AUTH_FACTOR_INVALID')
  })

  test('that is no answer of a browser', async () => {
    const at = await visit()
    const { browser, base } = at

    for (const text of ['', '{', 'null', '[]', '"text"', '{"id":7}', `{"id":"${'A'.repeat(2_000)}"}`])
      expectRefused(await browser.open(`${base}/sign-in`, { assertion: text }))
  })

  test('and in the log, without a name', async () => {
    const { authenticator } = await addOwner()
    const at = await visit()
    const before = app.blog.logs().length

    await sendFirst(at, authenticator.get(await challenge(at), { origin: 'https://evil.example' }))

    const events = app.blog.logs().slice(before)
    expect(events.map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({ event: 'auth.sign_in_failed', method: 'passkey' }),
    )
  })
})

describe('behind a password a passkey is refused', () => {
  test.each(LIES)('%s', async (_, lies) => {
    const owner = await addOwner()
    const at = await visitSecond(owner)

    const refused = await sendSecond(at, owner.authenticator.get(await challenge(at, at.ticket), lies))
    const taken = await sendSecond(at, owner.authenticator.get(await challenge(at, at.ticket)))

    expectRefused(refused)
    expect(refused.text).toContain('Recovery code')
    expect(isConsent(taken)).toBe(true)
  })

  test('of another account, with whoever is challenged', async () => {
    const [owner, thief] = [await addOwner(), await addOwner()]
    const [at, own] = [await visitSecond(owner), await visitSecond(thief)]

    const answers = [
      await sendSecond(at, thief.authenticator.get(await challenge(at, at.ticket))),
      await sendSecond(at, thief.authenticator.get(await challenge(own, own.ticket))),
      await sendSecond(at, thief.authenticator.get(await challenge(at))),
    ]

    for (const answer of answers) expectRefused(answer)
  })

  test('for a challenge of another visit of the same person, or of the API', async () => {
    const owner = await addOwner()
    const [at, other] = [await visitSecond(owner), await visitSecond(owner)]
    const overApi = await post('/auth/sessions/passkey/challenge', { ticket: at.ticket })

    const answers = [
      await sendSecond(at, owner.authenticator.get(await challenge(other, other.ticket))),
      await sendSecond(at, owner.authenticator.get(overApi)),
    ]

    for (const answer of answers) expectRefused(answer)
  })

  test('the sixth time at the latest: the ticket is spent, and the first page comes again', async () => {
    const owner = await addOwner()
    const at = await visitSecond(owner)
    const wrong = (): Promise<Page> => sendSecond(at, owner.authenticator.get({ challenge: 'A'.repeat(43), rpId: 'localhost' }))

    const pages = [await wrong(), await wrong(), await wrong(), await wrong(), await wrong()]
    const last = await sendSecond(at, owner.authenticator.get(await challenge(at, at.ticket)))

    for (const page of pages) expectRefused(page)
    expect(last.text).toContain('That took too long. Please begin again.')
    expect(last.text).toContain('name="password"')
  })
})

describe('a challenge', () => {
  test('serves once: the same answer again, after a success or a refusal, is worth nothing', async () => {
    const { authenticator } = await addOwner()
    const [first, second] = [await visit(), await visit()]
    const asked = await challenge(first)
    const refused = authenticator.get(asked, { isUserPresent: false })
    const replayed: PasskeyJson = authenticator.get(asked)

    const answers = [await sendFirst(first, refused), await sendFirst(first, replayed), await sendFirst(second, replayed)]

    for (const answer of answers) expectRefused(answer)
  })

  test('of twenty requests with one answer at once, one signs in', async () => {
    const { authenticator } = await addOwner()
    const at = await visit()
    const assertion = authenticator.get(await challenge(at))

    // Redirects are not followed: what counts is who was let through.
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        fetch(`${app.origin}${at.base}/sign-in`, {
          method: 'POST',
          redirect: 'manual',
          headers: { origin: app.origin, cookie: cookiesOf(at.browser) },
          body: new URLSearchParams({ assertion: JSON.stringify(assertion) }),
        }),
      ),
    )

    expect(tally(answers.map(({ status }) => status))).toEqual({ 303: 1, 401: 19 })
  })

  test('ends after five minutes', async () => {
    const { authenticator } = await addOwner()
    const at = await visit()
    const asked = await challenge(at)
    const sql = await app.blog.sql()

    await sql.query(
      `UPDATE plinth_one_time_secrets SET expires_at = now() - interval '1 second' WHERE purpose = 'passkey-sign-in'`,
    )

    expectRefused(await sendFirst(at, authenticator.get(asked)))
  })

  test('is made for the browser of the step alone, for pages of this service, and for a ticket that is one', async () => {
    const owner = await addOwner()
    const at = await visitSecond(owner)
    const path = `${app.origin}${at.base}/passkey-challenge`
    const cookie = cookiesOf(at.browser)
    const ask = (headers: Readonly<Record<string, string>>, form: Readonly<Record<string, string>> = {}) =>
      fetch(path, { method: 'POST', headers, body: new URLSearchParams(form) })

    const answers = [
      await ask({ origin: app.origin }),
      await ask({ origin: 'https://evil.example', cookie }),
      await ask({ 'sec-fetch-site': 'cross-site', cookie }),
      await ask({ origin: app.origin, cookie }, { ticket: 'A'.repeat(43) }),
    ]
    const bodies = await Promise.all(answers.map((answer) => answer.json() as Promise<Record<string, unknown>>))

    expect(answers.map(({ status }) => status)).toEqual([400, 403, 403, 401])
    for (const body of bodies) expect(Object.keys(body)).toEqual(['message'])
  })
})

test('challenges have the limit of sensitive operations, and the script is told in a sentence', async () => {
  await using limited = await testService({ app: blogApp, environment: { RATE_LIMIT_SENSITIVE: '1/2' } })
  const ask = () =>
    fetch(`${limited.origin}/oauth/interaction/nobody/passkey-challenge`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams(),
    })

  const statuses = [(await ask()).status, (await ask()).status]
  const refused = await ask()

  expect([...statuses, refused.status]).toEqual([400, 400, 429])
  expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
  expect(await refused.json()).toEqual({ message: expect.stringMatching(/Wait a while, then try again\.$/) })
})

test('IDN-01: the first page, and what it asks a passkey with, are the same for every name', async () => {
  const owner = await addOwner()
  const plain = `page-passkey-${++serial}@example.com`
  await addAccount(app.blog, plain)
  const names = [owner.email, plain, 'nobody-at-all@example.com']

  const seen = await Promise.all(
    names.map(async (login) => {
      const at = await visit()
      const wrong = await at.browser.open(`${at.base}/sign-in`, { login, password: 'not the password of theirs' })
      const { challenge: _, ...asked } = (await challenge(at)) as Record<string, unknown>
      const uid = at.base.split('/').at(-1) ?? ''
      return { status: wrong.status, text: wrong.text.replaceAll(uid, 'UID').replaceAll(login, 'NAME'), asked }
    }),
  )

  expect(seen[0]?.asked).toEqual({ rpId: 'localhost', allowCredentials: [], userVerification: 'required', timeout: 300_000 })
  expect(seen[1]).toEqual(seen[0])
  expect(seen[2]).toEqual(seen[0])
})

test('the script is one file that may be kept for ever, of the right type, and nothing else is run', async () => {
  const { page } = await visit()
  const path = /<script src="([^"]+)"/.exec(page.text)?.[1] ?? ''

  const { status, headers, text } = await app.blog.request(path)

  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(text).not.toMatch(/eval|innerHTML|Function\(|document\.write|https?:/)
})

function cookiesOf(browser: Browser): string {
  return browser.cookies.map((name) => `${name}=${browser.cookie(name)}`).join('; ')
}
