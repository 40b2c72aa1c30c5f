/** The pages for people in a real browser: they must work under the strict content security policy and ask no other server for anything. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { browserTest, testBrowser, type Watch, watchPage } from '../browser.ts'

const browser = testBrowser('pages in a browser')
let service: TestService

beforeAll(async () => {
  service = await testService({ app })
})
afterAll(() => service?.stop())

function watch(page: Page): Watch {
  // Swagger UI looks for an input of its own for each format, and takes a plain one where it has none.
  const ignored = ['Could not find component: JsonSchema_']
  return watchPage(page, { own: [service.origin], kinds: ['error', 'warning'], ignored })
}

browserTest('API-10: the reference shows every operation, offline and without a complaint', async () => {
  const page = await browser.open()
  const found = watch(page)

  await page.goto(`${service.origin}/docs`)
  await page.getByText('Create a post').first().waitFor()
  const operations = await page.locator('.opblock').count()

  expect(operations).toBe(62)
  expect(found).toEqual({ complaints: [], foreign: [] })
})

browserTest('API-10: an operation can be tried out against the service', async () => {
  const page = await browser.open()
  const found = watch(page)

  await page.goto(`${service.origin}/docs`)
  await page.getByText('List posts', { exact: true }).first().click()
  await page.getByRole('button', { name: 'Try it out' }).first().click()
  await page.getByRole('button', { name: 'Execute' }).first().click()
  const answer = page.locator('.live-responses-table tbody .response-col_status').first()
  await answer.waitFor()

  expect(await answer.textContent()).toContain('200')
  expect(found).toEqual({ complaints: [], foreign: [] })
})

browserTest('ERR-02: docs_url leads to the error, with cause and cure', async () => {
  const page = await browser.open()
  const found = watch(page)
  const { json } = await service.request('/api/v1/posts?colour=red')

  await page.goto(service.origin + json.error.docs_url)
  const row = page.locator('#VALIDATION_FAILED')

  expect(await row.textContent()).toContain('Correct what')
  expect(found).toEqual({ complaints: [], foreign: [] })
})
