/**
 * Three times as many requests as the service can answer: it answers as many as before, refuses the rest at once, and is itself
 * again when they cease.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeTypeId, type Uuid } from '../../src/kernel/index.ts'
import { openConnection } from '../../src/pg/index.ts'
import { budgetMs } from '../../src/testing/index.ts'
import { Caller, type Outcome } from './caller.ts'
import { openServiceHost, type ServiceHost, type ServiceProcess } from './process.ts'
import { percentile, report, size, tally } from './rounds.ts'

const AUTHOR = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
/** A page that costs the service and its database far more than it costs this client. */
const PATH = '/api/v1/posts?limit=100&q=engine&sort=title'
const POSTS = 3_000
/** Requests in a second: past the 1,000 that may be under way at once, however slow the machine is. */
const OFFERED_MIN = 500

let host: ServiceHost
let service: ServiceProcess

beforeAll(async () => {
  host = await openServiceHost()
  await using sql = await openConnection(host.databaseUrl)
  await sql.query(
    "INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, 'ada@example.com', 'Ada', 'editor', now(), now(), 1)",
    [AUTHOR],
  )
  await sql.query(
    `INSERT INTO posts (id, author_id, title, body, status, created_at, updated_at, version)
     SELECT gen_random_uuid(), $1, 'engine ' || md5(n::text), '', 'published', now(), now(), 1 FROM generate_series(1, $2::int) n`,
    [AUTHOR, POSTS],
  )
  service = await host.start()
})
afterAll(() => host.stop())

/** Clients that each wait for their answer: as many requests in a second as the service can answer. */
async function measureCapacity(ms: number): Promise<number> {
  using caller = new Caller(service.origin, { connections: 16 })
  const endMs = performance.now() + ms
  let answered = 0
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) if ((await caller.call({ path: PATH })).status === 200) answered++
  }
  await Promise.all(Array.from({ length: 16 }, client))
  return (answered * 1_000) / ms
}

/** Requests at a rate, whether or not there are answers; and a look at the health in between. */
async function offer(perSecond: number, ms: number): Promise<{ outcomes: readonly Outcome[]; healthMs: readonly number[] }> {
  using caller = new Caller(service.origin, { connections: 4_000 })
  using prober = new Caller(service.origin)
  const sent: Promise<Outcome>[] = []
  const healthMs: number[] = []
  const beganMs = performance.now()
  let isOver = false
  const probing = (async () => {
    while (!isOver) {
      const health = await prober.call({ path: '/healthz' })
      if (health.status === 200) healthMs.push(health.tookMs)
      await delay(50)
    }
  })()
  for (;;) {
    const passedMs = performance.now() - beganMs
    if (passedMs > ms) break
    while (sent.length < (passedMs * perSecond) / 1_000) sent.push(caller.call({ path: PATH }))
    await delay(5)
  }
  isOver = true
  await probing
  return { outcomes: await Promise.all(sent), healthMs }
}

/** How long refusals took, by the log of the service. */
function refusalsMs(): readonly number[] {
  return [...service.output().matchAll(/"duration_ms":([\d.]+).*"status":503/g)].map(([, ms]) => Number(ms))
}

function residentMb(pid: number): number {
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024)
}

test('a service that is offered three times what it can do does it, refuses the rest, and recovers', {
  timeout: 180_000,
}, async () => {
  await measureCapacity(500)
  const capacity = await measureCapacity(1_500)
  const seconds = size(5, 60)

  const { outcomes, healthMs } = await offer(Math.max(capacity * 3, OFFERED_MIN), seconds * 1_000)
  const tailMs =
    percentile(
      outcomes.map(({ sentAtMs, tookMs }) => sentAtMs + tookMs),
      1,
    ) - (outcomes[0]?.sentAtMs ?? 0)
  await delay(1_000)
  const after = await measureCapacity(1_500)

  const refused = outcomes.filter(({ status }) => status === 503)
  const answered = outcomes.filter(({ status }) => status === 200)
  const goodput = (answered.length * 1_000) / tailMs
  report('L5 overload', {
    seconds,
    capacity_rps: Math.round(capacity),
    offered_rps: Math.round(outcomes.length / seconds),
    goodput_rps: Math.round(goodput),
    answers: tally(outcomes.map(({ status, failure }) => failure ?? status)),
    refused_ms_p99: Math.round(percentile(refusalsMs(), 0.99) * 10) / 10,
    health_ms_p50: Math.round(percentile(healthMs, 0.5)),
    health_ms_p99: Math.round(percentile(healthMs, 0.99)),
    capacity_after_rps: Math.round(after),
    resident_mb: residentMb(service.pid),
  })
  expect(outcomes.filter(({ status }) => status !== 200 && status !== 503)).toEqual([])
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.filter(({ headers }) => Number(headers['retry-after']) < 1)).toEqual([])
  // As the service measured it: this client shares two cores with what it floods, and reads its answers late.
  expect(percentile(refusalsMs(), 0.99)).toBeLessThan(budgetMs(50))
  // Shares of what was measured a moment before, with room for a machine that others use too.
  expect(goodput).toBeGreaterThan(capacity * 0.5)
  expect(after).toBeGreaterThan(capacity * 0.5)
  expect(percentile(healthMs, 0.5)).toBeLessThan(budgetMs(100))
  expect(residentMb(service.pid)).toBeLessThan(600)
})

test('an upload that is too long takes no memory: 20 at once of 10 MB', async () => {
  using caller = new Caller(service.origin, { token: host.token('editor', encodeTypeId('usr', AUTHOR)) })
  const body = Buffer.alloc(10_000_000, 'a')
  const before = residentMb(service.pid)

  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => caller.call({ method: 'POST', path: '/api/v1/posts', body })),
  )

  const grownMb = residentMb(service.pid) - before
  report('L7 refused uploads', { answers: tally(outcomes.map(({ status, failure }) => failure ?? status)), grown_mb: grownMb })
  expect(outcomes.filter(({ status, failure }) => status !== 413 && failure !== 'EPIPE' && failure !== 'ECONNRESET')).toEqual([])
  expect(grownMb).toBeLessThan(60)
})
