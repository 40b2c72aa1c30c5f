/**
 * SIGTERM under load, as every deployment sends it: no request that was accepted goes without its answer, and the process ends by
 * itself with 0.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeTypeId, type Uuid } from '../../src/kernel/index.ts'
import { openConnection, type PlainConnection } from '../../src/pg/index.ts'
import { Caller, type Outcome } from './caller.ts'
import { type Ended, openServiceHost, type ServiceHost, type ServiceProcess } from './process.ts'
import { report, seededRandom, size, tally } from './rounds.ts'

const AUTHOR = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
const AUTHOR_ID = encodeTypeId('usr', AUTHOR)
const CLIENTS = 16
const GRACE_MS = 10_000

let host: ServiceHost
let sql: PlainConnection

beforeAll(async () => {
  host = await openServiceHost()
  sql = await openConnection(host.databaseUrl)
  await sql.query(
    "INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, 'ada@example.com', 'Ada', 'editor', now(), now(), 1)",
    [AUTHOR],
  )
})
afterAll(async () => {
  await sql.close()
  await host.stop()
})

/** One request as its client saw it. */
interface Sent {
  /** Goes with the request as `X-Request-Id`, and from there into the log. */
  readonly id: string
  readonly outcome: Outcome
}

interface Round {
  readonly sent: readonly Sent[]
  /** The ids of the requests that the service logged as answered. */
  readonly logged: ReadonlySet<string>
  readonly ended: Ended
  readonly tookMs: number
}

/**
 * Loads the service over kept connections, ends it with the signal in the midst of it, and gathers what every client has seen.
 */
async function endUnderLoad(service: ServiceProcess, signal: NodeJS.Signals, afterMs: number): Promise<Round> {
  const caller = new Caller(service.origin, { token: host.token('admin', AUTHOR_ID), connections: CLIENTS, timeoutMs: 20_000 })
  const sent: Sent[] = []
  let count = 0
  const client = async (): Promise<void> => {
    for (;;) {
      const number = count++
      const id = `term-${number}`
      const headers = { 'x-request-id': id }
      const outcome = await caller.call(
        number % 2 === 0
          ? { path: '/api/v1/posts?limit=5', headers }
          : {
              method: 'POST',
              path: '/api/v1/posts',
              headers,
              body: { author_id: AUTHOR_ID, title: `post ${number}`, body: 'Written under load.' },
            },
      )
      sent.push({ id, outcome })
      if (outcome.failure === 'ECONNREFUSED') return
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)
  await delay(afterMs)
  const signalledAtMs = performance.now()
  service.kill(signal)
  const ended = await service.ended
  const tookMs = performance.now() - signalledAtMs
  await Promise.all(clients)
  caller.close()
  const logged = new Set(service.output().match(/(?<="request_id":")term-\d+/g))
  return { sent, logged, ended, tookMs }
}

/**
 * Requests that the service had begun, or been given on a connection that it had used, and that went without an answer. A
 * connection that still waits in the kernel when the socket is closed is reset with it: no process has seen it, and its client
 * may connect elsewhere.
 */
function failed(round: Round): readonly string[] {
  return round.sent
    .filter(({ id, outcome }) => (outcome.status === 0 ? outcome.isReused || round.logged.has(id) : outcome.status >= 400))
    .map(({ id, outcome }) => `${id} ${outcome.failure ?? outcome.status} ${outcome.text}`)
}

const rounds = size(3, 50)

test(`a service that is told to end answers all that it has accepted, ${rounds} times`, {
  timeout: 30_000 + rounds * 20_000,
}, async () => {
  const random = seededRandom()
  const all: Round[] = []
  for (let round = 0; round < rounds; round++) {
    const service = await host.start({ SHUTDOWN_GRACE_MS: String(GRACE_MS) })
    all.push(await endUnderLoad(service, 'SIGTERM', 150 + random() * 300))
  }
  const outcomes = all.flatMap(({ sent }) => sent.map(({ outcome }) => outcome))
  const [stored] = await sql.query<{ posts: number }>('SELECT count(*)::int AS posts FROM posts')

  report('F14 SIGTERM under load', {
    rounds,
    answers: tally(outcomes.map(({ status, failure }) => failure ?? status)),
    failed: all.flatMap(failed).length,
    exit: tally(all.map(({ ended }) => String(ended.code))),
    stop_ms_max: Math.round(Math.max(...all.map(({ tookMs }) => tookMs))),
  })
  expect(all.flatMap(failed)).toEqual([])
  expect(all.map(({ ended }) => ended)).toEqual(all.map(() => ({ code: 0, signal: null })))
  expect(Math.max(...all.map(({ tookMs }) => tookMs))).toBeLessThan(GRACE_MS)
  expect(outcomes.filter(({ status }) => status === 201)).toHaveLength(stored?.posts ?? -1)
})

test('the check sees requests that are cut off: those of a service that is killed', async () => {
  const service = await host.start()

  const round = await endUnderLoad(service, 'SIGKILL', 300)

  expect(round.ended.signal).toBe('SIGKILL')
  expect(failed(round).length).toBeGreaterThan(0)
})
