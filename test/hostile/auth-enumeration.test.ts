/** Whether there is an account: neither words, nor headers, nor times, nor refusals tell it to whoever tries names. */
// Proves IDN-01.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestAnswer, type TestService, testService } from '../../src/testing/index.ts'
import { percentile, report, seededRandom, size, tally } from '../chaos/rounds.ts'
import { addAccount, PASSWORD } from '../conformance/account-kit.ts'
import { compareTimes } from './mann-whitney.ts'
import { startStopwatch } from './stopwatch.ts'

let blog: TestService

/** Names in every state that an account can be in, and one of nobody. */
const NAMES = {
  known: 'known@example.com',
  unverified: 'unverified@example.com',
  suspended: 'suspended@example.com',
  deleted: 'deleted@example.com',
  withoutPassword: 'without-password@example.com',
  invited: 'invited@example.com',
  moved: 'moved@example.com',
  withFactor: 'with-factor@example.com',
  unknown: 'unknown@example.com',
} as const

beforeAll(async () => {
  // A proxy that is believed, so that each attempt can come from an address of its own.
  blog = await testService({ app, environment: { TRUSTED_PROXIES: '127.0.0.0/8' } })
  for (const email of [NAMES.known, NAMES.suspended, NAMES.deleted, NAMES.withFactor]) await addAccount(blog, email)
  await post('/auth/registrations', { email: NAMES.unverified, password: PASSWORD, display_name: 'Somebody' })
  await blog.request('/api/v1/users', {
    method: 'POST',
    token: blog.token('admin'),
    body: { email: NAMES.withoutPassword, display_name: 'Somebody' },
  })
  await blog.request('/api/v1/users', {
    method: 'POST',
    token: blog.token('admin'),
    body: { email: NAMES.invited, display_name: 'Somebody', role: 'editor', password: PASSWORD },
  })
  await addAccount(blog, 'before-it-moved@example.com')
  await blog.service.settle()
  const sql = await blog.sql()
  await sql.query('UPDATE users SET email = $1 WHERE email = $2', [NAMES.moved, 'before-it-moved@example.com'])
  await sql.query(`UPDATE plinth_accounts a SET suspended_at = now() FROM users u WHERE u.id = a.account_id AND u.email = $1`, [
    NAMES.suspended,
  ])
  await sql.query(`UPDATE users SET deleted_at = now() WHERE email = $1`, [NAMES.deleted])
  await sql.query(
    `UPDATE plinth_accounts a SET totp_secret = 'x', totp_confirmed_at = now() FROM users u WHERE u.id = a.account_id AND u.email = $1`,
    [NAMES.withFactor],
  )
})
afterAll(() => blog.stop())

