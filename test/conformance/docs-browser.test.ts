/** The pages for people in a real browser: they must work under the strict content security policy and ask no other server for anything. */
import { accessSync } from 'node:fs'
import { chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { recordSkip, type TestService, testService } from '../../src/testing/index.ts'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = BROWSERS.find((path) => {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
})
if (executablePath === undefined) recordSkip('pages in a browser', `none of ${BROWSERS.join(', ')} is installed`)

/** What went wrong on a page, and where it asked for things. */
interface Watch {
  readonly complaints: string[]
  readonly foreign: string[]
}

function watch(page: Page, origin: string): Watch {
  const found: Watch = { complaints: [], foreign: [] }
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      // Swagger UI looks for an input of its own for each format, and takes a plain one where it has none.
      if (!message.text().startsWith('Could not find component: JsonSchema_')) found.complaints.push(message.text())
    }
  })
  page.on('pageerror', (error) => found.complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) found.foreign.push(request.url())
  })
  return found
}

let service: TestService
let browser: Awaited<ReturnType<typeof chromium.launch>> | undefined

function openPage(): Promise<Page> {
  if (browser === undefined) throw new Error('Cannot open a page: there is no browser')
  return browser.newPage()
}

beforeAll(async () => {
  service = await testService({ app })
  if (executablePath === undefined) return
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
  await service?.stop()
})

test.skipIf(executablePath === undefined)(
  'API-10: the reference shows every operation, offline and without a complaint',
  async () => {
    const page = await openPage()
    const found = watch(page, service.origin)

    await page.goto(`${service.origin}/docs`)
    await page.getByText('Create a post').first().waitFor()
    const operations = await page.locator('.opblock').count()

    expect(operations).toBe(61)
    expect(found).toEqual({ complaints: [], foreign: [] })
  },
)

test.skipIf(executablePath === undefined)('API-10: an operation can be tried out against the service', async () => {
  const page = await openPage()
  const found = watch(page, service.origin)

  await page.goto(`${service.origin}/docs`)
  await page.getByText('List posts', { exact: true }).first().click()
  await page.getByRole('button', { name: 'Try it out' }).first().click()
  await page.getByRole('button', { name: 'Execute' }).first().click()
  const answer = page.locator('.live-responses-table tbody .response-col_status').first()
  await answer.waitFor()

  expect(await answer.textContent()).toContain('200')
  expect(found).toEqual({ complaints: [], foreign: [] })
})

test.skipIf(executablePath === undefined)('ERR-02: docs_url leads to the error, with cause and cure', async () => {
  const page = await openPage()
  const found = watch(page, service.origin)
  const { json } = await service.request('/api/v1/posts?colour=red')

  await page.goto(service.origin + json.error.docs_url)
  const row = page.locator('#VALIDATION_FAILED')

  expect(await row.textContent()).toContain('Correct what')
  expect(found).toEqual({ complaints: [], foreign: [] })
})
