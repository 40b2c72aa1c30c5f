/**
 * The database dies, or falls silent, under clients that write: they are told so at once, nothing acknowledged is lost, and it
 * all goes on by itself.
 */
// Proves API-07.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { budgetMs, waitFor } from '../../src/testing/index.ts'
import { Caller, type Outcome } from './caller.ts'
import { judge } from './ledger.ts'
import { type OwnDatabase, processTree, startOwnDatabase } from './own-database.ts'
import { percentile, report, seededRandom, size, tally } from './rounds.ts'
import { Writers } from './writers.ts'

const STATEMENT_TIMEOUT_MS = 2_000
const RECOVERY_MS_MAX = 5_000

let own: OwnDatabase
let caller: Caller
let authorId: string

beforeAll(async () => {
  own = await startOwnDatabase({ DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT_MS), LOG_LEVEL: 'error' })
  caller = new Caller(own.service.origin, { token: own.service.token('admin') })
  const author = await caller.call({
    method: 'POST',
    path: '/api/v1/users',
    body: { email: 'ada@example.com', display_name: 'Ada', role: 'editor' },
  })
  authorId = author.json.data.id
})
afterAll(async () => {
  caller.close()
  await own.stop()
})

/** Answers that no client may get, whatever happens to the database. */
function wrongs(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes
    .filter(({ status, headers }) => status !== 201 && (status !== 503 || headers['retry-after'] === undefined))
    .map(({ status, failure, text }) => `${status} ${failure ?? ''} ${text}`)
}

describe('a database that is killed', () => {
  const rounds = size(3, 50)

  test(`loses nothing and repeats nothing, and is back within 5 s, ${rounds} times`, {
    timeout: 60_000 + rounds * 10_000,
  }, async () => {
    const random = seededRandom()
    const writers = new Writers({ caller, authorId, prefix: 'killed-', count: 8 })
    const recoveriesMs: number[] = []
    for (let round = 0; round < rounds; round++) {
      await delay(200 + random() * 400)
      const pid = await waitFor('a postmaster', () => own.server.pid)
      const killedAtMs = performance.now()
      process.kill(pid, 'SIGKILL')
      const first = await waitFor('a created post', () => firstCreated(writers.outcomes, killedAtMs), { timeoutMs: 20_000 })
      recoveriesMs.push(first.sentAtMs + first.tookMs - killedAtMs)
    }
    await writers.stop()
    const sql = await own.service.sql()

    const found = await judge(writers.promised, sql, 'killed-')

    report('F1 database killed under load', {
      rounds,
      answers: tally(writers.outcomes.map(({ status }) => status)),
      acknowledged: found.acknowledged,
      lost: found.lost.length,
      duplicates: found.duplicates.length,
      unjournaled: found.unjournaled.length,
      recovery_ms_max: Math.round(Math.max(...recoveriesMs)),
    })
    expect(wrongs(writers.outcomes)).toEqual([])
    expect(writers.outcomes.some(({ status }) => status === 503)).toBe(true)
    expect(found).toMatchObject({ lost: [], duplicates: [], unjournaled: [], stored: found.acknowledged })
    expect(Math.max(...recoveriesMs)).toBeLessThan(budgetMs(RECOVERY_MS_MAX))
  })

  test('is judged by a check that sees a lost, a doubled and an unjournaled post', async () => {
    const writers = new Writers({ caller, authorId, prefix: 'control-', count: 4 })
    await waitFor('some posts', () => writers.promised.length >= 8)
    await writers.stop()
    const [first, second, third] = writers.promised
    const sql = await own.service.sql()
    await sql.query('DELETE FROM posts WHERE title = $1', [first?.title])
    await sql.query('UPDATE posts SET title = $1 WHERE title = $2', [second?.title, third?.title])
    await sql.query('DELETE FROM plinth_journal WHERE record_id = (SELECT id FROM posts WHERE title = $1)', [
      writers.promised[3]?.title,
    ])

    const found = await judge(writers.promised, sql, 'control-')

    expect(found.lost).toEqual([first?.title])
    expect(found.duplicates).toEqual([second?.title])
    expect(found.unjournaled).toEqual([writers.promised[3]?.title])
  })
})

/** An answer of 201 to a request that was sent after the moment. */
function firstCreated(outcomes: readonly Outcome[], afterMs: number): Outcome | undefined {
  return outcomes.find(({ status, sentAtMs }) => status === 201 && sentAtMs > afterMs)
}

describe('a database that falls silent', () => {
  const rounds = size(1, 10)
  const silenceMs = size(5_000, 30_000)

  test(`holds no request past its deadline, for ${silenceMs / 1_000} s, ${rounds} times`, {
    timeout: 60_000 + rounds * 2 * silenceMs,
  }, async () => {
    const outcomes: Outcome[] = []
    const healthMs: number[] = []
    const recoveriesMs: number[] = []
    let promised = 0
    // Of their own: the check shall not wait for a connection that waits for the database.
    using health = new Caller(own.service.origin)
    using reader = new Caller(own.service.origin, { connections: 1_000, token: own.service.token('viewer') })
    for (let round = 0; round < rounds; round++) {
      const writers = new Writers({ caller, authorId, prefix: `silent-${round}-`, count: 8 })
      await waitFor('some posts', () => writers.promised.length >= 20)
      const frozen = processTree(await waitFor('a postmaster', () => own.server.pid))
      for (const pid of frozen) process.kill(pid, 'SIGSTOP')
      const endMs = performance.now() + silenceMs
      try {
        while (performance.now() < endMs) {
          healthMs.push((await health.call({ path: '/healthz' })).tookMs)
          void reader.call({ path: '/api/v1/posts?limit=1' }).then((outcome) => outcome.status !== 200 && outcomes.push(outcome))
          await delay(50)
        }
      } finally {
        for (const pid of frozen) process.kill(pid, 'SIGCONT')
      }
      const wokenAtMs = performance.now()
      const first = await waitFor('a created post', () => firstCreated(writers.outcomes, wokenAtMs), { timeoutMs: 40_000 })
      recoveriesMs.push(first.sentAtMs + first.tookMs - wokenAtMs)
      await writers.stop()
      for (const outcome of writers.outcomes) outcomes.push(outcome)
      const found = await judge(writers.promised, await own.service.sql(), `silent-${round}-`)
      expect(found).toMatchObject({ lost: [], duplicates: [], unjournaled: [], stored: found.acknowledged })
      promised += found.acknowledged
    }

    const longestMs = percentile(
      outcomes.map(({ tookMs }) => tookMs),
      1,
    )
    report('F5 database silent under load', {
      rounds,
      silence_ms: silenceMs,
      acknowledged: promised,
      answers: tally(outcomes.map(({ status }) => status)),
      longest_ms: Math.round(longestMs),
      health_ms_p99: Math.round(percentile(healthMs, 0.99)),
      recovery_ms_max: Math.round(Math.max(...recoveriesMs)),
    })
    expect(wrongs(outcomes)).toEqual([])
    // The statement's own bound, a tenth more for the watch over a server that does not keep it, and the watch's own interval.
    expect(longestMs).toBeLessThan(STATEMENT_TIMEOUT_MS * 1.1 + 500 + budgetMs(300))
    expect(Math.max(...recoveriesMs)).toBeLessThan(budgetMs(RECOVERY_MS_MAX))
    expect(percentile(healthMs, 0.99)).toBeLessThan(budgetMs(100))
  })
})
