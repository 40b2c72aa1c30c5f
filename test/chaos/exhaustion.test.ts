/**
 * All connections are taken, those of the pool or those of the server: who finds none is told to come back, and it goes on when
 * there are some again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openConnection, type PlainConnection } from '../../src/pg/index.ts'
import { budgetMs, waitFor } from '../../src/testing/index.ts'
import { AUTHOR_ID, type ChaosBlog, startChaosBlog } from './blog.ts'
import { Caller, type Outcome } from './caller.ts'
import { type OwnDatabase, startOwnDatabase } from './own-database.ts'
import { report, size, tally } from './rounds.ts'

const RECOVERY_MS_MAX = 5_000

/** A refusal that says when to come back. */
function isRefusal({ status, headers }: Outcome): boolean {
  return status === 503 && Number(headers['retry-after']) >= 1
}

test('more transactions than connections: some are told to come back, none is lost or doubled, reads go on', {
  timeout: 120_000,
}, async () => {
  const blog: ChaosBlog = await startChaosBlog()
  const rounds = size(1, 10)
  const requests = 30
  const first: Outcome[] = []
  const reads: Outcome[] = []
  const send = (title: string): Promise<Outcome> =>
    blog.author.call({
      method: 'POST',
      path: '/api/v1/posts',
      headers: { 'idempotency-key': title },
      body: { author_id: AUTHOR_ID, title, body: '' },
    })
  const locker = await openConnection(blog.service.databaseUrl)
  for (let round = 0; round < rounds; round++) {
    await locker.query('BEGIN')
    // Lets all read and nobody write.
    await locker.query('LOCK TABLE posts IN EXCLUSIVE MODE')
    const titles = Array.from({ length: requests }, (_, number) => `exhausted-${round}-${number}`)
    const sent = Promise.all(titles.map(send))
    for (let at = 0; at < 20; at++) {
      reads.push(await blog.author.call({ path: '/api/v1/posts?limit=1' }))
      await delay(130)
    }
    await locker.query('ROLLBACK')
    first.push(...(await sent))
    for (const title of titles) expect((await send(title)).status).toBe(201)
  }
  const rows = await blog.sql<{ posts: number; titles: number }>(
    "SELECT count(*)::int AS posts, count(DISTINCT title)::int AS titles FROM posts WHERE starts_with(title, 'exhausted')",
  )
  await locker.close()
  await blog.stop()

  report('F15 transactions exhausted', {
    rounds,
    answers: tally(first.map(({ status, json }) => json?.error?.code ?? status)),
    reads: tally(reads.map(({ status }) => status)),
    refused_ms_max: Math.round(Math.max(...first.filter(isRefusal).map(({ tookMs }) => tookMs))),
    rows: rows[0],
  })
  expect(first.filter((outcome) => outcome.status !== 201 && !isRefusal(outcome))).toEqual([])
  expect(first.some(isRefusal)).toBe(true)
  expect(tally(reads.map(({ status }) => status))).toEqual({ 200: reads.length })
  expect(Math.max(...first.filter(isRefusal).map(({ tookMs }) => tookMs))).toBeLessThan(budgetMs(2_500))
  expect(rows).toEqual([{ posts: rounds * requests, titles: rounds * requests }])
})

let own: OwnDatabase | undefined
beforeAll(async () => {
  own = await startOwnDatabase({ LOG_LEVEL: 'error' }, { tuning: { max_connections: 24 } })
})
afterAll(() => own?.stop())

test('a server without a free connection: 503 with Retry-After, and back within 5 s of there being one', {
  timeout: 60_000,
}, async () => {
  const service = own?.service
  if (service === undefined) throw new Error('Cannot test: there is no service')
  using caller = new Caller(service.origin, { token: service.token('admin') })
  const killer = await openConnection(service.databaseUrl)
  const held: PlainConnection[] = []
  const hold = async (): Promise<void> => {
    for (;;) {
      const connection = await openConnection(service.databaseUrl).catch(() => undefined)
      if (connection === undefined) return
      held.push(connection)
    }
  }
  const before = await caller.call({ path: '/api/v1/users' })
  const newUser = (name: string) => ({
    method: 'POST',
    path: '/api/v1/users',
    body: { email: `${name}@example.com`, display_name: 'E', role: 'viewer' },
  })
  let attempts = 0
  await hold()
  await waitFor('the end of all their connections', async () => {
    await killer.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'blog%'")
    await hold()
    const answers = await Promise.all([
      caller.call({ path: '/api/v1/users' }),
      caller.call(newUser(`t${attempts++}`)),
      caller.call({ path: '/readyz' }),
    ])
    return answers.every(({ status }) => status === 503)
  })

  const during = await Promise.all(
    Array.from({ length: 20 }, (_, number) => caller.call(number % 2 === 0 ? { path: '/api/v1/users' } : newUser(`e${number}`))),
  )
  const ready = await caller.call({ path: '/readyz' })
  const releasedAtMs = performance.now()
  await Promise.all(held.map((connection) => connection.close()))
  const after = await waitFor('an answer', async () => {
    const outcome = await caller.call({ path: '/api/v1/users' })
    return outcome.status === 200 ? performance.now() - releasedAtMs : undefined
  })
  await killer.close()

  report('F15 max_connections reached', {
    held: held.length,
    answers: tally(during.map(({ status }) => status)),
    ready: ready.status,
    recovery_ms: Math.round(after),
  })
  expect(before.status).toBe(200)
  expect(during.filter((outcome) => !isRefusal(outcome))).toEqual([])
  expect(ready.status).toBe(503)
  expect(after).toBeLessThan(budgetMs(RECOVERY_MS_MAX))
})
