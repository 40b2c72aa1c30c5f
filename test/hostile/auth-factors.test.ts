/** Second factors over the wire, for somebody who has the password: every way in asks for one, no guess is free, and a code serves once. */
// Proves IDN-02, SEC-07.
import { generate } from 'otplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { relyingParty } from '../../src/auth/index.ts'
import { type TestAnswer, type TestService, testService } from '../../src/testing/index.ts'
import { report, tally } from '../chaos/rounds.ts'
import { addAccount, letterSecret, PASSWORD, signIn, tokensOf } from '../conformance/account-kit.ts'
import { SoftwareAuthenticator } from '../integration/software-authenticator.ts'

let blog: TestService
let serial = 0

beforeAll(async () => {
  blog = await testService({ app })
})
afterAll(() => blog.stop())

const post = (path: string, body?: unknown, token?: string): Promise<TestAnswer> =>
  blog.request(path, { method: 'POST', body, token })

/** A code of an app, some steps from now; never so late in a step that it ends before the request. */
async function codeOf(secret: string, steps = 0): Promise<string> {
  const leftMs = 30_000 - (Date.now() % 30_000)
  if (leftMs < 3_000) await new Promise((resolve) => setTimeout(resolve, leftMs))
  return generate({ secret, epoch: Math.floor(Date.now() / 1_000) + steps * 30 })
}

/** Somebody with an authenticator app, and what they had before it. */
async function someone() {
  const email = `hostile-factor-${++serial}@example.com`
  await addAccount(blog, email)
  const before = await tokensOf(blog, email)
  const enrolled = await post('/auth/factors/totp', undefined, before.access)
  const secret: string = enrolled.json.data.secret
  const confirmed = await post('/auth/factors/totp/confirmation', { code: await codeOf(secret, -1) }, before.access)
  const codes: readonly string[] = confirmed.json.data.recovery_codes
  return { email, before, secret, codes }
}

const ticketOf = async (email: string): Promise<string> => (await signIn(blog, email)).json.data.ticket
/** One after the other: more at once than an account may be tried have to wait, though the password is right. */
async function ticketsOf(email: string, count: number): Promise<readonly string[]> {
  const tickets: string[] = []
  for (let at = 0; at < count; at++) tickets.push(await ticketOf(email))
  return tickets
}
const confirm = (ticket: string, code: string, method = 'totp'): Promise<TestAnswer> =>
  post('/auth/sessions/second-factor', { ticket, method, code, delivery: 'body' })

