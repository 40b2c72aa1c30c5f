/** The pages of the authorization server in a real browser: without script, without a complaint, at the size of a phone and in the dark. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import type { ClientWithSecret } from '../../src/oauth/index.ts'
import { browserTest, contextOf, expectReadable, LOOKS, type Look, testBrowser, type Watch, watchPage } from '../browser.ts'
import { CODE, type OAuthKit, oauthKit, PASSWORD, pkce, post } from '../integration/oauth-kit.ts'

/** The address of the app, where nobody listens. */
const APP_ORIGIN = 'http://127.0.0.1:9/'
const BY = { actor: null, requestId: 'test' }
const browser = testBrowser('pages of the authorization server')
let kit: OAuthKit
let app: ClientWithSecret

beforeAll(async () => {
  kit = await oauthKit()
  const scopes = ['posts:read', 'posts:write', 'email', 'profile', 'offline_access']
  app = await kit.oauth.clients.create(
    { name: 'Reading List', kind: 'native', redirectUris: ['http://127.0.0.1/callback'], scopes },
    BY,
  )
})
afterAll(() => kit?.[Symbol.asyncDispose]())

async function open(look: Look): Promise<Watch & { readonly page: Page }> {
  const page = await browser.open(contextOf(look))
  // The browser says this of every answer with an error status, and of the app's own address, where nobody listens.
  const ignored = ['Failed to load resource']
  return { page, ...watchPage(page, { own: [kit.origin, APP_ORIGIN], ignored }) }
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

browserTest.each(LOOKS)('OAU-01: somebody signs in with two factors and decides, at $width pixels', async (at) => {
  const person = await kit.person('editor', { hasSecondFactor: true })
  const { page, complaints, foreign } = await open(at)

  await page.goto(await authorize())
  await expectReadable(page, at, '1-sign-in')
  const focused = await page.locator(':focus').getAttribute('name')
  await page.getByLabel('E-mail address').fill(person.login)
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('is not right').waitFor()
  await expectReadable(page, at, '2-wrong')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByLabel('Six-digit code').waitFor()
  await expectReadable(page, at, '3-second-factor')
  await page.getByRole('button', { name: 'Use a recovery code' }).click()
  await page.getByLabel('Recovery code').waitFor()
  await expectReadable(page, at, '4-recovery')
  await page.getByLabel('Recovery code').fill(CODE)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Let Reading List in?' }).waitFor()
  await expectReadable(page, at, '5-consent')
  const wants = await page.locator('.wants li').allTextContents()
  const back = page.waitForRequest((request) => request.url().startsWith('http://127.0.0.1:9/callback?code='))
  await page.getByRole('button', { name: 'Allow', exact: true }).click()

  expect(focused).toBe('login')
  expect(wants).toContain('Create and change posts')
  expect(new URL((await back).url()).searchParams.get('iss')).toBe(kit.origin)
  expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] })
})

browserTest.each(LOOKS)('OAU-01: somebody connects a device, at $width pixels', async (at) => {
  const person = await kit.person()
  const device = await kit.oauth.clients.create({ name: 'Living-room TV', kind: 'device', scopes: ['posts:read'] }, BY)
  const { json } = await post(`${kit.origin}/oauth/device/authorize`, { client_id: device.client.id, scope: 'posts:read' })
  const { page, complaints, foreign } = await open(at)

  await page.goto(`${kit.origin}/oauth/device`)
  await page.getByLabel('Code').fill('BCDF-BCDF')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('alert').getByText('There is no such code').waitFor()
  await expectReadable(page, at, '6-device')
  await page.getByLabel('Code').fill(json.user_code)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText(json.user_code).waitFor()
  await expectReadable(page, at, '7-device-confirm')
  await page.getByRole('button', { name: 'It is mine' }).click()
  await page.getByLabel('E-mail address').fill(person.login)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await page.getByRole('heading', { name: 'Your device is connected' }).waitFor()
  await expectReadable(page, at, '8-device-done')
  await page.goto(`${kit.origin}/oauth/end-session`)
  await expectReadable(page, at, '9-sign-out')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  await expectReadable(page, at, '10-signed-out')
  await page.goto(`${kit.origin}/oauth/authorize?client_id=nobody`)
  await expectReadable(page, at, '11-error')

  expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] })
})
