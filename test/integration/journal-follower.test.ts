/** The follower of the journal over a real database: entries that commit late, many at once, failures, and what it costs to wait. */
// Proves JWT-03.
import { randomFillSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { uuidGenerator } from '../../src/kernel/index.ts'
import { JournalFollower, type JournalRow, openConnection, SqlPool } from '../../src/pg/index.ts'
import { appTemplate, budgetMs, testDatabase, waitFor } from '../../src/testing/index.ts'

const newId = uuidGenerator(
  { now: () => Date.now(), monotonicMs: () => performance.now() },
  { fill: (target) => void randomFillSync(target) },
)
const ADD = `INSERT INTO plinth_journal (at, resource, record_id, operation, version, changed)
SELECT now(), $1, $2, 'update', n, NULL FROM generate_series(1, $3) AS n`

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function open(options: { readonly resources?: readonly string[]; readonly isIdle?: boolean } = {}) {
  const database = await testDatabase(await appTemplate(blog))
  cleanUps.push(() => database.drop())
  const sql = new SqlPool({ url: database.url, applicationName: 'follower-test' })
  cleanUps.push(() => sql.close())
  const connect = async () => {
    const connection = await openConnection(database.url)
    cleanUps.push(() => connection.close())
    return connection
  }
  const rows: JournalRow[] = []
  const errors: unknown[] = []
  const pages: number[] = []
  /** When each position came first. */
  const cameAtMs = new Map<number, number>()
  const state = { rounds: 0, gaps: 0, refuse: false }
  const follower = new JournalFollower({
    sql,
    everyMs: 20,
    ...(options.resources !== undefined && { resources: options.resources }),
    onRows: (page) => {
      if (state.refuse) throw new Error('Cannot take these: the test says so')
      pages.push(page.length)
      rows.push(...page)
      for (const { position } of page) cameAtMs.set(position, cameAtMs.get(position) ?? performance.now())
    },
    onRead: () => {
      state.rounds += 1
    },
    onGap: () => {
      state.gaps += 1
    },
    onError: (error) => errors.push(error),
  })
  cleanUps.push(() => follower.stop())
  if (options.isIdle !== true) await follower.start()
  const writer = await connect()
  const add = (count = 1, resource = 'post', by = writer) => by.query(ADD, [resource, newId(), count])
  const nextRounds = async (count = 3) => {
    const from = state.rounds
    await waitFor('rounds of the follower', () => state.rounds >= from + count)
  }
  return { database, follower, rows, cameAtMs, errors, pages, state, connect, writer, add, nextRounds }
}

describe('the follower', () => {
  test('hands on what commits from its start, once, and nothing from before', async () => {
    const { add, follower, rows, nextRounds } = await open({ isIdle: true })
    await add(5)
    await follower.start()

    await add(3, 'user')
    await nextRounds()

    expect(rows.map(({ resource, version }) => [resource, version])).toEqual([
      ['user', 1],
      ['user', 2],
      ['user', 3],
    ])
    expect(rows[0]).toMatchObject({ operation: 'update', actor: null, requestId: null, changed: null, at: expect.any(Date) })
  })

  test('does not lose an entry of a transaction that commits behind later ones', async () => {
    const { add, connect, rows, nextRounds } = await open()
    const late = await connect()
    await late.query('BEGIN')
    await add(1, 'late', late)
    await add(2, 'early')
    await nextRounds(10)
    expect(rows.map(({ resource }) => resource)).toEqual(['early', 'early'])

    await late.query('COMMIT')
    await nextRounds()

    expect(rows.map(({ resource }) => resource)).toEqual(['early', 'early', 'late'])
    expect(rows[2]?.position).toBeLessThan(rows[0]?.position ?? 0)
  })

  test('does not lose an entry whose transaction was open before the start', async () => {
    const { add, connect, follower, rows, nextRounds } = await open({ isIdle: true })
    const late = await connect()
    await late.query('BEGIN')
    await add(1, 'late', late)
    await add(2, 'before')
    await follower.start()

    await late.query('COMMIT')
    await nextRounds()

    expect(rows.map(({ resource }) => resource)).toEqual(['late'])
  })

  test('forgets an entry that was rolled back, and one behind a savepoint comes', async () => {
    const { add, connect, rows, nextRounds } = await open()
    const other = await connect()
    await other.query('BEGIN')
    await add(1, 'lost', other)
    await other.query('ROLLBACK')
    await other.query('BEGIN')
    await other.query('SAVEPOINT s')
    await add(1, 'kept', other)
    await other.query('RELEASE s')
    await nextRounds()

    await other.query('COMMIT')
    await nextRounds()

    expect(rows.map(({ resource }) => resource)).toEqual(['kept'])
  })

  test('reads many in pages of a thousand, in one round', async () => {
    const { add, pages, rows, nextRounds } = await open()

    await add(3_500)
    await nextRounds(2)

    expect(pages).toEqual([1_000, 1_000, 1_000, 500])
    expect(new Set(rows.map(({ position }) => position)).size).toBe(3_500)
  })

  test('reads the resources that it is asked for', async () => {
    const { add, rows, nextRounds } = await open({ resources: ['user', 'plinth.session'] })

    await add(1, 'post')
    await add(1, 'user')
    await add(1, 'plinth.session')
    await nextRounds()

    expect(rows.map(({ resource }) => resource)).toEqual(['user', 'plinth.session'])
  })

  test('hands on again what was refused', async () => {
    const { add, rows, errors, state } = await open()
    state.refuse = true
    await add(2)
    await waitFor('a refused page', () => errors.length > 0)

    state.refuse = false
    await waitFor('the page again', () => rows.length > 0)

    expect(rows).toHaveLength(2)
  })

  test('goes on behind a cut connection, and loses nothing', async () => {
    const { add, connect, database, errors, rows } = await open()
    const admin = await connect()
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'follower-test'",
      [database.name],
    )

    await add(2)
    await waitFor('entries behind the cut', () => rows.length === 2)

    expect(errors.length).toBeLessThan(10)
  })

  test('tells when the journal is an older one', async () => {
    const { add, writer, state, rows, nextRounds } = await open()
    await add(2)
    await nextRounds()

    await writer.query('DELETE FROM plinth_journal')
    await nextRounds()
    expect(state.gaps).toBe(1)

    await add(1, 'after')
    await nextRounds()
    expect(rows.at(-1)?.resource).toBe('after')
  })
})

