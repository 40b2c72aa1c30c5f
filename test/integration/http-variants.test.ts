/** Requests that turn out, once their body was read, to be of another kind than their route: how they are counted, logged and limited. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpServer, type HttpServer, JSON_HEADERS } from '../../src/http/index.ts'
import { PlinthError } from '../../src/kernel/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'

const lines: string[] = []
const metrics = createOperationMetrics()
let server: HttpServer
let origin: string

beforeAll(async () => {
  server = createHttpServer({
    logger: createLogger({ service: 'shop', destination: { write: (line) => lines.push(line) } }),
    metrics,
    rateLimits: { read: { perMinute: 6_000, burst: 1_000 }, write: { perMinute: 1, burst: 2 } },
  })
  server.route({
    method: 'POST',
    path: '/ask',
    operation: 'ask.read',
    limit: 'read',
    variants: { 'ask.write': { limit: 'write' } },
    async handle(request, reply) {
      if (request.body['write'] === true) await reply.turnInto('ask.write')
      if (request.body['unknown'] === true) await reply.turnInto('ask.unknown')
      if (request.body['half'] === true)
        reply.note(new PlinthError('DEPENDENCY_TIMEOUT', undefined, { cause: new Error('slow') }))
      reply.send(200, JSON_HEADERS, '{}')
    },
  })
  origin = (await server.listen({ port: 0 })).origin
})

afterAll(async () => {
  await server.stop({ graceMs: 0 })
})

const ask = (body: object): Promise<Response> =>
  fetch(`${origin}/ask`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

test('turnInto() counts and logs the request as the variant', async () => {
  await ask({ write: true })

  expect(lines.join('')).toContain('"operation":"ask.write"')
  expect(await metrics.render()).toMatch(/operation="ask\.write"/)
})

test('turnInto() takes from the limit of the variant, and no other request does', async () => {
  const statuses: number[] = []
  for (let at = 0; at < 3; at++) statuses.push((await ask({ write: true })).status)

  expect(statuses.at(-1)).toBe(429)
  expect((await ask({})).status).toBe(200)
})

test('turnInto() fails for what the route does not declare', async () => {
  expect((await ask({ unknown: true })).status).toBe(500)
})

test('note() leaves the failure in the log and in the metrics, beside an answer that succeeded', async () => {
  lines.length = 0

  const answer = await ask({ half: true })

  expect(answer.status).toBe(200)
  expect(lines.join('')).toContain('"code":"DEPENDENCY_TIMEOUT"')
  expect(await metrics.render()).toContain('DEPENDENCY_TIMEOUT')
})
