/**
 * Many clients change one record at once. With `If-Match` each change that was acknowledged is there at the end, once, in the
 * order of versions.
 *
 * The history is the list-append workload of Elle: a client reads a list, adds an item of its own, and writes the whole back; an
 * item that is missing at the end is a lost update. @see https://github.com/jepsen-io/elle
 */
// Proves API-08.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeTypeId } from '../../src/kernel/index.ts'
import { type ChaosBlog, startChaosBlog } from './blog.ts'
import { report, size, tally } from './rounds.ts'

let blog: ChaosBlog

beforeAll(async () => {
  blog = await startChaosBlog()
})
afterAll(() => blog.stop())

test('of 50 concurrent changes that expect one version, one happens and 49 are told', async () => {
  const id = await blog.createPost('contested')
  const attempts = Array.from({ length: 50 }, (_, number) =>
    blog.author.call({
      method: 'PATCH',
      path: `/api/v1/posts/${id}`,
      headers: { 'if-match': '"1"' },
      body: { body: `by ${number}` },
    }),
  )

  const answers = await Promise.all(attempts)

  const winner = answers.find(({ status }) => status === 200)
  const after = await blog.author.call({ path: `/api/v1/posts/${id}` })
  report('F16 one version, 50 writers', { answers: tally(answers.map(({ status, json }) => json.error?.code ?? status)) })
  expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 1, 409: 49 })
  expect(new Set(answers.filter(({ status }) => status === 409).map(({ json }) => json.error.code))).toEqual(
    new Set(['CONFLICT_VERSION']),
  )
  expect(after.json.data).toMatchObject({ body: winner?.json.data.body, version: 2 })
})

interface History {
  /** Items whose write was acknowledged, with the version that it made. */
  readonly acknowledged: readonly { readonly item: string; readonly version: number }[]
  readonly refused: number
  readonly final: readonly string[]
}

/** Runs the clients; `isGuarded`: with `If-Match`. */
async function append(id: string, clients: number, items: number, isGuarded: boolean): Promise<History> {
  const acknowledged: { item: string; version: number }[] = []
  let refused = 0
  const path = `/api/v1/posts/${id}`
  const client = async (name: number): Promise<void> => {
    for (let number = 0; number < items; ) {
      const item = `${name}.${number}`
      const read = await blog.author.call({ path })
      const body = [...listOf(read.json.data.body), item].join(',')
      const headers: Record<string, string> = isGuarded ? { 'if-match': `"${read.json.data.version}"` } : {}
      const written = await blog.author.call({ method: 'PATCH', path, headers, body: { body } })
      if (written.status === 200) {
        acknowledged.push({ item, version: written.json.data.version })
        number++
      } else if (written.status === 409) refused++
      else throw new Error(`Cannot go on: ${written.status} ${written.failure ?? ''} ${written.text}`)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, name) => client(name)))
  const final = await blog.author.call({ path })
  return { acknowledged, refused, final: listOf(final.json.data.body) }
}

function listOf(body: string): readonly string[] {
  return body === '' ? [] : body.split(',')
}

/** What a serial order of the acknowledged writes cannot have led to. */
function anomalies({ acknowledged, final }: History): readonly string[] {
  const inOrder = [...acknowledged].sort((left, right) => left.version - right.version)
  return [
    ...inOrder.filter(({ item }) => !final.includes(item)).map(({ item }) => `lost ${item}`),
    ...final.filter((item, at) => final.indexOf(item) !== at).map((item) => `twice ${item}`),
    ...final.filter((item) => !inOrder.some((one) => one.item === item)).map((item) => `never acknowledged ${item}`),
    ...inOrder.filter(({ item }, at) => final.includes(item) && final[at] !== item).map(({ item }) => `out of order ${item}`),
    ...inOrder.filter(({ version }, at) => version !== at + 2).map(({ item, version }) => `version ${version} of ${item}`),
  ]
}

describe('a list that many clients append to', () => {
  const clients = 8
  const items = size(6, 100)
  const rounds = size(1, 10)

  test('holds every item that was acknowledged, once, in the order of versions, and so does the journal', {
    timeout: 30_000 * rounds,
  }, async () => {
    let acknowledged = 0
    let refused = 0
    for (let round = 0; round < rounds; round++) {
      const id = await blog.createPost('appended')
      const history = await append(id, clients, items, true)
      const journal = await blog.sql<{ version: number }>(
        'SELECT version FROM plinth_journal WHERE record_id = $1 ORDER BY position',
        [decodeTypeId('post', id)],
      )

      expect(anomalies(history)).toEqual([])
      expect(history.final).toHaveLength(clients * items)
      expect(journal.map(({ version }) => version)).toEqual(Array.from({ length: clients * items + 1 }, (_, at) => at + 1))
      acknowledged += history.acknowledged.length
      refused += history.refused
    }
    report('F16 list-append with If-Match', { rounds, clients, acknowledged, refused_as_stale: refused, anomalies: 0 })
    expect(refused).toBeGreaterThan(0)
  })

  test('loses items without If-Match, and the check sees it', async () => {
    const id = await blog.createPost('unguarded')

    const found = anomalies(await append(id, clients, items, false))

    report('F16 control: list-append without If-Match', { anomalies: found.length })
    expect(found.some((one) => one.startsWith('lost '))).toBe(true)
  })
})
