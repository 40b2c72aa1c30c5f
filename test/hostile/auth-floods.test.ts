/** Many at once: single-use secrets that fifty redeem, passwords of a megabyte, more sign-ins than can be judged, letters without end. */
// Proves IDN-01, SEC-07.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { budgetMs, type TestAnswer, type TestService, testService } from '../../src/testing/index.ts'
import { Caller } from '../chaos/caller.ts'
import { percentile, report, size, tally } from '../chaos/rounds.ts'
import { addAccount, letterSecret, PASSWORD, signIn, tokensOf } from '../conformance/account-kit.ts'

let blog: TestService
let serial = 0

beforeAll(async () => {
  blog = await testService({ app, environment: { TRUSTED_PROXIES: '127.0.0.0/8' } })
})
afterAll(() => blog.stop())

const nextEmail = (): string => `flood-${++serial}@example.com`
const addressOf = (at: number): string => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
const post = (path: string, body: unknown, address = addressOf(++serial)): Promise<TestAnswer> =>
  blog.request(path, { method: 'POST', body, headers: { 'x-forwarded-for': address } })
const fifty = (ask: () => Promise<TestAnswer>): Promise<readonly TestAnswer[]> => Promise.all(Array.from({ length: 50 }, ask))
const statusesOf = (answers: readonly TestAnswer[]) => tally(answers.map(({ status }) => status))

describe('of fifty requests at once with one secret, one succeeds', () => {
  test('to confirm an address', async () => {
    const email = nextEmail()
    await post('/auth/registrations', { email, password: PASSWORD, display_name: 'Somebody' })
    const token = await letterSecret(blog, email)

    const answers = await fifty(() => post('/auth/email-verifications', { token, password: PASSWORD }))

    expect(statusesOf(answers)).toEqual({ 200: 1, 400: 49 })
  })

  test('to set a password, and it is the one that then signs in', async () => {
    const email = nextEmail()
    await addAccount(blog, email)
    await post('/auth/password-resets/requests', { email })
    const token = await letterSecret(blog, email)

    let at = 0
    const answers = await fifty(() => post('/auth/password-resets', { token, password: `violet harbour number ${++at}` }))
    const winner = answers.findIndex(({ status }) => status === 204)

    expect(statusesOf(answers)).toEqual({ 204: 1, 400: 49 })
    expect((await signIn(blog, email, `violet harbour number ${winner + 1}`)).status).toBe(201)
  })

  test('to set a password and to change it: neither a letter nor a session of before outlives the change', async () => {
    const email = nextEmail()
    await addAccount(blog, email)
    const { access } = await tokensOf(blog, email)
    await post('/auth/password-resets/requests', { email })
    const token = await letterSecret(blog, email)

    const changed = await blog.request('/auth/password', {
      method: 'PUT',
      token: access,
      body: { current_password: PASSWORD, new_password: 'another violet harbour' },
    })
    const late = await post('/auth/password-resets', { token, password: 'the letter of a thief' })

    expect([changed.status, late.status, late.json.error.code]).toEqual([204, 400, 'AUTH_LINK_INVALID'])
  })
})

test('fifty registrations of one new address at once make one account, and no fault in the log', async () => {
  const email = nextEmail()

  const answers = await fifty(() => post('/auth/registrations', { email, password: PASSWORD, display_name: 'Somebody' }))
  // The one that made the account sends a letter to confirm it, those that found it one to choose the password.
  const letters = (await blog.letters()).filter(({ to }) => to === email).map(({ text }) => text)
  const secretOf = (page: string) =>
    new RegExp(`${page}\\?token=(.{43})`).exec(letters.findLast((text) => text.includes(page)) ?? '')?.[1]
  const verified = await post('/auth/email-verifications', { token: secretOf('/auth/verify-email'), password: PASSWORD })

  expect(statusesOf(answers)).toEqual({ 202: 50 })
  expect(letters.filter((text) => text.includes('/auth/verify-email'))).toHaveLength(1)
  expect(letters.filter((text) => text.includes('/auth/reset-password'))).toHaveLength(5)
  expect(verified.status).toBe(200)
  expect((await signIn(blog, email)).status).toBe(201)
  expect(blog.logs().filter(({ level }) => level === 'error')).toEqual([])
})