describe('whoever has the password alone', () => {
  test('gets no token by any route, in any body (A11)', async () => {
    const { email } = await someone()
    const ticket = await ticketOf(email)
    const bodies: readonly (readonly [string, unknown])[] = [
      ['/auth/sessions', { email, password: PASSWORD, delivery: 'body' }],
      ['/auth/sessions', { email: email.toUpperCase(), password: PASSWORD }],
      ['/auth/sessions', { email, password: PASSWORD, code: '000000' }],
      ['/auth/sessions', { email, password: PASSWORD, amr: ['otp'] }],
      ['/auth/sessions', { email, password: PASSWORD, method: 'totp' }],
      ['/auth/sessions/second-factor', { ticket, method: 'password', password: PASSWORD }],
      ['/auth/sessions/second-factor', { ticket, method: 'totp' }],
      ['/auth/sessions/second-factor', { ticket, method: 'totp', code: '' }],
      ['/auth/sessions/second-factor', { ticket, method: 'totp', code: null }],
      ['/auth/sessions/second-factor', { ticket, method: 'totp', code: 0 }],
      ['/auth/sessions/second-factor', { ticket, method: 'totp', code: ['000000'] }],
      ['/auth/sessions/second-factor', { ticket, method: 'totp', code: { $ne: null } }],
      ['/auth/sessions/second-factor', { ticket, method: 'none' }],
      ['/auth/sessions/second-factor', { ticket, method: null }],
      ['/auth/sessions/second-factor', { ticket }],
      ['/auth/sessions/second-factor', { ticket, method: 'passkey', assertion: {} }],
      ['/auth/sessions/second-factor', { ticket: [ticket], method: 'totp', code: '000000' }],
      ['/auth/sessions/refresh', { refresh_token: ticket }],
      ['/auth/sessions/passkey', { assertion: { id: ticket } }],
      ['/auth/sessions/step-up', { method: 'password', password: PASSWORD }],
    ]

    const answers = await Promise.all(bodies.map(([path, body]) => post(path, body)))
    const asToken = await Promise.all(
      ['/auth/me', '/auth/factors', '/api/v1/users'].map((path) => blog.request(path, { token: ticket })),
    )

    report('ways in by the password alone', { statuses: tally(answers.map(({ status }) => status)) })
    for (const { status, text } of [...answers, ...asToken]) {
      expect(status).toBeLessThan(500)
      expect(text).not.toContain('access_token')
    }
    expect(asToken.map(({ status }) => status)).toEqual([401, 401, 401])
  })

  test('is asked for the factor too after a letter has set another password', async () => {
    const { email } = await someone()
    await post('/auth/password-resets/requests', { email })
    await post('/auth/password-resets', { token: await letterSecret(blog, email), password: 'another violet harbour' })

    const answer = await signIn(blog, email, 'another violet harbour')

    expect([answer.status, answer.json.data.status]).toEqual([200, 'second_factor_required'])
  })

  test('judges no more than six of a thousand guesses, by any number of tickets, and each ticket bears five (A11)', async () => {
    const { email } = await someone()
    const tickets = await ticketsOf(email, 20)

    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, at) =>
        confirm(tickets[at % tickets.length] ?? '', String(at).padStart(6, '0'), at % 3 === 0 ? 'recovery' : 'totp'),
      ),
    )

    const codes = tally(answers.map(({ status, json }) => json?.error.code ?? status))
    report('guesses of a second factor', codes)
    expect(codes['AUTH_FACTOR_INVALID'] ?? 0).toBeLessThanOrEqual(6)
    expect(codes['201']).toBeUndefined()
    expect((codes['AUTH_FACTOR_INVALID'] ?? 0) + (codes['RATE_LIMIT_SIGN_IN'] ?? 0)).toBeLessThanOrEqual(100)
  }, 60_000)

  test('does not sign in with the ticket of one account and the code of another', async () => {
    const [mine, theirs] = [await someone(), await someone()]

    const answer = await confirm(await ticketOf(theirs.email), await codeOf(mine.secret))
    const recovery = await confirm(await ticketOf(theirs.email), mine.codes[0] ?? '', 'recovery')

    expect([answer.json.error.code, recovery.json.error.code]).toEqual(['AUTH_FACTOR_INVALID', 'AUTH_FACTOR_INVALID'])
  })
})

