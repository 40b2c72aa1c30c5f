/** `Idempotency-Key`: however often, wherever and whenever a request is repeated, it has its effect once and gets one answer. */
// Proves 11-sizes, API-09.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeTypeId } from '../../src/kernel/index.ts'
import { openConnection } from '../../src/pg/index.ts'
import { AUTHOR_ID, type ChaosBlog, OTHER_ID, startChaosBlog } from './blog.ts'
import { Caller, type Outcome } from './caller.ts'
import { judge, type Promised } from './ledger.ts'
import { openServiceHost, type ServiceHost, type ServiceProcess } from './process.ts'
import { report, SEED, seededRandom, size, tally } from './rounds.ts'

/** What must be the same in all answers to one request: all but the headers of the moment. */
function essence({ status, headers, text }: Outcome): string {
  return JSON.stringify([status, headers.location, headers.etag, text])
}

function newPost(title: string): Record<string, string> {
  return { author_id: AUTHOR_ID, title, body: 'Sent again and again.' }
}

describe('one request, sent many times to two instances', () => {
  let first: ChaosBlog
  let second: ChaosBlog
  beforeAll(async () => {
    first = await startChaosBlog()
    second = await startChaosBlog({ databaseUrl: first.service.databaseUrl })
  })
  afterAll(async () => {
    await second.stop()
    await first.stop()
  })

  const copies = size(200, 1_000)

  test(`has its effect once, and ${copies} answers are one`, { timeout: 60_000 }, async () => {
    const request = {
      method: 'POST',
      path: '/api/v1/posts',
      headers: { 'idempotency-key': `many-${SEED}` },
      body: newPost('many'),
    }
    // A client that is told to come back comes back.
    const insist = async (caller: Caller): Promise<Outcome[]> => {
      const outcomes = [await caller.call(request)]
      while (outcomes.at(-1)?.status !== 201 && outcomes.length < 20) {
        await delay(100)
        outcomes.push(await caller.call(request))
      }
      return outcomes
    }

    const all = await Promise.all(
      Array.from({ length: copies }, (_, number) => insist(number % 2 === 0 ? first.author : second.author)),
    )

    const finals = all.map((outcomes) => outcomes.at(-1)).filter((outcome) => outcome !== undefined)
    const rows = await first.sql<{ id: string }>("SELECT id::text FROM posts WHERE title = 'many'")
    report('F17 concurrent duplicates', {
      copies,
      instances: 2,
      effects: rows.length,
      different_answers: new Set(finals.map(essence)).size,
      answers: tally(all.flat().map(({ status }) => status)),
      replayed: finals.filter(({ headers }) => headers['idempotency-replayed'] === 'true').length,
    })
    expect(rows).toHaveLength(1)
    expect(new Set(finals.map(essence)).size).toBe(1)
    expect(finals[0]?.status).toBe(201)
    expect(finals.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1)
    expect(all.flat().filter(({ status }) => ![201, 409, 503].includes(status))).toEqual([])
  })

  test('without a key has as many effects as copies: the check counts effects', async () => {
    await Promise.all(
      Array.from({ length: 10 }, () => first.author.call({ method: 'POST', path: '/api/v1/posts', body: newPost('unkeyed') })),
    )

    expect(await first.sql("SELECT id FROM posts WHERE title = 'unkeyed'")).toHaveLength(10)
  })

  test('is refused under the same key with another body, header or order of events', async () => {
    const headers = { 'idempotency-key': 'reused' }
    const send = (body: unknown, caller = first.author) => caller.call({ method: 'POST', path: '/api/v1/posts', headers, body })
    const original = await send(newPost('original'))

    const changed = await send(newPost('changed'), second.author)
    const reordered = await send({ body: 'Sent again and again.', title: 'original', author_id: AUTHOR_ID }, second.author)

    expect(original.status).toBe(201)
    expect([changed.status, changed.json.error.code]).toEqual([422, 'CONFLICT_KEY_REUSED'])
    expect(essence(reordered)).toBe(essence(original))
    expect(await first.sql("SELECT id FROM posts WHERE title = 'changed'")).toHaveLength(0)
  })

  test('is another request for another caller, and on another path', async () => {
    const headers = { 'idempotency-key': 'shared' }
    const other = first.service.token('editor', OTHER_ID)
    const original = await first.author.call({ method: 'POST', path: '/api/v1/posts', headers, body: newPost('mine') })

    const ofOther = await first.author.call({
      method: 'POST',
      path: '/api/v1/posts',
      headers,
      token: other,
      body: { ...newPost('mine'), author_id: OTHER_ID },
    })
    const stolen = await first.author.call({
      method: 'POST',
      path: '/api/v1/posts',
      headers,
      token: other,
      body: newPost('mine'),
    })
    const elsewhere = await first.author.call({
      method: 'POST',
      path: `/api/v1/users/${AUTHOR_ID}/posts`,
      headers,
      body: newPost('mine'),
    })
    const ofNobody = await first.author.call({ method: 'POST', path: '/api/v1/posts', headers, token: '', body: newPost('mine') })

    expect(ofOther.status).toBe(201)
    expect(ofOther.json.data.id).not.toBe(original.json.data.id)
    expect([stolen.status, stolen.text.includes(original.json.data.id)]).toEqual([422, false])
    expect(elsewhere.status).toBe(201)
    expect(elsewhere.json.data.id).not.toBe(original.json.data.id)
    expect(ofNobody.status).toBe(401)
  })

  test('may be sent again after a refusal: what was refused has used nothing up', async () => {
    const headers = { 'idempotency-key': 'refused-first' }
    const refused = await first.author.call({ method: 'POST', path: '/api/v1/posts', headers, body: newPost('') })
    const mended = await first.author.call({ method: 'POST', path: '/api/v1/posts', headers, body: newPost('mended') })

    expect([refused.status, mended.status]).toEqual([400, 201])
  })
})

