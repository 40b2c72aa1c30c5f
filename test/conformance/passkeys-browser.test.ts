/** Passkeys in a real browser, with its virtual authenticator: what the service asks is what browsers take, and what they answer is what it reads. */
import { accessSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { relyingParty } from '../../src/auth/index.ts'
import { recordSkip, type TestService, testService } from '../../src/testing/index.ts'
import { addAccount, signIn, tokensOf } from './identity-kit.ts'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = BROWSERS.find((path) => {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
})
if (executablePath === undefined) recordSkip('passkeys in a browser', `none of ${BROWSERS.join(', ')} is installed`)

let blog: TestService
let browser: Browser | undefined

beforeAll(async () => {
  blog = await testService({ app })
  if (executablePath === undefined) return
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
})
afterAll(async () => {
  await browser?.close()
  await blog.stop()
})

/** A page of the service, in a browser that has an authenticator of its own. */
async function openPage(isUserVerified: boolean): Promise<Page> {
  if (browser === undefined) throw new Error('Cannot open a page: there is no browser')
  const page = await browser.newPage()
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

test.skipIf(executablePath === undefined)(
  'a browser makes a passkey, signs in with it alone, and finishes a sign-in by password (IDN-02)',
  async () => {
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
  },
)

test.skipIf(executablePath === undefined)('a browser does not make a second passkey in the same authenticator', async () => {
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