let addresses = 0
const nextAddress = (): string => {
  const at = ++addresses
  return `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
}
const post = (path: string, body: unknown): Promise<TestAnswer> =>
  blog.request(path, { method: 'POST', body, headers: { 'x-forwarded-for': nextAddress() } })

/** What names are put to, without the right password. */
const DOORS: Readonly<Record<string, (email: string) => Promise<TestAnswer>>> = {
  'signing in': (email) => post('/auth/sessions', { email, password: 'this is not the password' }),
  'asking to reset a password': (email) => post('/auth/password-resets/requests', { email }),
  'asking for another letter': (email) => post('/auth/email-verifications/requests', { email }),
  registering: (email) => post('/auth/registrations', { email, password: 'another violet harbour', display_name: 'Somebody' }),
}

/** All that an answer shows, without what every answer has of its own. */
function faceOf({ status, headers, text }: TestAnswer): string {
  const own = new Set(['date', 'x-request-id', 'ratelimit', 'content-length'])
  const shown = [...headers].filter(([name]) => !own.has(name)).map(([name, value]) => `${name}: ${value}`)
  return [status, ...shown, text.replaceAll(/"request_id":"[^"]*"/g, '"request_id":""')].join('\n')
}

describe.each(Object.keys(DOORS))('%s', (door) => {
  const knock = DOORS[door] as (email: string) => Promise<TestAnswer>

  test('answers every name with the same bytes (IDN-01, A12)', async () => {
    const faces = new Map<string, string[]>()
    for (const [state, email] of Object.entries(NAMES)) {
      const face = faceOf(await knock(email))
      faces.set(face, [...(faces.get(face) ?? []), state])
      await blog.service.settle()
    }

    expect([...faces.values()]).toEqual([Object.keys(NAMES)])
  })
})

describe('the time of the answer', () => {
  // Each name is asked for once, so that neither waits nor bounds of letters come between.
  const rounds = size(200, 2_000)
  const WARM_UP = 20
  const stopwatch = startStopwatch()
  let strangers = 0
  type Ask = (email: string) => Readonly<Record<string, unknown>>
  afterAll(() => stopwatch.stop())

  /**
   * Asks for known and unknown names in an order of chance: were they asked in turn, each would stand behind the other, and what the letter of one
   * leaves behind (garbage, cold caches) would be taken for the time of the other.
   */
  async function measure(door: string, ask: Ask) {
    const random = seededRandom()
    const times = { known: [] as number[], unknown: [] as number[] }
    for (let at = 0; at < 2 * (rounds + WARM_UP); at++) {
      const isKnown = random() < 0.5
      const own = times[isKnown ? 'known' : 'unknown']
      const body = JSON.stringify(ask(isKnown ? `timed-known-${own.length}@example.com` : `timed-${++strangers}@example.com`))
      const { status, tookMs } = await stopwatch.time({ url: blog.origin + door, body, address: nextAddress() })
      if (status >= 429) throw new TypeError(`Cannot measure: the answer is ${status}`)
      own.push(tookMs)
      await blog.service.settle()
    }
    return { known: times.known.slice(WARM_UP), unknown: times.unknown.slice(WARM_UP) }
  }

  /** Chance alone gives 0.01 once in a hundred times; a difference that is there shows again. */
  async function judge(door: string, ask: Ask): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const { known, unknown } = await measure(door, ask)
      const { p, superiority } = compareTimes(known, unknown)
      report(`time of ${door}`, {
        samples: [known.length, unknown.length],
        p: Number(p.toFixed(4)),
        superiority: Number(superiority.toFixed(3)),
        medianMs: [known, unknown].map((times) => Number(percentile(times, 0.5).toFixed(3))),
      })
      if (p > 0.01) return
      if (attempt === 2) expect(p).toBeGreaterThan(0.01)
      const sql = await blog.sql()
      await sql.query('DELETE FROM plinth_failures')
    }
  }

  beforeAll(async () => {
    const sql = await blog.sql()
    // Accounts whose digest is like that of any: one argon2id for all of them.
    await sql.query(
      `INSERT INTO users (id, email, display_name, role, password, created_at, updated_at, version)
SELECT gen_random_uuid(), 'timed-known-' || n || '@example.com', 'Somebody', 'viewer', (SELECT password FROM users WHERE email = $1), now(), now(), 1
FROM generate_series(0, $2::integer) AS n`,
      [NAMES.known, 2 * (rounds + WARM_UP)],
    )
    await sql.query(
      `INSERT INTO plinth_accounts (account_id, verified_login_digest, verified_at)
SELECT id, encode(sha256(convert_to(email, 'UTF8')), 'hex'), now() FROM users WHERE email LIKE 'timed-known-%'`,
    )
    await sql.query('ANALYZE')
  })

  test('the statistic finds a difference of a tenth, and none between equals', () => {
    const random = seededRandom(7)
    const sample = (shift: number): number[] => Array.from({ length: 300 }, () => 1 + shift + random() ** 8)

    expect(compareTimes(sample(0), sample(0)).p).toBeGreaterThan(0.01)
    expect(compareTimes(sample(0.1), sample(0)).p).toBeLessThan(1e-6)
    expect(compareTimes([1, 1, 1], [1, 1, 1]).p).toBe(1)
    // 1…10 beside 6…15 by hand: U = 12.5 of 100.
    const row = (from: number): number[] => Array.from({ length: 10 }, (_, at) => from + at)
    expect(compareTimes(row(1), row(6))).toMatchObject({ superiority: 0.125 })
    expect(compareTimes(row(1), row(6)).p).toBeCloseTo(0.0051, 3)
  })

  test(
    'of a password that is wrong is that for nobody (A12)',
    () => judge('/auth/sessions', (email) => ({ email, password: 'this is not the password' })),
    size(120_000, 600_000),
  )

  test(
    'of asking for a letter is that for nobody (A12)',
    () => judge('/auth/password-resets/requests', (email) => ({ email })),
    size(120_000, 600_000),
  )

  test(
    'of registering is that for nobody (A12)',
    () => judge('/auth/registrations', (email) => ({ email, password: PASSWORD, display_name: 'Somebody' })),
    size(120_000, 600_000),
  )
})

test('a service with too much to do refuses names alike, so that its refusal tells nothing', async () => {
  const asked = Array.from({ length: 900 }, (_, at) => (at % 2 === 0 ? NAMES.known : `flood-${at}@example.com`))

  const answers = await Promise.all(
    asked.map(async (email) => ({
      isKnown: email === NAMES.known,
      status: (await post('/auth/password-resets/requests', { email })).status,
    })),
  )
  await blog.service.settle()

  const of = (isKnown: boolean) => tally(answers.filter((answer) => answer.isKnown === isKnown).map(({ status }) => status))
  report('refusals of asking to reset', { known: of(true), unknown: of(false) })
  expect(answers.map(({ status }) => status).filter((status) => status !== 202 && status !== 503)).toEqual([])
  // Where one kind alone was refused, its share would be far from the other's.
  expect(Math.abs((of(true)['503'] ?? 0) - (of(false)['503'] ?? 0))).toBeLessThan(100)
})