describe('letters', () => {
  const countOf = async (to: string): Promise<number> => (await blog.letters()).filter((letter) => letter.to === to).length

  test.each([
    ['to reset a password', '/auth/password-resets/requests', (email: string) => ({ email }), true],
    ['to confirm an address', '/auth/email-verifications/requests', (email: string) => ({ email }), false],
    [
      'that there is an account',
      '/auth/registrations',
      (email: string) => ({ email, password: PASSWORD, display_name: 'Somebody' }),
      true,
    ],
    [
      'to choose the password of a registration that comes again',
      '/auth/registrations',
      (email: string) => ({ email, password: PASSWORD, display_name: 'Somebody' }),
      false,
    ],
  ])('%s are five an hour for one account, from however many addresses, with one answer', async (_, path, body, isConfirmed) => {
    const email = nextEmail()
    if (isConfirmed) await addAccount(blog, email)
    else await post('/auth/registrations', { email, password: PASSWORD, display_name: 'Somebody' })
    const before = await countOf(email)

    const answers: TestAnswer[] = []
    for (let round = 0; round < 3; round++) {
      answers.push(...(await Promise.all(Array.from({ length: 10 }, () => post(path, body(email))))))
      await blog.service.settle()
    }
    const sent = (await countOf(email)) - before
    const sql = await blog.sql()
    await sql.query(
      `UPDATE plinth_failures SET last_at = last_at - interval '61 minutes', blocked_until = blocked_until - interval '61 minutes'`,
    )
    await post(path, body(email))

    expect(statusesOf(answers)).toEqual({ 202: 30 })
    expect(sent).toBe(5)
    expect((await countOf(email)) - before).toBe(6)
  })
})

describe('the cost', () => {
  test('of a password of any length is bounded before it is hashed', async () => {
    const email = nextEmail()
    const password = 'x'.repeat(1_000_000)
    const bodies: readonly (readonly [string, string, unknown])[] = [
      ['POST', '/auth/sessions', { email, password }],
      ['POST', '/auth/registrations', { email, password, display_name: 'Somebody' }],
      ['POST', '/auth/email-verifications', { token: 'x', password }],
      ['POST', '/auth/password-resets', { token: 'x', password }],
      ['POST', '/auth/sessions', { email, password: '\ufdfa'.repeat(257) }],
      ['POST', '/auth/sessions', { email: password, password: PASSWORD }],
      ['POST', '/auth/sessions/second-factor', { ticket: password, method: 'totp', code: '000000' }],
      ['POST', '/auth/sessions/refresh', { refresh_token: password }],
    ]
    const beganMs = performance.now()

    const answers = await Promise.all(bodies.map(([method, path, body]) => blog.request(path, { method, body })))
    const tooLong = await blog.request('/auth/sessions', { method: 'POST', body: { email, password: 'x'.repeat(1_100_000) } })

    expect(statusesOf(answers)).toEqual({ 400: bodies.length })
    expect(tooLong.status).toBe(413)
    expect(performance.now() - beganMs).toBeLessThan(budgetMs(3_000))
  })

  test('of more sign-ins than can be judged is a 503 that says when to come again; reads are answered meanwhile', async () => {
    const count = size(2_000, 10_000)
    const email = nextEmail()
    await addAccount(blog, email)
    const { access } = await tokensOf(blog, email)

    // As many connections as stay clear of the kernel's own queue; each sends as soon as it has its answer.
    const callers = new Caller(blog.origin, { connections: 400 })
    let isOver = false
    const flood = Promise.all(
      Array.from({ length: count }, (_, at) =>
        callers.call({
          method: 'POST',
          path: '/auth/sessions',
          body: { email: `nobody-${at}@example.com`, password: 'this is not the password' },
          headers: { 'x-forwarded-for': addressOf(100_000 + at) },
        }),
      ),
    ).finally(() => {
      isOver = true
      callers.close()
    })
    const reads: { readonly status: number; readonly tookMs: number }[] = []
    while (!isOver) {
      const beganMs = performance.now()
      const { status } = await blog.request('/auth/me', { token: access })
      reads.push({ status, tookMs: performance.now() - beganMs })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const answers = await flood

    const times = reads.map(({ tookMs }) => tookMs)
    report('more sign-ins than can be judged', {
      statuses: tally(answers.map(({ status }) => status)),
      reads: tally(reads.map(({ status }) => status)),
      readMs: [0.5, 0.95, 1].map((share) => Math.round(percentile(times, share))),
    })
    const refused = answers.filter(({ status }) => status !== 401)
    expect(refused.length).toBeGreaterThan(0)
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]))
    expect(refused.filter(({ headers }) => !(Number(headers['retry-after']) >= 1))).toEqual([])
    expect((await signIn(blog, email)).status).toBe(201)
    expect(tally(reads.map(({ status }) => status))).toEqual({ 200: reads.length })
    expect(percentile(times, 0.5)).toBeLessThan(budgetMs(1_000))
  }, 300_000)
})
