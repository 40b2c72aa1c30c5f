/** LOG-01, LOG-04, LOG-05, OBS-02: what a whole service writes down and counts, and what it never does. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestAnswer, type TestRequest, type TestService, testService } from '../../src/testing/index.ts'
import { ordersApp } from '../domains/orders/app.ts'

const NAMES = ['timestamp', 'level', 'message', 'service', 'trace_id', 'span_id', 'user_id', 'duration_ms', 'fields']
const TRACE = '0af7651916cd43dd8448eb211c80319c'
/** In every value that a caller sends, so that nothing of it can hide in a line. */
const CANARY = 'canary'
const CUSTOMER = {
  name: 'canary-name',
  email: 'canary@example.com',
  address: { street: 'canary-street', city: 'c', country: 'GB' },
  born_on: '1985-12-10',
  passphrase: 'canary-passphrase',
}

let service: TestService
let manager: string
beforeAll(async () => {
  service = await testService({ app: ordersApp, environment: { LOG_LEVEL: 'debug' } })
  manager = service.token('manager', 'usr_01h455vb4pex5vsknk084sn02q')
})
afterAll(() => service.stop())

function ask(method: string, path: string, request: TestRequest = {}): Promise<TestAnswer> {
  return service.request(path, { method, token: manager, ...request })
}

/** The lines of one request, found by its id. */
function linesOf(requestId: string): readonly Readonly<Record<string, unknown>>[] {
  return service.logs().filter((line) => JSON.stringify(line).includes(`"${requestId}"`))
}

test('LOG-01, LOG-05 every line has the nine names; that of a request tells id, hashed user, duration, status and code', async () => {
  const headers = { 'x-request-id': 'log-1', traceparent: `00-${TRACE}-b7ad6b7169203331-01` }
  await ask('GET', '/api/v1/customers/cus_01h455vb4pex5vsknk084sn02q', { headers })
  await ask('GET', '/api/v1/products', { token: undefined, headers: { 'x-request-id': 'log-2' } })

  const [missing, ...more] = linesOf('log-1')
  const [anonymous] = linesOf('log-2')

  for (const line of service.logs()) expect(Object.keys(line)).toEqual(NAMES)
  expect(more).toEqual([])
  expect(missing).toEqual({
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    level: 'info',
    message: 'GET /api/v1/customers/:id',
    service: 'orders',
    trace_id: TRACE,
    span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    user_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    duration_ms: expect.any(Number),
    fields: { operation: 'customers.get', surface: 'rest', request_id: 'log-1', status: 404, error_code: 'NOT_FOUND_RECORD' },
  })
  expect(anonymous).toMatchObject({ user_id: null, fields: { status: 200, error_code: null } })
})

test('LOG-04 nothing that a caller sends is in any line: bodies, queries, tokens, cookies, refused and failed ones too', async () => {
  const sent = [
    await ask('POST', '/api/v1/customers', { body: CUSTOMER }),
    await ask('POST', '/api/v1/customers', { body: CUSTOMER }),
    await ask('POST', '/api/v1/customers', { body: { ...CUSTOMER, passphrase: 'canary'.repeat(40) } }),
    await ask('POST', '/api/v1/customers', { body: `{"passphrase":"canary` }),
    await ask('GET', '/api/v1/customers?email=canary@example.com&q=canary'),
    await ask('GET', '/api/v1/customers/canary?token=canary'),
    await ask('GET', '/canary/path?password=canary'),
    await ask('GET', '/api/v1/customers', { token: `${manager.slice(0, -6)}canary` }),
    await ask('GET', '/api/v1/customers', { headers: { cookie: 'session=canary', 'x-api-key': 'canary' } }),
  ]
  // PostgreSQL shows the whole row in the detail of this error.
  const sql = await service.sql()
  await sql.query(
    'ALTER TABLE customers ADD COLUMN canary_free text NOT NULL DEFAULT $$x$$; ALTER TABLE customers ALTER COLUMN canary_free DROP DEFAULT',
  )
  const failed = await ask('POST', '/api/v1/customers', { body: { ...CUSTOMER, email: 'canary2@example.com' } })
  await sql.query('ALTER TABLE customers DROP COLUMN canary_free')

  expect(sent.map(({ status }) => status)).toEqual([201, 409, 400, 400, 200, 400, 404, 401, 200])
  expect(failed.status).toBeGreaterThanOrEqual(400)
  const log = JSON.stringify(service.logs()).replaceAll('canary_free', '')
  expect(log).toContain('customers.create')
  expect(log).not.toContain(CANARY)
  expect(log).not.toMatch(/1985-12-10|eyJ|usr_01h455vb4pex5vsknk084sn02q|01890a5d-ac96-774b/)
  // What the check looks at is what the service writes: a line that does hold the canary is seen.
  service.service.logger.info('control', { note: CANARY })
  expect(JSON.stringify(service.logs())).toContain(CANARY)
})

test('OBS-02 each operation has its rate, its errors by code and its durations in buckets from 1 ms to 10 s', async () => {
  await ask('GET', '/api/v1/warehouses')
  await ask('GET', '/api/v1/warehouses', { token: undefined })

  const text = await (await fetch(`${service.adminOrigin}/metrics`)).text()

  const labels = 'operation="warehouses.list",surface="rest"'
  expect(text).toContain(`plinth_requests_total{${labels},status="200"} 1\n`)
  expect(text).toContain(`plinth_requests_total{${labels},status="401"} 1\n`)
  expect(text).toContain(`plinth_request_errors_total{${labels},code="AUTH_REQUIRED"} 1\n`)
  for (const bound of ['0.001', '0.1', '2', '10', '+Inf'])
    expect(text).toContain(`plinth_request_duration_seconds_bucket{${labels},le="${bound}"}`)
  expect(text).toContain(`plinth_request_duration_seconds_count{${labels}} 2\n`)
  expect(text).not.toContain(CANARY)
})
