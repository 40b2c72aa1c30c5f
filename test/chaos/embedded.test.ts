/** What the embedded database keeps when processes are killed, started twice, or run out of disk. */
// Proves 11-sizes.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresEvent,
  openConnection,
  type PlainConnection,
  startEmbeddedPostgres,
} from '../../src/pg/embedded/index.ts'
import { budgetMs, waitFor } from '../../src/testing/index.ts'
import { startHolder } from '../integration/embedded-holder.ts'
import { report, seededRandom, size } from './rounds.ts'

const ROUNDS = size(4, 50)
const RACE_ROUNDS = size(20, 50)
const ROUND_TIMEOUT_MS = 20_000
const RECOVERY_MS_MAX = 5_000
const random = seededRandom()

const folder = join(mkdtempSync(join(tmpdir(), 'plinth-embedded-')), '.plinth')
beforeAll(async () => {
  chmodSync(dirname(folder), 0o755)
  const database = await startEmbeddedPostgres({ folder })
  await using connection = await openConnection(database.url)
  await connection.query('CREATE TABLE entry (id bigint PRIMARY KEY)')
  await connection.close()
  await database.stop()
})
afterAll(() => rmSync(dirname(folder), { recursive: true, force: true, maxRetries: 5 }))

describe('the embedded database', () => {
  test(
    `loses no acknowledged row when kill -9 hits PostgreSQL mid-write, ${ROUNDS} rounds`,
    async () => {
      const events: EmbeddedPostgresEvent[] = []
      const database = await startEmbeddedPostgres({ folder, onEvent: (event) => events.push(event) })
      onTestFinished(() => database.stop())
      const writer = new Writer(() => database.url)
      const recoveriesMs: number[] = []

      for (let round = 0; round < ROUNDS; round++) {
        const writing = writer.run()
        await delay(50 + random() * 250)
        const killed = database.pid
        const killedAt = performance.now()
        process.kill(killed ?? 0, 'SIGKILL')
        await waitFor('the new server', () => database.pid !== undefined && database.pid !== killed && answers(database))
        recoveriesMs.push(performance.now() - killedAt)
        writer.stop()
        await writing
      }

      const slowestMs = Math.max(...recoveriesMs)
      const lost = await writer.lost()
      report('embedded database killed under load', {
        rounds: ROUNDS,
        acknowledged: writer.acknowledged.length,
        lost: lost.length,
        recovery_ms_max: Math.round(slowestMs),
      })
      expect(writer.acknowledged.length).toBeGreaterThan(ROUNDS)
      expect(lost).toEqual([])
      expect(slowestMs).toBeLessThan(budgetMs(RECOVERY_MS_MAX))
      expect(events.filter(({ kind }) => kind === 'died')).toHaveLength(ROUNDS)
    },
    ROUNDS * ROUND_TIMEOUT_MS,
  )

  test('is back in time when a busy session outlives its postmaster', async () => {
    const database = await startEmbeddedPostgres({ folder })
    onTestFinished(() => database.stop())
    const busy = await openConnection(database.url)
    const counting = busy.query('SELECT count(*) FROM generate_series(1, 1000000000)').catch((error: unknown) => error)
    await delay(200)
    const killed = database.pid
    const killedAt = performance.now()

    process.kill(killed ?? 0, 'SIGKILL')
    await waitFor('the new server', () => database.pid !== undefined && database.pid !== killed && answers(database))

    expect(performance.now() - killedAt).toBeLessThan(budgetMs(RECOVERY_MS_MAX))
    expect(await counting).toBeInstanceOf(Error)
  })

  test(
    `loses no acknowledged row when kill -9 hits the application, and opens again, ${ROUNDS} rounds`,
    async () => {
      let url = ''
      const writer = new Writer(() => url, 1_000_000_000)

      for (let round = 0; round < ROUNDS; round++) {
        const holder = await startHolder(folder)
        url = holder.url
        const writing = writer.run()
        await delay(50 + random() * 250)
        await holder.end('SIGKILL')
        writer.stop()
        await writing
      }

      await using database = await startEmbeddedPostgres({ folder })
      url = database.url
      const lost = await writer.lost()
      report('application killed under load, with its database', {
        rounds: ROUNDS,
        acknowledged: writer.acknowledged.length,
        lost: lost.length,
      })
      expect(writer.acknowledged.length).toBeGreaterThan(ROUNDS)
      expect(lost).toEqual([])
    },
    ROUNDS * ROUND_TIMEOUT_MS,
  )

  test(
    `lets exactly one of two in that start at the same instant, ${RACE_ROUNDS} rounds`,
    async () => {
      const gate = join(dirname(folder), 'race.mjs')
      writeFileSync(gate, RACE)
      let winners = 0
      const refusals: string[] = []

      for (let round = 0; round < RACE_ROUNDS; round++) {
        const runners = await Promise.all([startRunner(gate), startRunner(gate)])
        const outcomes = await Promise.all(runners.map((runner) => runner.go()))
        await Promise.all(runners.map((runner) => runner.end()))
        winners += outcomes.filter((outcome) => outcome === 'won').length
        refusals.push(...outcomes.filter((outcome) => outcome !== 'won'))
      }

      report('two applications at once', { rounds: RACE_ROUNDS, winners, refused: refusals.length })
      expect(winners).toBe(RACE_ROUNDS)
      expect(refusals).toHaveLength(RACE_ROUNDS)
      for (const refusal of refusals) expect(refusal).toMatch(/Cannot start the embedded database in ".*": process \d+ uses it/)
    },
    RACE_ROUNDS * ROUND_TIMEOUT_MS,
  )
})