describe('a service that is killed between the effect and the answer', () => {
  let host: ServiceHost
  beforeAll(async () => {
    host = await openServiceHost()
    await using sql = await openConnection(host.databaseUrl)
    await sql.query(
      "INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, 'ada@example.com', 'Ada', 'editor', now(), now(), 1)",
      [decodeTypeId('usr', AUTHOR_ID)],
    )
  })
  afterAll(() => host.stop())

  const rounds = size(2, 50)
  const requests = 24
  const ROUNDS_MAX = rounds + 10

  test(`gives the same record when it is asked again, ${rounds} times`, { timeout: 60_000 + rounds * 20_000 }, async () => {
    const random = seededRandom()
    const promised = new Map<string, string>()
    const contradictions: string[] = []
    let unanswered = 0
    let replayed = 0
    let service: ServiceProcess = await host.start({ LOG_LEVEL: 'info' })
    const send = async (origin: string, title: string): Promise<Outcome> => {
      using caller = new Caller(origin, { token: host.token('editor', AUTHOR_ID) })
      return await caller.call({
        method: 'POST',
        path: '/api/v1/posts',
        headers: { 'idempotency-key': title },
        body: newPost(title),
      })
    }
    const keep = (title: string, outcome: Outcome): void => {
      if (outcome.status !== 201) return
      const known = promised.get(title)
      if (known !== undefined && known !== outcome.json.data.id) contradictions.push(title)
      promised.set(title, outcome.json.data.id)
    }
    let round = 0
    // A kill that met nobody in the midst says nothing: then it is tried again.
    for (; round < rounds || (unanswered === 0 && round < ROUNDS_MAX); round++) {
      const titles = Array.from({ length: requests }, (_, number) => `crash-${round}-${number}`)
      // One by one, so that the kill falls into the midst of them.
      const underWay = titles.map(async (title, number) => {
        await delay(number * 4)
        return send(service.origin, title)
      })
      await delay(60 + random() * 100)
      service.kill('SIGKILL')
      const answers = await Promise.all(underWay)
      for (const [at, outcome] of answers.entries()) keep(titles[at] ?? '', outcome)
      unanswered += answers.filter(({ status }) => status === 0).length
      service = await host.start({ LOG_LEVEL: 'info' })
      for (const title of titles) {
        const again = await send(service.origin, title)
        keep(title, again)
        if (again.headers['idempotency-replayed'] === 'true') replayed += 1
      }
    }
    await using sql = await openConnection(host.databaseUrl)
    const ledger: Promised[] = [...promised].map(([title, id]) => ({ title, id }))

    const found = await judge(ledger, sql, 'crash-')

    report('F17 service killed between effect and answer', {
      rounds: round,
      requests: round * requests,
      unanswered,
      replayed,
      effects: found.stored,
      lost: found.lost.length,
      duplicates: found.duplicates.length,
      contradictions: contradictions.length,
    })
    expect(found).toEqual({
      acknowledged: round * requests,
      stored: round * requests,
      lost: [],
      duplicates: [],
      unjournaled: [],
    })
    expect(contradictions).toEqual([])
    expect(unanswered).toBeGreaterThan(0)
  })
})
