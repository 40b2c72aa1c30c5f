/**
 * Eight writers who commit late, roll back and overtake each other, against watchers that are cut off and go on from their last cursor,
 * on two instances of the service: each change that was committed is told to each watcher once, and those of one record in order.
 */
// Proves GQL-07.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import type { Change, Engine } from '../../src/engine/index.ts'
import type { Uuid } from '../../src/kernel/index.ts'
import { openConnection, type PlainConnection } from '../../src/pg/index.ts'
import { waitFor } from '../../src/testing/index.ts'
import { actorOf, contextOf, newId } from '../integration/storage-kit.ts'
import { openWatched, type Watched } from '../integration/watch-kit.ts'
import { report, seededRandom } from './rounds.ts'

const ROUNDS = 200
const WRITERS = 8
const WATCHERS = 4

let watched: Watched
let records: readonly Uuid[]
const writers: PlainConnection[] = []
beforeAll(async () => {
  watched = await openWatched()
  const { sql, url } = watched.storage
  const [author] = await sql.query<{ id: string }>(
    "INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, 'a@example.com', 'A', 'editor', now(), now(), 1) RETURNING id",
    [newId()],
  )
  records = Array.from({ length: 12 }, () => newId())
  for (const id of records) {
    await sql.query(
      "INSERT INTO posts (id, author_id, title, body, status, created_at, updated_at, version) VALUES ($1, $2, 'A', '', 'published', now(), now(), 1)",
      [id, author?.id],
    )
  }
  for (let count = 0; count < WRITERS; count++) writers.push(await openConnection(url))
})
afterAll(async () => {
  for (const writer of writers) await writer.close()
  await watched[Symbol.asyncDispose]()
})

/** What every change of the service does, in a transaction that may take its time or come to nothing. */
const CHANGE = `WITH w AS (UPDATE posts SET version = version + 1 WHERE id = $1 RETURNING id, version)
INSERT INTO plinth_journal (at, resource, record_id, operation, version) SELECT now(), 'post', w.id, 'update', w.version FROM w`

async function write(connection: PlainConnection, random: () => number): Promise<void> {
  const isKept = random() < 0.8
  await connection.query('BEGIN')
  // In one order, so that no two wait for each other.
  const touched = records.filter(() => random() < 0.15)
  for (const id of touched) {
    await connection.query(CHANGE, [id])
    if (random() < 0.3) await sleep(random() * 20)
  }
  await connection.query(isKept ? 'COMMIT' : 'ROLLBACK')
}

interface Told {
  readonly changes: Change[]
  resumed: number
  stop(): Promise<void>
}

/** Watches, is cut off after a random number of changes, and goes on behind the last one, on either instance. */
function watchAndFall(engines: readonly Engine[], random: () => number): Told {
  const abort = new AbortController()
  const told: Told = { changes: [], resumed: 0, stop: async () => undefined }
  const run = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      const engine = engines[random() < 0.5 ? 0 : 1]
      const until = told.changes.length + 1 + Math.floor(random() * 40)
      const after = told.changes.at(-1)?.cursor
      const changes = engine?.resource('post').watch(contextOf(actorOf(blog, 'admin')), { after }, abort.signal)
      if (changes === undefined) return
      for await (const change of changes) {
        told.changes.push(change)
        // One that is slow now and then.
        if (random() < 0.02) await sleep(100)
        if (told.changes.length >= until) break
      }
      told.resumed += 1
    }
  }
  const running = run()
  told.stop = () => {
    abort.abort()
    return running
  }
  return told
}

const nameOf = (id: string, version: number): string => `${id} ${version}`

test(`in ${ROUNDS} rounds each committed change is told once to each watcher, in the order of its record`, {
  timeout: 240_000,
}, async () => {
  const random = seededRandom()
  const engines = [watched.engine, watched.anotherEngine()]
  const { sql } = watched.storage
  // Whoever begins without a cursor begins anywhere: so all begin behind a change that all have heard.
  const watchers = Array.from({ length: WATCHERS }, () => watchAndFall(engines, random))
  await sleep(200)
  for (let tries = 0; watchers.some(({ changes }) => changes.length === 0) && tries < 50; tries++) {
    await sql.query(CHANGE, [records[0]])
    await sleep(50)
  }

  for (let round = 0; round < ROUNDS; round++) await Promise.all(writers.map((writer) => write(writer, random)))
  for (const id of records) await sql.query(CHANGE, [id])
  const journal = await sql.query<{ record_id: string; version: number }>(
    "SELECT record_id, version FROM plinth_journal WHERE resource = 'post' ORDER BY position",
  )
  const last = new Set(
    records.map((id) => nameOf(id, Math.max(...journal.filter((row) => row.record_id === id).map((row) => row.version)))),
  )
  await waitFor(
    'the last change of each record',
    () => watchers.every(({ changes }) => changes.filter(({ id, version }) => last.has(nameOf(id, version))).length >= last.size),
    { timeoutMs: 60_000 },
  )
  await sleep(300)
  await Promise.all(watchers.map((watcher) => watcher.stop()))

  const counts = watchers.map(({ changes }) => {
    const [first] = changes
    const begin = journal.findIndex((row) => row.record_id === first?.id && row.version === first.version)
    const committed = journal.slice(begin).map((row) => nameOf(row.record_id, row.version))
    const heard = changes.map(({ id, version }) => nameOf(id, version))
    const disordered = records.filter((id) => {
      const versions = changes.filter((change) => change.id === id).map(({ version }) => version)
      return versions.some((version, at) => at > 0 && version <= (versions[at - 1] ?? 0))
    })
    return {
      lost: committed.filter((name) => !heard.includes(name)).length,
      repeated: heard.length - new Set(heard).size,
      invented: heard.filter((name) => !committed.includes(name)).length,
      disordered: disordered.length,
    }
  })
  report('watch: changes told', {
    rounds: ROUNDS,
    committed: journal.length,
    told: watchers.reduce((sum, { changes }) => sum + changes.length, 0),
    resumed: watchers.reduce((sum, { resumed }) => sum + resumed, 0),
    counts,
  })
  expect(journal.length).toBeGreaterThan(ROUNDS)
  expect(watchers.reduce((sum, { resumed }) => sum + resumed, 0)).toBeGreaterThan(WATCHERS * 10)
  expect(counts).toEqual(counts.map(() => ({ lost: 0, repeated: 0, invented: 0, disordered: 0 })))
})