// A file system of its own can be mounted by root only; continuous integration runs as root.
describe.runIf(canMount())('the embedded database on a full disk', () => {
  test('refuses writes with an error, loses no acknowledged row, and writes again when there is space', async () => {
    const mount = mkdtempSync(join(tmpdir(), 'plinth-full-'))
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'tmpfs', mount]).status).toBe(0)
    const database = await startEmbeddedPostgres({ folder: join(mount, '.plinth') })
    onTestFinished(async () => {
      await database.stop()
      spawnSync('umount', ['-l', mount])
      rmSync(mount, { recursive: true, force: true })
    })
    await using setUp = await openConnection(database.url)
    await setUp.query('CREATE TABLE entry (id bigint PRIMARY KEY, ballast text)')
    const ballast = join(mount, 'ballast')
    mkdirSync(ballast)
    // 16 kB that do not compress, so that space runs out soon.
    const writer = new Writer(() => database.url, 0, "(SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 500))")

    const writing = writer.run()
    await waitFor('acknowledged writes', () => writer.acknowledged.length > 3)
    const fill = spawnSync('dd', ['if=/dev/zero', `of=${join(ballast, 'zeros')}`, 'bs=64k'])
    await waitFor('refused writes', () => writer.refused > 3, { timeoutMs: 15_000 })
    rmSync(ballast, { recursive: true })
    const before = writer.acknowledged.length
    await waitFor('an acknowledged write', () => writer.acknowledged.length > before + 3, { timeoutMs: 15_000 })
    writer.stop()
    await writing

    const lost = await writer.lost()
    report('disk full', {
      refused: writer.refused,
      acknowledged: writer.acknowledged.length,
      lost: lost.length,
      answer_ms_max: Math.round(writer.slowestMs),
    })
    expect(fill.status).not.toBe(0)
    expect(lost).toEqual([])
    expect(writer.slowestMs).toBeLessThan(budgetMs(2_000))
  }, 60_000)
})

/** Appends rows one after the other and remembers which were acknowledged. */
class Writer {
  readonly acknowledged: number[] = []
  refused = 0
  slowestMs = 0
  readonly #url: () => string
  readonly #value: string | undefined
  #next: number
  #isStopped = false

  constructor(url: () => string, first = 0, value?: string) {
    this.#url = url
    this.#next = first
    this.#value = value
  }

  stop(): void {
    this.#isStopped = true
  }

  async run(): Promise<void> {
    this.#isStopped = false
    let connection: PlainConnection | undefined
    const text = this.#value === undefined ? 'INSERT INTO entry VALUES ($1)' : `INSERT INTO entry VALUES ($1, ${this.#value})`
    while (!this.#isStopped) {
      const id = this.#next++
      const startedAt = performance.now()
      try {
        connection ??= await openConnection(this.#url())
        await connection.query(text, [id])
        this.acknowledged.push(id)
      } catch {
        // Not acknowledged, so nothing was promised.
        this.refused++
        await connection?.close().catch(() => {})
        connection = undefined
        await delay(20)
      }
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt)
    }
    await connection?.close().catch(() => {})
  }

  async lost(): Promise<number[]> {
    await using connection = await openConnection(this.#url())
    const rows = await connection.query<{ id: string }>('SELECT id FROM entry')
    const kept = new Set(rows.map(({ id }) => Number(id)))
    return this.acknowledged.filter((id) => !kept.has(id))
  }
}

async function answers(database: EmbeddedPostgres): Promise<boolean> {
  try {
    await using connection = await openConnection(database.url)
    await connection.query('SELECT 1')
    return true
  } catch {
    return false
  }
}

/** Starts the database at a word, says how that went, and holds it until its input ends. */
const RACE = `
import { createInterface } from 'node:readline'
const [, , folder, source] = process.argv
const { startEmbeddedPostgres } = await import(source)
const input = createInterface(process.stdin)
const ended = new Promise((resolve) => input.once('close', resolve))
input.once('line', async () => {
  try {
    const database = await startEmbeddedPostgres({ folder })
    console.log('won')
    await ended
    await database.stop()
  } catch (error) {
    console.log(error.message)
  }
})
console.log('ready')
`

interface Runner {
  /** Returns `won`, or the sentence of the refusal. */
  go(): Promise<string>
  end(): Promise<void>
}

async function startRunner(script: string): Promise<Runner> {
  const source = new URL('../../src/pg/embedded/index.ts', import.meta.url).href
  const child = spawn(process.execPath, [script, folder, source], { stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  await lines.next()
  return {
    async go() {
      child.stdin.write('go\n')
      const { value } = await lines.next()
      return String(value)
    },
    async end() {
      child.stdin.end()
      await closed
    },
  }
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false
  const probe = mkdtempSync(join(tmpdir(), 'plinth-mount-'))
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]).status === 0
  if (isMounted) spawnSync('umount', [probe])
  rmSync(probe, { recursive: true, force: true })
  return isMounted
}
