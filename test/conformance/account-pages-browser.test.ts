/** The pages that letters lead to in a real browser: from registering to signing in, without script, at the size of a desk and of a phone. */
import { accessSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { recordSkip, type TestService, testService } from '../../src/testing/index.ts'
import { PASSWORD, signIn } from './identity-kit.ts'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = BROWSERS.find((path) => {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
})
if (executablePath === undefined) recordSkip('pages that letters lead to', `none of ${BROWSERS.join(', ')} is installed`)
const SHOTS = process.env['PLINTH_SHOTS']
const NEXT = 'copper lantern drifts north'

let blog: TestService
let browser: Browser

beforeAll(async () => {
  if (executablePath === undefined) return
  blog = await testService({ app })
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
  await blog?.stop()
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
    // The browser says this of every answer with an error status.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, complaints }
}

/** What must hold of each page: nothing is cut off, every field has a label, one heading, nothing too small to be touched. */
async function look(page: Page, { name, width }: Look, step: string): Promise<void> {
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${step}-${name}.png`, fullPage: true })
  expect(await page.locator('body').evaluate((body) => body.scrollWidth)).toBeLessThanOrEqual(width)
  expect(await page.locator('h1').count()).toBe(1)
  for (const field of await page.locator('input:not([type=hidden])').all()) {
    const id = await field.getAttribute('id')
    expect(await page.locator(`label[for="${id}"]`).count()).toBe(1)
    expect((await field.boundingBox())?.height).toBeGreaterThanOrEqual(44)
  }
  for (const button of await page.locator('button, .button').all())
    expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44)
  expect(await page.title()).toContain('Blog')
}

async function lastLink(to: string): Promise<string> {
  const letter = (await blog.letters()).findLast((one) => one.to === to)
  return /http:\S+/.exec(letter?.text ?? '')?.[0] ?? ''
}

test.skipIf(executablePath === undefined).each(LOOKS)(
  'IDN-01: somebody registers, confirms, forgets the password and signs in with a new one, at $width pixels',
  async (at) => {
    const email = `ada-${at.name}@example.com`
    const { page, complaints } = await open(at)
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).origin))

    await blog.request('/auth/registrations', {
      method: 'POST',
      body: { email, password: PASSWORD, display_name: 'Ada' },
    })
    const confirmLink = await lastLink(email)
    await page.goto(confirmLink)
    await look(page, at, '1-confirm')
    const focused = await page.locator(':focus').getAttribute('name')
    await page.getByLabel('Password').fill('not the password of hers')
    await page.getByRole('button', { name: 'Confirm address' }).click()
    await page.getByRole('alert').getByText('not the password that you registered with').waitFor()
    await look(page, at, '2-confirm-wrong')
    const kept = page.url()
    await page.getByLabel('Password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your address is confirmed' }).waitFor()
    await look(page, at, '3-confirmed')
    const first = await signIn(blog, email)

    await page.goto(confirmLink)
    await look(page, at, '4-link-over')
    await page.getByRole('link', { name: 'Set a new password' }).click()
    await page.getByLabel('E-mail address').fill(email)
    await look(page, at, '5-forgot')
    await page.getByRole('button', { name: 'Send the letter' }).click()
    await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor()
    await look(page, at, '6-sent')
    await page.goto(await lastLink(email))
    await page.getByLabel('New password').fill('password1234')
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByRole('alert').getByText('password').waitFor()
    await look(page, at, '7-new-password')
    await page.getByLabel('New password').fill(NEXT)
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByRole('heading', { name: 'Your password is set' }).waitFor()
    await look(page, at, '8-set')

    expect(first.status).toBe(201)
    expect(focused).toBe('password')
    expect(new URL(kept).search).toBe('')
    expect((await signIn(blog, email)).status).toBe(401)
    expect((await signIn(blog, email, NEXT)).status).toBe(201)
    expect(new Set(asked)).toEqual(new Set([new URL(confirmLink).origin]))
    expect(complaints).toEqual([])
  },
)
