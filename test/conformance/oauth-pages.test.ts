/** The pages of the authorization server in a real browser: without script, without a complaint, at the size of a phone and in the dark. */
import { accessSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientWithSecret } from '../../src/oauth/index.ts'
import { recordSkip } from '../../src/testing/index.ts'
import { CODE, type OAuthKit, oauthKit, PASSWORD, pkce, post } from '../integration/oauth-kit.ts'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = BROWSERS.find((path) => {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
})
if (executablePath === undefined) recordSkip('pages of the authorization server', `none of ${BROWSERS.join(', ')} is installed`)
const SHOTS = process.env['PLINTH_SHOTS']

const BY = { actor: null, requestId: 'test' }
let kit: OAuthKit
let browser: Browser
let app: ClientWithSecret

beforeAll(async () => {
  if (executablePath === undefined) return
  kit = await oauthKit()
  const scopes = ['posts:read', 'posts:write', 'email', 'profile', 'offline_access']
  app = await kit.oauth.clients.create(
    { name: 'Reading List', kind: 'native', redirectUris: ['http://127.0.0.1/callback'], scopes },
    BY,
  )
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ]
  browser = await chromium.launch({ executablePath, args })
})
afterAll(async () => {
  await browser?.close()
  await kit?.[Symbol.asyncDispose]()
})

interface Look {
  readonly name: string
  readonly width: number
  readonly colorScheme: 'light' | 'dark'
  readonly javaScriptEnabled: boolean
}

const LOOKS: readonly Look[] = [
  { name: 'desk', width: 1_280, colorScheme: 'light', javaScriptEnabled: true },
  { name: 'phone', width: 360, colorScheme: 'dark', javaScriptEnabled: false },
  { name: 'small', width: 320, colorScheme: 'light', javaScriptEnabled: false },
]

async function open({ width, colorScheme, javaScriptEnabled }: Look) {
  const context = await browser.newContext({ viewport: { width, height: 720 }, colorScheme, javaScriptEnabled })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    // The browser says this of every answer with an error status, and of the app's own address, where nobody listens.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(kit.origin) && !request.url().startsWith('http://127.0.0.1:9/'))
      complaints.push(`asks ${request.url()}`)
  })
  return { page, complaints }
}

/** What must hold of each page: nothing is cut off, every field has a label, one heading, and the text can be read. */
async function look(page: Page, { name, width }: Look, step: string): Promise<void> {
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${step}-${name}.png`, fullPage: true })
  expect(await page.locator('body').evaluate((body) => body.scrollWidth)).toBeLessThanOrEqual(width)
  expect(await page.locator('h1').count()).toBe(1)
  for (const field of await page.locator('input:not([type=hidden])').all()) {
    const id = await field.getAttribute('id')
    expect(await page.locator(`label[for="${id}"]`).count()).toBe(1)
  }
  for (const button of await page.locator('button').all()) expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44)
  expect(await page.title()).toContain('Blog')
}

async function authorize(): Promise<string> {
  const { challenge } = await pkce()
  const query = new URLSearchParams({
    client_id: app.client.id,
    response_type: 'code',
    redirect_uri: 'http://127.0.0.1:9/callback',
    scope: 'openid profile email posts:read posts:write offline_access',
    prompt: 'consent',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })
  return `${kit.origin}/oauth/authorize?${query}`
}

test.skipIf(executablePath === undefined).each(LOOKS)(
  'OAU-01: somebody signs in with two factors and decides, at $width pixels',
  async (at) => {
    const person = await kit.person('editor', { hasSecondFactor: true })
    const { page, complaints } = await open(at)

    await page.goto(await authorize())
    await look(page, at, '1-sign-in')
    const focused = await page.locator(':focus').getAttribute('name')
    await page.getByLabel('E-mail address').fill(person.login)
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('is not right').waitFor()
    await look(page, at, '2-wrong')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByLabel('Six-digit code').waitFor()
    await look(page, at, '3-second-factor')
    await page.getByRole('button', { name: 'Use a recovery code' }).click()
    await page.getByLabel('Recovery code').waitFor()
    await look(page, at, '4-recovery')
    await page.getByLabel('Recovery code').fill(CODE)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('heading', { name: 'Let Reading List in?' }).waitFor()
    await look(page, at, '5-consent')
    const wants = await page.locator('.wants li').allTextContents()
    const back = page.waitForRequest((request) => request.url().startsWith('http://127.0.0.1:9/callback?code='))
    await page.getByRole('button', { name: 'Allow', exact: true }).click()

    expect(focused).toBe('login')
    expect(wants).toContain('Create and change posts')
    expect(new URL((await back).url()).searchParams.get('iss')).toBe(kit.origin)
    expect(complaints).toEqual([])
  },
)

test.skipIf(executablePath === undefined).each(LOOKS)('OAU-01: somebody connects a device, at $width pixels', async (at) => {
  const person = await kit.person()
  const device = await kit.oauth.clients.create({ name: 'Living-room TV', kind: 'device', scopes: ['posts:read'] }, BY)
  const { json } = await post(`${kit.origin}/oauth/device/authorize`, { client_id: device.client.id, scope: 'posts:read' })
  const { page, complaints } = await open(at)

  await page.goto(`${kit.origin}/oauth/device`)
  await page.getByLabel('Code').fill('BCDF-BCDF')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('alert').getByText('There is no such code').waitFor()
  await look(page, at, '6-device')
  await page.getByLabel('Code').fill(json.user_code)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText(json.user_code).waitFor()
  await look(page, at, '7-device-confirm')
  await page.getByRole('button', { name: 'It is mine' }).click()
  await page.getByLabel('E-mail address').fill(person.login)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await page.getByRole('heading', { name: 'Your device is connected' }).waitFor()
  await look(page, at, '8-device-done')
  await page.goto(`${kit.origin}/oauth/end-session`)
  await look(page, at, '9-sign-out')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  await look(page, at, '10-signed-out')
  await page.goto(`${kit.origin}/oauth/authorize?client_id=nobody`)
  await look(page, at, '11-error')

  expect(complaints).toEqual([])
})
