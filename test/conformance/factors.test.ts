/** Second factors over the wire: every way in asks for one, a stolen token changes nothing, and passkeys work from challenge to removal. */
import { generate } from 'otplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { relyingParty } from '../../src/auth/index.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { SoftwareAuthenticator } from '../integration/software-authenticator.ts'
import { addAccount, PASSWORD, signIn, tokensOf } from './account-kit.ts'

let blog: TestService
let serial = 0

beforeAll(async () => {
  blog = await testService({ app })
})
afterAll(() => blog.stop())

interface Someone {
  readonly email: string
  /** Of a fresh sign-in by password. */
  readonly access: string
  readonly refresh: string
  readonly sessionId: string
}

async function someone(): Promise<Someone> {
  const email = `factors-${++serial}@example.com`
  await addAccount(blog, email)
  return { email, ...(await tokensOf(blog, email)) }
}

const post = (path: string, token: string | undefined, body?: unknown) => blog.request(path, { method: 'POST', token, body })
const remove = (path: string, token: string) => blog.request(path, { method: 'DELETE', token })
/** The code of an app, some steps from now; never so late in a step that it ends before the request. */
async function codeOf(secret: string, steps: number): Promise<string> {
  const leftMs = 30_000 - (Date.now() % 30_000)
  if (leftMs < 3_000) await new Promise((resolve) => setTimeout(resolve, leftMs))
  return generate({ secret, epoch: Math.floor(Date.now() / 1_000) + steps * 30 })
}

/** Sets up an app with the code of the step before; those of now and of the step after are left. */
async function addTotp({ access }: Someone): Promise<{ readonly secret: string; readonly codes: readonly string[] }> {
  const enrolled = await post('/auth/factors/totp', access)
  expect(enrolled.status).toBe(201)
  const { secret } = enrolled.json.data
  const confirmed = await post('/auth/factors/totp/confirmation', access, { code: await codeOf(secret, -1) })
  expect(confirmed.status).toBe(200)
  return { secret, codes: confirmed.json.data.recovery_codes }
}

const authenticatorHere = () => new SoftwareAuthenticator(relyingParty(blog.origin, '').origin)

async function addPasskey(access: string, authenticator: SoftwareAuthenticator) {
  const asked = await post('/auth/factors/passkeys/challenge', access)
  expect(asked.status).toBe(200)
  return post('/auth/factors/passkeys', access, { name: 'My key', response: authenticator.create(asked.json.data) })
}

function claimsOf(token: string) {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

describe('an account with an authenticator app', () => {
  test('signs in with its password and a code, and each code serves once (IDN-02)', async () => {
    const person = await someone()
    const { secret, codes } = await addTotp(person)

    const first = await signIn(blog, person.email)
    expect(first.status).toBe(200)
    expect(first.json.data).toMatchObject({ status: 'second_factor_required', methods: ['totp', 'recovery'] })
    expect(first.headers.get('set-cookie')).toBeNull()
    const proof = { ticket: first.json.data.ticket, method: 'totp', delivery: 'body' }
    const code = await codeOf(secret, 0)
    const second = await post('/auth/sessions/second-factor', undefined, { ...proof, code })

    expect(second.status).toBe(201)
    expect(claimsOf(second.json.data.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], mfa_at: expect.any(Number) })
    const again = await post('/auth/sessions/second-factor', undefined, { ...proof, code: await codeOf(secret, 1) })
    expect(again.json.error.code).toBe('AUTH_TICKET_INVALID')
    const next = (await signIn(blog, person.email)).json.data.ticket
    const replayed = await post('/auth/sessions/second-factor', undefined, { ...proof, ticket: next, code })
    expect(replayed.json.error.code).toBe('AUTH_FACTOR_INVALID')
    const recovered = await post('/auth/sessions/second-factor', undefined, { ticket: next, method: 'recovery', code: codes[0] })
    expect(recovered.status).toBe(201)
    const factors = await blog.request('/auth/factors', { token: person.access })
    expect(factors.json.data).toEqual({ totp: true, recovery_codes: 9, passkeys: [] })
  })

  test('is not entered with the ticket, a refresh, or a step-up by password alone (A11)', async () => {
    const person = await someone()
    const { secret } = await addTotp(person)
    const { ticket } = (await signIn(blog, person.email)).json.data

    expect((await blog.request('/auth/factors', { token: ticket })).status).toBe(401)
    expect((await post('/auth/sessions/refresh', undefined, { refresh_token: ticket })).status).toBe(401)
    const refreshed = await post('/auth/sessions/refresh', undefined, { refresh_token: person.refresh })
    const stepped = await post('/auth/sessions/step-up', refreshed.json.data.access_token, {
      method: 'password',
      password: PASSWORD,
    })
    for (const token of [person.access, refreshed.json.data.access_token, stepped.json.data.access_token]) {
      expect(claimsOf(token).mfa_at).toBeUndefined()
      const refused = await remove('/auth/factors/totp', token)
      expect(refused.json.error.code).toBe('AUTH_STEP_UP_REQUIRED')
      expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_user_authentication"')
    }

    const proved = await post('/auth/sessions/step-up', person.access, { method: 'totp', code: await codeOf(secret, 0) })
    expect((await remove('/auth/factors/totp', proved.json.data.access_token)).status).toBe(204)
    expect((await signIn(blog, person.email)).status).toBe(201)
  })

  test('bears five wrong codes for one ticket', async () => {
    const person = await someone()
    const { secret } = await addTotp(person)
    const { ticket } = (await signIn(blog, person.email)).json.data

    const answers: string[] = []
    for (let at = 0; at < 5; at++) {
      const answer = await post('/auth/sessions/second-factor', undefined, { ticket, method: 'totp', code: 'nonsense' })
      answers.push(answer.json.error.code)
    }
    const late = await post('/auth/sessions/second-factor', undefined, { ticket, method: 'totp', code: await codeOf(secret, 0) })

    expect(new Set(answers)).toEqual(new Set(['AUTH_FACTOR_INVALID']))
    expect(late.json.error.code).toBe('AUTH_TICKET_INVALID')
  })
})

