/** How many answers that go on one address may have, and that those of others are not counted with them. */
// Proves SEC-05, GQL-07.
import { afterAll, beforeAll, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { createHttpServer, type HttpServer } from '../../src/http/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'
import { testService, waitFor } from '../../src/testing/index.ts'

let server: HttpServer
let origin: string
beforeAll(async () => {
  server = createHttpServer({
    logger: createLogger({ service: 'shop', destination: { write: () => undefined } }),
    metrics: createOperationMetrics(),
    trustedProxies: ['127.0.0.1/32'],
    streamsPerAddressMax: 2,
  })
  server.route({ method: 'GET', path: '/events', operation: 'events', handle: (_, reply) => void reply.openEvents() })
  server.route({ method: 'GET', path: '/bytes', operation: 'bytes', handle: (_, reply) => void reply.openStream('text/plain') })
  origin = (await server.listen({ port: 0 })).origin
})
afterAll(async () => {
  await server.stop({ graceMs: 0 })
})

interface Opened {
  readonly status: number
  readonly text: () => Promise<string>
  close(): void
}

async function open(path: string, address: string): Promise<Opened> {
  const abort = new AbortController()
  const answer = await fetch(`${origin}${path}`, { signal: abort.signal, headers: { 'x-forwarded-for': address } })
  return { status: answer.status, text: () => answer.text(), close: () => abort.abort() }
}

test('an address has as many as it may, of events and of bytes together, until one is over', async () => {
  const first = await open('/events', '192.0.2.1')
  const second = await open('/bytes', '192.0.2.1')

  const third = await open('/events', '192.0.2.1')
  const ofBytes = await open('/bytes', '192.0.2.1')
  const other = await open('/events', '192.0.2.2')
  first.close()
  const again = await waitFor('room', async () => {
    const opened = await open('/events', '192.0.2.1')
    return opened.status === 200 ? opened : undefined
  })

  expect([first, second, third, ofBytes, other, again].map(({ status }) => status)).toEqual([200, 200, 429, 429, 200, 200])
  expect(await third.text()).toContain('Too many streams from this address')
  for (const one of [second, other, again]) one.close()
})

test('an IPv6 address counts by its network', async () => {
  const opened = [
    await open('/events', '2001:db8::1'),
    await open('/events', '2001:db8::2'),
    await open('/events', '2001:db8::3'),
  ]

  expect(opened.map(({ status }) => status)).toEqual([200, 200, 429])
  for (const one of opened.slice(0, 2)) one.close()
})

test('a subscription that gets no stream leaves no watch behind, whoever its callers are', { timeout: 60_000 }, async () => {
  await using service = await testService({ app, environment: { RATE_LIMIT_READ: 'off' } })
  const query = encodeURIComponent('subscription { postCreated { id } }')
  const aborts: AbortController[] = []
  // `fetch` closes the stream of an answer that nobody holds any more.
  const held: Response[] = []
  const listen = async (at: number): Promise<number> => {
    const abort = new AbortController()
    aborts.push(abort)
    const authorization = `Bearer ${service.token('viewer', `usr_01h455vb4pex5vsknk084sn${String(at % 2).padStart(3, '0')}`)}`
    const headers = { accept: 'text/event-stream', authorization }
    const answer = await fetch(`${service.origin}/graphql?query=${query}`, { headers, signal: abort.signal })
    held.push(answer)
    return answer.status
  }
  const watches = async (): Promise<number> => {
    const text = await (await fetch(`${service.adminOrigin}/metrics`)).text()
    return Number(/^plinth_watches (\d+)$/m.exec(text)?.[1])
  }

  const statuses: number[] = []
  // Each hears within a tenth of a second; the last ten come when all others are there.
  for (let at = 0; at < 210; at += 10)
    statuses.push(...(await Promise.all(Array.from({ length: 10 }, (_, more) => listen(at + more)))))

  expect(statuses.filter((status) => status === 200)).toHaveLength(200)
  expect(statuses.slice(200)).toEqual(Array(10).fill(429))
  // The watch of one that was refused ends behind its answer.
  await waitFor('the watches of those that were not refused', async () => (await watches()) === 200)
  expect(held).toHaveLength(210)
  for (const abort of aborts) abort.abort()
  await waitFor('no watches', async () => (await watches()) === 0)
})
