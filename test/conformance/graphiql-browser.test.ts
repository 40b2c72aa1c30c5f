/** The editor in a real browser: it must work under the strict content security policy and ask no other server for anything. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { browserTest, testBrowser, watchPage } from '../browser.ts'

const browser = testBrowser('the GraphQL editor in a browser')
let service: TestService

beforeAll(async () => {
  service = await testService({ app })
})
afterAll(() => service?.stop())

browserTest('GraphiQL answers a query, offline and without a script that is refused', async () => {
  const page = await browser.open()
  const found = watchPage(page, { own: [service.origin] })

  await page.goto(`${service.origin}/graphql`)
  await page.locator('.graphiql-execute-button').click()
  await page.locator('.result-window').getByText('"Query"').waitFor()

  expect(found).toEqual({ complaints: [], foreign: [] })
})

test('a program that asks the endpoint for a page in production gets none', async () => {
  const production = await testService({ app, mode: 'production', environment: { PUBLIC_URL: 'https://api.example.com' } })
  try {
    const answer = await production.request('/graphql', { headers: { accept: 'text/html' } })

    expect(answer.status).toBe(400)
    expect((await production.request('/graphql/assets/x/start.js')).status).toBe(404)
  } finally {
    await production.stop()
  }
})
