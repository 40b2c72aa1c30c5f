/** Where a real browser lets a form of ours end, when the answer to it sends the browser on to an application. */
import { afterAll, beforeAll, expect } from 'vitest'
import { createHttpServer, EMPTY_HEADERS, formTargets, type HttpServer, pageHeaders, TEXT_HEADERS } from '../../src/http/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'
import { browserTest, testBrowser } from '../browser.ts'

const FORM = '<!doctype html><form method="post" action="/sign-in"><button>Sign in</button></form>'
const OWN = pageHeaders()
const OPEN = pageHeaders({ forms: 'open' })
const browser = testBrowser('form targets in a browser')
const servers: HttpServer[] = []
let appOrigin: string
let origin: string

function makeServer(): HttpServer {
  const server = createHttpServer({
    logger: createLogger({ service: 'blog', destination: { write: () => {} } }),
    metrics: createOperationMetrics(),
  })
  servers.push(server)
  return server
}

beforeAll(async () => {
  const open = { isPublic: true } as const
  const application = makeServer()
  application.route({
    ...open,
    method: 'GET',
    path: '/callback',
    operation: 'callback',
    handle: (_, reply) => reply.send(200, TEXT_HEADERS, 'arrived'),
  })
  appOrigin = (await application.listen({ port: 0 })).origin
  const server = makeServer()
  server.route({ ...open, method: 'GET', path: '/own', operation: 'own', handle: (_, reply) => reply.send(200, OWN, FORM) })
  server.route({
    ...open,
    method: 'GET',
    path: '/told',
    operation: 'told',
    handle: (_, reply) => reply.send(200, OPEN, FORM, ['content-security-policy', formTargets([`${appOrigin}/callback`])]),
  })
  server.route({
    ...open,
    method: 'POST',
    path: '/sign-in',
    operation: 'signIn',
    body: 'form',
    handle: (_, reply) => reply.send(303, EMPTY_HEADERS, undefined, ['location', `${appOrigin}/callback`]),
  })
  origin = (await server.listen({ port: 0 })).origin
})

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop({ lingerMs: 0, graceMs: 0 })))
})

browserTest('a form whose page names the application ends there', async () => {
  const page = await browser.open()
  await page.goto(`${origin}/told`)

  await page.click('button')
  await page.waitForURL(`${appOrigin}/callback`)

  expect(await page.textContent('body')).toBe('arrived')
})

browserTest('a form whose page names nobody is stopped on its way to another origin', async () => {
  const page = await browser.open()
  const complaint = page.waitForEvent('console', (message) => message.text().includes('form-action'))
  await page.goto(`${origin}/own`)

  await page.click('button', { noWaitAfter: true })

  expect((await complaint).type()).toBe('error')
  expect(page.url()).toBe(`${origin}/own`)
})
