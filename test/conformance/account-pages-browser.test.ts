/** The pages that letters lead to in a real browser: from registering to signing in, without script, at the size of a desk and of a phone. */
import { afterAll, beforeAll, expect } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { browserTest, contextOf, expectReadable, LOOKS, testBrowser, watchPage } from '../browser.ts'
import { PASSWORD, signIn } from './account-kit.ts'

const NEXT = 'copper lantern drifts north'

const browser = testBrowser('pages that letters lead to')
let blog: TestService

beforeAll(async () => {
  blog = await testService({ app })
})
afterAll(() => blog?.stop())

async function lastLink(to: string): Promise<string> {
  const letter = (await blog.letters()).findLast((one) => one.to === to)
  return /http:\S+/.exec(letter?.text ?? '')?.[0] ?? ''
}

browserTest.each(LOOKS)(
  'IDN-01: somebody registers, confirms, forgets the password and signs in with a new one, at $width pixels',
  async (at) => {
    const email = `ada-${at.name}@example.com`
    const page = await browser.open(contextOf(at))
    // The browser says this of every answer with an error status.
    const { complaints } = watchPage(page, { ignored: ['Failed to load resource'] })
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).origin))

    await blog.request('/auth/registrations', {
      method: 'POST',
      body: { email, password: PASSWORD, display_name: 'Ada' },
    })
    const confirmLink = await lastLink(email)
    await page.goto(confirmLink)
    await expectReadable(page, at, '1-confirm')
    const focused = await page.locator(':focus').getAttribute('name')
    await page.getByLabel('Password').fill('not the password of hers')
    await page.getByRole('button', { name: 'Confirm address' }).click()
    await page.getByRole('alert').getByText('not the password that you registered with').waitFor()
    await expectReadable(page, at, '2-confirm-wrong')
    const kept = page.url()
    await page.getByLabel('Password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your address is confirmed' }).waitFor()
    await expectReadable(page, at, '3-confirmed')
    const first = await signIn(blog, email)

    await page.goto(confirmLink)
    await expectReadable(page, at, '4-link-over')
    await page.getByRole('link', { name: 'Ask for another letter' }).click()
    await page.getByLabel('E-mail address').fill(email)
    await expectReadable(page, at, '5-forgot')
    await page.getByRole('button', { name: 'Send the letter' }).click()
    await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor()
    await expectReadable(page, at, '6-sent')
    await page.goto(await lastLink(email))
    await page.getByLabel('New password').fill('password1234')
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByRole('alert').getByText('password').waitFor()
    await expectReadable(page, at, '7-new-password')
    await page.getByLabel('New password').fill(NEXT)
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByRole('heading', { name: 'Your password is set' }).waitFor()
    await expectReadable(page, at, '8-set')

    expect(first.status).toBe(201)
    expect(focused).toBe('password')
    expect(new URL(kept).search).toBe('')
    expect((await signIn(blog, email)).status).toBe(401)
    expect((await signIn(blog, email, NEXT)).status).toBe(201)
    expect(new Set(asked)).toEqual(new Set([new URL(confirmLink).origin]))
    expect(complaints).toEqual([])
  },
)
