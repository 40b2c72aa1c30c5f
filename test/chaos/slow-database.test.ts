/** Statements that do not come to an end: each is cut at its bound, and what has nothing to do with it goes on as before. */
// Proves RES-03, RES-04.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeTypeId } from '../../src/kernel/index.ts'
import { openConnection, type PlainConnection } from '../../src/pg/index.ts'
import { budgetMs } from '../../src/testing/index.ts'
import { AUTHOR_ID, type ChaosBlog, startChaosBlog } from './blog.ts'
import { Caller, type Outcome } from './caller.ts'
import { percentile, report, size, tally } from './rounds.ts'

const LOCK_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 1_000

let blog: ChaosBlog
let locker: PlainConnection

beforeAll(async () => {
  blog = await startChaosBlog({ environment: { DATABASE_STATEMENT_TIMEOUT_MS: '20000' } })
  locker = await openConnection(blog.service.databaseUrl)
})
afterAll(async () => {
  await locker.close()
  await blog.stop()
})

/** Reads points from a few clients until `until` is over, and tells how long each took. */
async function readUntil(until: Promise<unknown>, paths: readonly string[]): Promise<readonly Outcome[]> {
  using reader = new Caller(blog.service.origin, { connections: 8 })
  let isOver = false
  void until.finally(() => {
    isOver = true
  })
  const outcomes: Outcome[] = []
  const client = async (): Promise<void> => {
    while (!isOver) {
      outcomes.push(await reader.call({ path: paths[outcomes.length % paths.length] ?? '' }))
      await delay(2)
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  return outcomes
}

function latencies(outcomes: readonly Outcome[]): number[] {
  return outcomes.map(({ tookMs }) => tookMs)
}

describe('a change of a record that another session has locked', () => {
  const rounds = size(1, 20)
  const waiters = size(1, 3)

  test('ends with CONFLICT_IN_PROGRESS after 5 s, and reads and other changes do not wait for it', {
    timeout: 30_000 + rounds * 10_000,
  }, async () => {
    const locked = await blog.createPost('locked')
    const free = await blog.createPost('free')
    const paths = [`/api/v1/posts/${locked}`, `/api/v1/posts/${free}`, '/api/v1/posts?limit=5']
    await readUntil(delay(300), paths)
    const before = await readUntil(delay(1_000), paths)
    const tookMs: number[] = []
    const reads: Outcome[] = []
    const writes: Outcome[] = []
    const loop = monitorEventLoopDelay({ resolution: 5 })
    loop.enable()
    for (let round = 0; round < rounds; round++) {
      await locker.query('BEGIN')
      await locker.query('SELECT FROM posts WHERE id = $1 FOR UPDATE', [decodeTypeId('post', locked)])
      const waiting = Promise.all(
        Array.from({ length: waiters }, (_, number) =>
          blog.author.call({ method: 'PATCH', path: `/api/v1/posts/${locked}`, body: { title: `by ${number}` } }),
        ),
      )
      const others = (async () => {
        for (let number = 0; number < 20; number++) {
          writes.push(
            await blog.author.call({ method: 'PATCH', path: `/api/v1/posts/${free}`, body: { title: `free ${number}` } }),
          )
          await delay(100)
        }
      })()
      // As arguments of one `push` they would be too many for the stack.
      for (const read of await readUntil(waiting, paths)) reads.push(read)
      for (const { status, json, tookMs: took } of await waiting) {
        expect([status, json.error.code]).toEqual([409, 'CONFLICT_IN_PROGRESS'])
        tookMs.push(took)
      }
      await others
      await locker.query('ROLLBACK')
    }
    loop.disable()

    report('F12 a row that is locked', {
      rounds,
      waited_ms: tookMs.map(Math.round).slice(0, 6),
      reads: tally(reads.map(({ status }) => status)),
      read_ms_p99_before: Math.round(percentile(latencies(before), 0.99) * 10) / 10,
      read_ms_p99: Math.round(percentile(latencies(reads), 0.99) * 10) / 10,
      read_ms_max: Math.round(percentile(latencies(reads), 1)),
      write_ms_max: Math.round(percentile(latencies(writes), 1)),
      event_loop_ms_p99: Math.round(loop.percentile(99) / 1e6),
    })
    // PostgreSQL bounds each lock by itself: who waits in line for the row may then wait as long again for the one in front.
    expect(Math.min(...tookMs)).toBeGreaterThan(LOCK_TIMEOUT_MS * 0.9)
    expect(Math.min(...tookMs)).toBeLessThan(LOCK_TIMEOUT_MS * 1.1)
    expect(Math.max(...tookMs)).toBeLessThan(LOCK_TIMEOUT_MS * 2.1)
    expect(tally(reads.map(({ status }) => status))).toEqual({ 200: reads.length })
    expect(tally(writes.map(({ status }) => status))).toEqual({ 200: writes.length })
    // No read and no change of another record is held by the lock; the rest is the noise of a shared machine.
    expect(percentile(latencies(reads), 1)).toBeLessThan(budgetMs(1_000))
    expect(percentile(latencies(reads), 0.99)).toBeLessThan(Math.max(percentile(latencies(before), 0.99) * 2, budgetMs(50)))
    expect(percentile(latencies(writes), 1)).toBeLessThan(budgetMs(1_000))
    expect(loop.percentile(99) / 1e6).toBeLessThan(budgetMs(50))
  })
})

describe('a statement that computes for ever', () => {
  let slow: ChaosBlog
  beforeAll(async () => {
    slow = await startChaosBlog({ environment: { DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT_MS) } })
    // A search that sleeps in every row: what a missing index does, at once.
    await slow.createPost('slow')
    await slow.sql(
      `CREATE FUNCTION is_slow(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN true; END'`,
    )
    await slow.sql('ALTER TABLE posts RENAME TO posts_kept')
    await slow.sql('CREATE VIEW posts AS SELECT * FROM posts_kept WHERE is_slow(title)')
  })
  afterAll(() => slow.stop())

  test('ends with DEPENDENCY_TIMEOUT at the bound of a statement, while what needs no such table is served', async () => {
    const posts = Array.from({ length: 12 }, () => slow.author.call({ path: '/api/v1/posts?limit=5' }))
    using other = new Caller(slow.service.origin, { token: slow.service.token('admin') })
    const users: Outcome[] = []
    for (let number = 0; number < 20; number++) {
      users.push(await other.call({ path: `/api/v1/users/${AUTHOR_ID}` }))
      await delay(20)
    }

    const answers = await Promise.all(posts)

    report('F12 a statement without end', {
      answers: tally(answers.map(({ json }) => json.error.code)),
      waited_ms: answers.map(({ tookMs }) => Math.round(tookMs)),
      other_ms_max: Math.round(percentile(latencies(users), 1)),
    })
    expect(tally(answers.map(({ status, headers }) => `${status} ${headers['retry-after']}`))).toEqual({ '503 1': 12 })
    expect(tally(users.map(({ status }) => status))).toEqual({ 200: 20 })
    expect(percentile(latencies(users), 1)).toBeLessThan(budgetMs(500))
    expect(answers.some(({ json }) => json.error.code === 'DEPENDENCY_TIMEOUT')).toBe(true)
    expect(Math.min(...latencies(answers))).toBeGreaterThan(STATEMENT_TIMEOUT_MS * 0.9)
  })
})
