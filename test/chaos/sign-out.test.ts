/**
 * A change that signs somebody out, and a database that gives up between the change and the end of their sessions: either both are there
 * or neither. What this prevents: a thief who is still signed in after the owner has a new password.
 */
// Proves IDN-01 and A14.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestAnswer, type TestService, testService } from '../../src/testing/index.ts'
import { addAccount, letterSecret, PASSWORD, signIn, tokensOf } from '../conformance/account-kit.ts'

const NEXT = 'seven herons cross the weir'

/** What the database does when sessions end. */
const FAULTS = {
  'refuses the statement': `RAISE EXCEPTION 'no session ends today'`,
  'loses the connection': 'PERFORM pg_terminate_backend(pg_backend_pid())',
} as const

let blog: TestService
let admin: string
let serial = 0

beforeAll(async () => {
  blog = await testService({ app })
  admin = blog.token('admin')
})
afterAll(() => blog.stop())
afterEach(() => run('DROP TRIGGER IF EXISTS fault ON plinth_sessions'))

async function run(text: string): Promise<void> {
  await (await blog.sql()).query(text)
}

async function breakEnds(fault: keyof typeof FAULTS): Promise<void> {
  await run(
    `CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${FAULTS[fault]}; RETURN NEW; END $$`,
  )
  await run(
    'CREATE TRIGGER fault BEFORE UPDATE OF ended_at ON plinth_sessions FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION fault()',
  )
}

interface SignedInTwice {
  readonly email: string
  readonly own: string
  readonly other: string
}

async function somebody(): Promise<SignedInTwice> {
  const email = `owner-${++serial}@example.com`
  await addAccount(blog, email)
  return { email, own: (await tokensOf(blog, email)).access, other: (await tokensOf(blog, email)).access }
}

const statusOf = async (token: string): Promise<number> => (await blog.request('/auth/me', { token })).status
const statusWith = async (email: string, password: string): Promise<number> => (await signIn(blog, email, password)).status
const send = (method: string, path: string, body?: unknown, token?: string): Promise<TestAnswer> =>
  blog.request(path, { method, body, token })

describe.each(Object.keys(FAULTS) as (keyof typeof FAULTS)[])('Where the database %s as sessions end', (fault) => {
  test('a reset has not happened: the old password serves, and so does the letter', async () => {
    const { email, other } = await somebody()
    await send('POST', '/auth/password-resets/requests', { email })
    await blog.service.settle()
    const reset = { token: await letterSecret(blog, email), password: NEXT }
    await breakEnds(fault)

    const refused = await send('POST', '/auth/password-resets', reset)
    await run('DROP TRIGGER fault ON plinth_sessions')

    expect(refused.status).toBeGreaterThanOrEqual(500)
    expect(await statusOf(other)).toBe(200)
    expect(await statusWith(email, NEXT)).toBe(401)
    expect(await statusWith(email, PASSWORD)).toBe(201)
    expect((await send('POST', '/auth/password-resets', reset)).status).toBe(204)
    expect(await statusOf(other)).toBe(401)
    expect(await statusWith(email, NEXT)).toBe(201)
    expect((await send('POST', '/auth/password-resets', reset)).status).toBe(400)
  })

  test('a change of the password has not happened', async () => {
    const { email, own, other } = await somebody()
    const change = { current_password: PASSWORD, new_password: NEXT }
    await breakEnds(fault)

    const refused = await send('PUT', '/auth/password', change, own)
    await run('DROP TRIGGER fault ON plinth_sessions')

    expect(refused.status).toBeGreaterThanOrEqual(500)
    expect(await statusOf(other)).toBe(200)
    expect(await statusWith(email, NEXT)).toBe(401)
    expect((await send('PUT', '/auth/password', change, own)).status).toBe(204)
    expect([await statusOf(own), await statusOf(other)]).toEqual([200, 401])
    expect(await statusWith(email, NEXT)).toBe(201)
  })

  test('a suspension has not happened', async () => {
    const { email, other } = await somebody()
    const { id } = (await blog.request('/auth/me', { token: other })).json.data
    await breakEnds(fault)

    const refused = await send('PUT', `/auth/accounts/${id}/suspension`, undefined, admin)
    await run('DROP TRIGGER fault ON plinth_sessions')

    expect(refused.status).toBeGreaterThanOrEqual(500)
    expect(await statusOf(other)).toBe(200)
    expect(await statusWith(email, PASSWORD)).toBe(201)
    expect((await send('PUT', `/auth/accounts/${id}/suspension`, undefined, admin)).status).toBe(204)
    expect([await statusOf(other), await statusWith(email, PASSWORD)]).toEqual([401, 403])
  })
})

test('sessions that outlived their account, for the process died first, do not come back with it', async () => {
  const { email, other } = await somebody()
  const { id } = (await blog.request('/auth/me', { token: other })).json.data
  await breakEnds('refuses the statement')
  expect((await send('DELETE', `/api/v1/users/${id}`, undefined, admin)).status).toBe(204)
  await blog.service.settle()
  await run('DROP TRIGGER fault ON plinth_sessions')
  expect(await statusOf(other)).toBe(401)

  const restored = await send('POST', `/api/v1/users/${id}/restore`, undefined, admin)

  expect(restored.status).toBe(200)
  expect(await statusOf(other)).toBe(401)
  expect(await statusWith(email, PASSWORD)).toBe(201)
})

test('a session that was opened while its account was being suspended does not come back with it', async () => {
  const { email, other } = await somebody()
  const { id } = (await blog.request('/auth/me', { token: other })).json.data
  // Its sign-in was judged before, and its session committed after: no suspension has seen it.
  await run(`INSERT INTO plinth_accounts (account_id, suspended_at) SELECT id, now() FROM users WHERE email = '${email}'
    ON CONFLICT (account_id) DO UPDATE SET suspended_at = now()`)

  const reinstated = await send('DELETE', `/auth/accounts/${id}/suspension`, undefined, admin)

  expect(reinstated.status).toBe(204)
  expect(await statusOf(other)).toBe(401)
  const again = (await tokensOf(blog, email)).access
  expect((await send('DELETE', `/auth/accounts/${id}/suspension`, undefined, admin)).status).toBe(204)
  expect(await statusOf(again)).toBe(200)
})

test('a change of the password that was under way when the owner reset it changes nothing', async () => {
  const { email, own } = await somebody()
  await send('POST', '/auth/password-resets/requests', { email })
  await blog.service.settle()
  const token = await letterSecret(blog, email)

  // Whoever holds a session and the old password changes it, over and over, while the reset is under way.
  const changes = Array.from({ length: 4 }, () =>
    send('PUT', '/auth/password', { current_password: PASSWORD, new_password: 'what the thief would have it be' }, own),
  )
  const reset = await send('POST', '/auth/password-resets', { token, password: NEXT })
  const statuses = (await Promise.all(changes)).map(({ status }) => status)

  // Either the thief was first, and the letter says so, or the owner was, and the thief has nothing.
  expect([204, 400]).toContain(reset.status)
  expect(statuses.filter((status) => status === 204)).toHaveLength(reset.status === 204 ? 0 : 1)
  expect(await statusWith(email, reset.status === 204 ? NEXT : 'what the thief would have it be')).toBe(201)
})