describe('a token of a sign-in that is older than ten minutes', () => {
  test('sets up nothing until its owner signs in again', async () => {
    const person = await someone()
    const sql = await blog.sql()
    await sql.query(`UPDATE plinth_sessions SET authenticated_at = authenticated_at - interval '601 s' WHERE session_id = $1`, [
      person.sessionId,
    ])
    const old = (await post('/auth/sessions/refresh', undefined, { refresh_token: person.refresh })).json.data.access_token

    for (const path of ['/auth/factors/totp', '/auth/factors/passkeys/challenge']) {
      expect((await post(path, old)).json.error.code).toBe('AUTH_STEP_UP_REQUIRED')
    }
    const stepped = await post('/auth/sessions/step-up', old, { method: 'password', password: PASSWORD })
    expect((await post('/auth/factors/totp', stepped.json.data.access_token)).status).toBe(201)
  })

  test('and nobody at all sets up nothing either', async () => {
    for (const path of ['/auth/factors/totp', '/auth/factors/recovery-codes', '/auth/factors/passkeys/challenge']) {
      expect((await post(path, undefined)).json.error.code).toBe('AUTH_REQUIRED')
    }
  })
})

describe('a passkey', () => {
  test('signs in alone, and finishes a sign-in by password (IDN-02)', async () => {
    const person = await someone()
    const authenticator = authenticatorHere()
    const added = await addPasskey(person.access, authenticator)
    expect(added.status).toBe(201)
    expect(added.json.data).toMatchObject({ passkey: { name: 'My key' }, recovery_codes: expect.any(Array) })

    const asked = await post('/auth/sessions/passkey/challenge', undefined, {})
    expect(asked.json.data).toMatchObject({ allowCredentials: [], userVerification: 'required' })
    const alone = await post('/auth/sessions/passkey', undefined, {
      assertion: authenticator.get(asked.json.data),
      delivery: 'body',
    })
    expect(alone.status).toBe(201)
    expect(claimsOf(alone.json.data.access_token)).toMatchObject({ amr: ['hwk', 'user', 'mfa'], mfa_at: expect.any(Number) })

    const { ticket, methods } = (await signIn(blog, person.email)).json.data
    expect(methods).toEqual(['passkey', 'recovery'])
    const second = await post('/auth/sessions/passkey/challenge', undefined, { ticket })
    expect(second.json.data.allowCredentials).toEqual([
      { type: 'public-key', id: authenticator.credentialId, transports: ['internal'] },
    ])
    const assertion = authenticator.get(second.json.data)
    const done = await post('/auth/sessions/second-factor', undefined, { ticket, method: 'passkey', assertion, delivery: 'body' })
    expect(done.status).toBe(201)
    const wrong = await post('/auth/sessions/passkey/challenge', undefined, { ticket: 'A'.repeat(43) })
    expect(wrong.json.error.code).toBe('AUTH_TICKET_INVALID')
  })

  test('is read, renamed and removed by its owner, with a fresh factor', async () => {
    const [person, stranger] = [await someone(), await someone()]
    const authenticator = authenticatorHere()
    const { passkey } = (await addPasskey(person.access, authenticator)).json.data
    const path = `/auth/factors/passkeys/${passkey.id}`

    expect((await blog.request(path, { token: person.access })).json.data).toEqual(passkey)
    const renamed = await blog.request(path, { method: 'PATCH', token: person.access, body: { name: 'Old key' } })
    expect(renamed.json.data).toMatchObject({ name: 'Old key' })
    for (const method of ['GET', 'DELETE']) {
      expect((await blog.request(path, { method, token: stranger.access })).json.error.code).toBe('NOT_FOUND_RECORD')
    }
    expect((await blog.request('/auth/factors/passkeys/nonsense', { token: person.access })).status).toBe(404)
    expect((await remove(path, person.access)).json.error.code).toBe('AUTH_STEP_UP_REQUIRED')
    const asked = await post('/auth/sessions/step-up/passkey-challenge', person.access)
    const assertion = authenticator.get(asked.json.data)
    const proved = await post('/auth/sessions/step-up', person.access, { method: 'passkey', assertion })
    expect((await remove(path, proved.json.data.access_token)).status).toBe(204)
    expect((await signIn(blog, person.email)).status).toBe(201)
  })

  test('that is bent is a 401, and nonsense in its place a 400 that names the field', async () => {
    const person = await someone()
    const authenticator = authenticatorHere()
    await addPasskey(person.access, authenticator)
    const asked = (await post('/auth/sessions/passkey/challenge', undefined, {})).json.data

    const bent = await post('/auth/sessions/passkey', undefined, {
      assertion: authenticator.get(asked, { origin: 'https://evil.example' }),
    })
    const nonsense = await post('/auth/sessions/passkey', undefined, { assertion: { id: [] } })

    expect(bent.status).toBe(401)
    expect(bent.json.error).toMatchObject({ code: 'AUTH_FACTOR_INVALID', message: 'The passkey is not accepted' })
    expect(nonsense.status).toBe(400)
    expect(nonsense.json.error.details).toMatchObject([{ field: 'assertion' }])
  })
})