describe('a proof', () => {
  test('of fifty requests with one ticket and one code, one signs in', async () => {
    const { email, secret } = await someone()
    const [ticket, code] = [await ticketOf(email), await codeOf(secret)]

    const answers = await Promise.all(Array.from({ length: 50 }, () => confirm(ticket, code)))

    expect(tally(answers.map(({ status }) => status))['201']).toBe(1)
  })

  test('of ten tickets and one code, or one recovery code, one signs in; a code seen over the shoulder serves no more', async () => {
    const { email, secret, codes } = await someone()
    const code = await codeOf(secret)
    const tickets = await ticketsOf(email, 10)
    const sql = await blog.sql()

    const byCode = await Promise.all(tickets.map((ticket) => confirm(ticket, code)))
    await sql.query(`DELETE FROM plinth_failures WHERE subject LIKE 'factor:%'`)
    const others = await ticketsOf(email, 5)
    const byRecovery = await Promise.all(others.map((ticket) => confirm(ticket, codes[0] ?? '', 'recovery')))
    await sql.query(`DELETE FROM plinth_failures WHERE subject LIKE 'factor:%'`)
    const again = [await confirm(await ticketOf(email), code), await confirm(await ticketOf(email), codes[0] ?? '', 'recovery')]

    expect(tally(byCode.map(({ status }) => status))['201']).toBe(1)
    expect(tally(byRecovery.map(({ status }) => status))['201']).toBe(1)
    expect(again.map(({ json }) => json.error.code)).toEqual(['AUTH_FACTOR_INVALID', 'AUTH_FACTOR_INVALID'])
  })

  test('of a passkey for one purpose or one account serves for no other', async () => {
    const theirs = await someone()
    const authenticator = new SoftwareAuthenticator(relyingParty(blog.origin, '').origin)
    const plain = `hostile-factor-${++serial}@example.com`
    await addAccount(blog, plain)
    const owner = await tokensOf(blog, plain)
    const asked = await post('/auth/factors/passkeys/challenge', undefined, owner.access)
    const added = await post(
      '/auth/factors/passkeys',
      { name: 'Key', response: authenticator.create(asked.json.data) },
      owner.access,
    )
    const theirTicket = await ticketOf(theirs.email)
    const theirChallenge = (await post('/auth/sessions/passkey/challenge', { ticket: theirTicket })).json.data
    const alone = (await post('/auth/sessions/passkey/challenge', {})).json.data
    const ownTicket = await ticketOf(plain)
    const second = (await post('/auth/sessions/passkey/challenge', { ticket: ownTicket })).json.data

    const answers = [
      await post('/auth/sessions/second-factor', {
        ticket: theirTicket,
        method: 'passkey',
        assertion: authenticator.get(theirChallenge),
      }),
      await post('/auth/sessions/second-factor', { ticket: ownTicket, method: 'passkey', assertion: authenticator.get(alone) }),
      await post('/auth/sessions/passkey', { assertion: authenticator.get(second) }),
    ]
    const fresh = (await post('/auth/sessions/passkey/challenge', {})).json.data
    const assertion = authenticator.get(fresh)
    const races = await Promise.all(Array.from({ length: 20 }, () => post('/auth/sessions/passkey', { assertion })))

    expect(added.status).toBe(201)
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(tally(races.map(({ status }) => status))).toEqual({ 201: 1, 401: 19 })
  })
})

describe('a token that was stolen', () => {
  test('before the factor was set up, and all that comes of it, neither removes nor replaces it, nor adds one (A11)', async () => {
    const { before } = await someone()
    const refreshed = (await post('/auth/sessions/refresh', { refresh_token: before.refresh })).json.data.access_token
    const stepped = (await post('/auth/sessions/step-up', { method: 'password', password: PASSWORD }, refreshed)).json.data
      .access_token
    const changes: readonly (readonly [string, string, unknown])[] = [
      ['DELETE', '/auth/factors/totp', undefined],
      ['POST', '/auth/factors/totp', undefined],
      ['POST', '/auth/factors/recovery-codes', undefined],
      ['POST', '/auth/factors/passkeys/challenge', undefined],
      ['POST', '/auth/factors/totp/confirmation', { code: '000000' }],
    ]

    for (const token of [before.access, refreshed, stepped]) {
      const answers = await Promise.all(changes.map(([method, path, body]) => blog.request(path, { method, token, body })))
      expect(answers.map(({ json }) => json.error.code)).toEqual(changes.map(() => 'AUTH_STEP_UP_REQUIRED'))
    }
  })

  test('guesses no factor faster by stepping up than by signing in', async () => {
    const { before } = await someone()

    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, at) =>
        post('/auth/sessions/step-up', { method: 'totp', code: String(at).padStart(6, '0') }, before.access),
      ),
    )

    const codes = tally(answers.map(({ status, json }) => json?.error.code ?? status))
    expect(codes['AUTH_FACTOR_INVALID']).toBeLessThanOrEqual(6)
    expect(codes['200']).toBeUndefined()
  })
})
