/** Passkeys on the pages of the authorization server, in a real browser with its virtual authenticator; and the same pages where no script runs. */
// Proves IDN-02 and OAU-01.
import type { CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { browserTest, contextOf, expectReadable, LOOKS, type Look, testBrowser, watchPage } from '../browser.ts'
import { addAccount, PASSWORD, tokensOf } from './account-kit.ts'
import { CALLBACK, type OAuthApp, oauthApp } from './oauth-app.ts'

const WITH_SCRIPT = LOOKS.map((look) => ({ ...look, name: `passkey-${look.name}`, javaScriptEnabled: true }))
const WITHOUT_SCRIPT = LOOKS.map((look) => ({ ...look, name: `plain-${look.name}`, javaScriptEnabled: false }))
const BUTTON = { name: 'Use a passkey' }
const browser = testBrowser('passkeys on the pages of the authorization server')
let app: OAuthApp
let serial = 0

beforeAll(async () => {
  app = await oauthApp()
})
afterAll(() => app?.[Symbol.asyncDispose]())

interface Visitor {
  readonly page: Page
  readonly devtools: CDPSession
  readonly authenticatorId: string
}

/** A browser that has an authenticator of its own. */
async function openBrowser(look: Look): Promise<Visitor> {
  const page = await browser.open(contextOf(look))
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  })
  return { page, devtools, authenticatorId }
}

async function post(path: string, body: unknown, token?: string) {
  const { json } = await app.blog.request(path, { method: 'POST', body, token })
  if (json.error !== undefined) throw new Error(`Cannot ask ${path}: ${json.error.code} ${json.error.message}`)
  return json.data
}

/** Somebody whose only second factor is a passkey, made in a browser; nobody else has one there. */
async function addOwner({ page }: Visitor) {
  const email = `passkey-${++serial}@example.com`
  await addAccount(app.blog, email)
  const { access } = await tokensOf(app.blog, email)
  const options = await post('/auth/factors/passkeys/challenge', undefined, access)
  await page.goto(`${app.origin}/docs/errors`)
  const response = await page.evaluate(
    `navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(${JSON.stringify(options)}) }).then((made) => made.toJSON())`,
  )
  const { recovery_codes: codes } = await post('/auth/factors/passkeys', { name: 'Chromium', response }, access)
  return { email, codes: codes as readonly string[] }
}

async function typePassword(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Lets the app in. @returns where the browser ends */
async function allow(page: Page): Promise<string> {
  const back = page.waitForRequest((request) => request.url().startsWith(`${CALLBACK}?`))
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  return (await back).url()
}

browserTest.each(WITH_SCRIPT)(
  'IDN-02: somebody whose second factor is a passkey lets an app in with it, at $width pixels',
  async (at) => {
    const visitor = await openBrowser(at)
    const { page } = visitor
    const { email } = await addOwner(visitor)
    const journey = await app.start()
    const { complaints, foreign } = watchPage(page, { own: [app.origin, CALLBACK], ignored: ['Failed to load resource'] })

    await page.goto(journey.url)
    await page.getByRole('button', BUTTON).waitFor()
    await expectReadable(page, at, '1-sign-in')
    await typePassword(page, email)
    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor()
    await expectReadable(page, at, '2-second-factor')
    const focused = await page.locator(':focus').textContent()
    await page.getByRole('button', BUTTON).click()
    await page.getByRole('heading', { name: 'Let Reading List in?' }).waitFor()
    const lent = await journey.finish(await allow(page))

    expect(focused).toBe('Use a passkey')
    expect(lent).toMatchObject({ email, amr: expect.arrayContaining(['pwd', 'mfa', 'user']) })
    expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] })
  },
)

browserTest('IDN-02: somebody lets an app in with a passkey alone, and types nothing', async () => {
  const visitor = await openBrowser(LOOKS[0] as Look)
  const { page } = visitor
  const { email } = await addOwner(visitor)
  const journey = await app.start()
  const sent = page.waitForRequest((request) => request.url().endsWith('/sign-in'))

  await page.goto(journey.url)
  await page.getByLabel('Password').fill('typed and not meant')
  await page.getByRole('button', BUTTON).click()
  await page.getByRole('heading', { name: 'Let Reading List in?' }).waitFor()
  const lent = await journey.finish(await allow(page))

  expect([...new URLSearchParams((await sent).postData() ?? '').keys()]).toEqual(['assertion'])
  expect(lent).toMatchObject({ email, amr: expect.arrayContaining(['mfa', 'user']) })
  expect(lent.amr).not.toContain('pwd')
})

browserTest.each(WITHOUT_SCRIPT)('IDN-02: without script the same pages take a recovery code, at $width pixels', async (at) => {
  const { email, codes } = await addOwner(await openBrowser(WITH_SCRIPT[0] as Look))
  const page = await browser.open(contextOf(at))
  const journey = await app.start()

  await page.goto(journey.url)
  await expectReadable(page, at, '1-sign-in')
  const offered = await page.getByRole('button', BUTTON).count()
  await typePassword(page, email)
  await page.getByLabel('Recovery code').waitFor()
  await expectReadable(page, at, '2-second-factor')
  const focused = await page.locator(':focus').getAttribute('name')
  await page.getByLabel('Recovery code').fill('wrong-wrong-no')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('The code is not right').waitFor()
  await expectReadable(page, at, '3-wrong')
  await page.getByLabel('Recovery code').fill(codes[0] ?? '')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Let Reading List in?' }).waitFor()
  const lent = await journey.finish(await allow(page))

  expect([offered, await page.getByRole('button', BUTTON).count(), focused]).toEqual([0, 0, 'code'])
  expect(lent).toMatchObject({ email, amr: expect.arrayContaining(['pwd', 'otp', 'mfa']) })
})

browserTest('a passkey that is not shown is said on the page, which goes on as before', async () => {
  const visitor = await openBrowser(WITH_SCRIPT[0] as Look)
  const { page, devtools, authenticatorId } = visitor
  const { email } = await addOwner(visitor)
  const journey = await app.start()
  await page.goto(journey.url)
  await typePassword(page, email)

  await devtools.send('WebAuthn.clearCredentials', { authenticatorId })
  const meanwhile: boolean[] = []
  await page.route('**/passkey-challenge', async (route) => {
    meanwhile.push(await page.getByRole('button', BUTTON).isDisabled())
    await route.continue()
  })
  await page.getByRole('button', BUTTON).click()
  await page.getByRole('alert').getByText('No passkey was shown').waitFor()
  await expectReadable(page, WITH_SCRIPT[0] as Look, '3-not-shown')

  expect(meanwhile).toEqual([true])
  expect(await page.getByRole('button', BUTTON).isEnabled()).toBe(true)
  expect(await page.getByLabel('Recovery code').isVisible()).toBe(true)
})

browserTest('a page that was left open says that it is over when a passkey is asked for', async () => {
  const visitor = await openBrowser(WITH_SCRIPT[0] as Look)
  const { page } = visitor
  const { email } = await addOwner(visitor)
  const sql = await app.blog.sql()
  await page.goto((await app.start()).url)
  await typePassword(page, email)
  await page.getByRole('button', BUTTON).waitFor()

  await sql.query(`DELETE FROM plinth_one_time_secrets WHERE purpose = 'sign-in'`)
  await page.getByRole('button', BUTTON).click()

  await page.getByRole('alert').getByText('That took too long. Please begin again.').waitFor()
})
