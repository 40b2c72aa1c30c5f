/** The editor in a real browser: it must work under the strict content security policy and ask no other server for anything. */
import { accessSync } from 'node:fs'
import { chromium } from 'playwright-core'
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
if (executablePath === undefined) recordSkip('the GraphQL editor in a browser', `none of ${BROWSERS.join(', ')} is installed`)

let service: TestService
let browser: Awaited<ReturnType<typeof chromium.launch>> | undefined

beforeAll(async () => {
  service = await testService({ app })
  if (executablePath !== undefined) browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
})
afterAll(async () => {
  await browser?.close()
  await service?.stop()
})

test.skipIf(executablePath === undefined)('GraphiQL answers a query, offline and without a script that is refused', async () => {
  if (browser === undefined) throw new Error('Cannot open a page: there is no browser')
  const page = await browser.newPage()
  const complaints: string[] = []
  const foreign: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(service.origin) && !request.url().startsWith('data:')) foreign.push(request.url())
  })

  await page.goto(`${service.origin}/graphql`)
  await page.locator('.graphiql-execute-button').click()
  await page.locator('.result-window').getByText('"Query"').waitFor()

  expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] })
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
