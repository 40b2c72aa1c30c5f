/** Passkeys in a real browser, with its virtual authenticator: what the service asks is what browsers take, and what they answer is what it reads. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import app from '../../examples/blog/app.ts'
import { relyingParty } from '../../src/auth/index.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { browserTest, testBrowser } from '../browser.ts'
import { addAccount, signIn, tokensOf } from './account-kit.ts'

const browser = testBrowser('passkeys in a browser')
let blog: TestService

beforeAll(async () => {
  blog = await testService({ app })
})
afterAll(() => blog?.stop())

/** A page of the service, in a browser that has an authenticator of its own. */
async function openPage(isUserVerified: boolean): Promise<Page> {
  const page = await browser.open()
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: isUserVerified,
      isUserVerified,
    },
  })
  await page.goto(`${relyingParty(blog.origin, '').origin}/docs/errors`)
  return page
}

/** Has the browser make a passkey, or use one: by the standard's own readers and printers of JSON. */
function ask(page: Page, kind: 'create' | 'get', options: unknown): Promise<unknown> {
  const text = JSON.stringify(options)
  const script =
    kind === 'create'
      ? `navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(${text}) }).then((made) => made.toJSON())`
      : `navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(${text}) }).then((made) => made.toJSON())`
  return page.evaluate(script)
}

async function post(path: string, body?: unknown, token?: string) {
  const { json } = await blog.request(path, { method: 'POST', body, token })
  if (json.error !== undefined) throw new Error(`Cannot ask ${path}: ${json.error.code} ${json.error.message}`)
  return json.data
}

browserTest('a browser makes a passkey, signs in with it alone, and finishes a sign-in by password (IDN-02)', async () => {
  const email = 'browser@example.com'
  await addAccount(blog, email)
  const { access } = await tokensOf(blog, email)
  const page = await openPage(true)

  const response = await ask(page, 'create', await post('/auth/factors/passkeys/challenge', undefined, access))
  const added = await post('/auth/factors/passkeys', { name: 'Chromium', response }, access)
  const assertion = await ask(page, 'get', await post('/auth/sessions/passkey/challenge', {}))
  const alone = await post('/auth/sessions/passkey', { assertion })
  const { ticket } = (await signIn(blog, email)).json.data
  const second = await ask(page, 'get', await post('/auth/sessions/passkey/challenge', { ticket }))
  const finished = await post('/auth/sessions/second-factor', { ticket, method: 'passkey', assertion: second })

  expect(added.passkey).toMatchObject({ name: 'Chromium', last_used_at: null })
  expect([alone.status, finished.status]).toEqual(['signed_in', 'signed_in'])
})

browserTest('a browser does not make a second passkey in the same authenticator', async () => {
  const email = 'twice@example.com'
  await addAccount(blog, email)
  const { access } = await tokensOf(blog, email)
  const page = await openPage(true)
  const response = await ask(page, 'create', await post('/auth/factors/passkeys/challenge', undefined, access))
  const first = await post('/auth/factors/passkeys', { name: 'Chromium', response }, access)
  const assertion = await ask(page, 'get', await post('/auth/sessions/step-up/passkey-challenge', undefined, access))
  const proved = await post('/auth/sessions/step-up', { method: 'passkey', assertion }, access)

  const again = ask(page, 'create', await post('/auth/factors/passkeys/challenge', undefined, proved.access_token))

  await expect(again).rejects.toThrow('InvalidStateError')
  expect(first.recovery_codes).toHaveLength(10)
})