test('with 2,000 entries a second of eight writers, some of whom commit late, each comes once and within a second', async () => {
  const { connect, rows, cameAtMs, state } = await open()
  const written: { at: number; position: number }[] = []
  const endMs = performance.now() + 3_000
  const write = async (index: number): Promise<void> => {
    const connection = await connect()
    while (performance.now() < endMs) {
      const isLate = index < 2
      if (isLate) await connection.query('BEGIN')
      const added = await connection.query<{ position: string }>(`${ADD} RETURNING position`, ['post', newId(), 15])
      if (isLate) await sleep(150)
      if (isLate) await connection.query('COMMIT')
      const at = performance.now()
      written.push(...added.map(({ position }) => ({ at, position: Number(position) })))
      await sleep(35)
    }
  }

  await Promise.all(Array.from({ length: 8 }, (_, index) => write(index)))
  await waitFor('all entries', () => rows.length >= written.length)
  const lagMs = written.map(({ at, position }) => (cameAtMs.get(position) ?? Number.POSITIVE_INFINITY) - at)

  expect(written.length).toBeGreaterThan(2_000)
  expect(rows).toHaveLength(written.length)
  expect(cameAtMs.size).toBe(written.length)
  expect(Math.max(...lagMs)).toBeLessThan(budgetMs(1_000))
  expect(state.gaps).toBe(0)
})
