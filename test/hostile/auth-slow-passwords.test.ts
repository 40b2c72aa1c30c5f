/** A password takes long to judge and to hash: no transaction waits for it, and nobody makes us do it who may not, or has done so before. */
// Proves IDN-01 and API-09.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { budgetMs, type TestService, testService, waitFor } from '../../src/testing/index.ts'

const HANG_MS = 2_000
/** Four times as many as there are connections for transactions. */
const REQUESTS = 20

let lookUps = 0
let ranges: Server
let blog: TestService

beforeAll(async () => {
  // A service of breached passwords that answers when everybody has given up.
  ranges = createServer((_, response) => {
    lookUps++
    setTimeout(() => response.end(''), HANG_MS)
  })
  await new Promise<void>((resolve) => ranges.listen(0, '127.0.0.1', resolve))
  const { port } = ranges.address() as AddressInfo
  blog = await testService({ app, environment: { BREACHED_PASSWORDS_URL: `http://127.0.0.1:${port}/range/` } })
})
afterAll(async () => {
  await blog.stop()
  ranges.closeAllConnections()
  ranges.close()
})

const PASSWORD = 'violet harbour sings at noon'
const addUser = (name: string, { role = 'admin', password = PASSWORD, subject = '' } = {}) =>
  blog.request('/api/v1/users', {
    method: 'POST',
    token: blog.token(role, subject === '' ? undefined : subject),
    body: { email: `${name}@example.com`, display_name: 'Somebody', password },
    headers: { 'idempotency-key': name },
  })

test('twenty passwords that are looked up slowly hold no connection: others read and write at once', async () => {
  const admin = 'usr_01h455vb4pex5vsknk084sn02q'
  const author = (await addUser('author', { password: PASSWORD })).json.data.id
  lookUps = 0

  const adding = Promise.all(Array.from({ length: REQUESTS }, (_, at) => addUser(`slow-${at}`)))
  await waitFor('all passwords to be looked up', () => lookUps === REQUESTS)
  const sql = await blog.sql()
  const [open] = await sql.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
  )
  const beginMs = performance.now()
  const read = await blog.request('/api/v1/posts')
  const written = await blog.request('/api/v1/posts', {
    method: 'POST',
    token: blog.token('admin', admin),
    body: { author_id: author, title: 'Meanwhile', body: 'It did not wait.' },
    headers: { 'idempotency-key': 'meanwhile' },
  })
  const tookMs = performance.now() - beginMs
  const added = await adding

  expect(open).toEqual({ count: 0 })
  expect([read.status, written.status]).toEqual([200, 201])
  // Half of what the look-ups take before they are given up: a wait for one of them would show.
  expect(tookMs).toBeLessThan(budgetMs(500))
  expect(added.map(({ status }) => status)).toEqual(Array(REQUESTS).fill(201))
})

test('the same request again is answered without a look at its password', async () => {
  const subject = 'usr_01h455vb4pex5vsknk084sn02q'
  const first = await addUser('again', { subject })
  lookUps = 0

  const again = await addUser('again', { subject })

  expect([first.status, again.status, again.text]).toEqual([201, 201, first.text])
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(lookUps).toBe(0)
})

test('whoever may not make the record makes nobody look at its password', async () => {
  lookUps = 0

  const refused = await Promise.all(['editor', 'viewer'].map((role) => addUser(`refused-${role}`, { role })))

  expect(refused.map(({ status }) => status)).toEqual([403, 403])
  expect(lookUps).toBe(0)
})

test('one of two with the same key makes the record; a bad password leaves the key free', async () => {
  const subject = 'usr_01h455vb4pex5vsknk084sn02q'
  lookUps = 0

  const both = await Promise.all([addUser('twins', { subject }), addUser('twins', { subject })])
  const bad = await addUser('mended', { subject, password: 'password1234' })
  const mended = await addUser('mended', { subject })

  expect(both.map(({ status, text }) => [status, text])).toEqual([
    [201, both[0]?.text],
    [201, both[0]?.text],
  ])
  expect([bad.status, bad.json.error.details[0].code, mended.status]).toEqual([400, 'common', 201])
  expect(lookUps).toBe(2)
})
