/**
 * Somebody is there before the owner of an address comes: what they have put on the account is worth nothing once the owner has it, and the owner's
 * mailbox alone gives nobody an account that is another's. One block for each family of such attacks.
 * @see https://www.usenix.org/conference/usenixsecurity22/presentation/sudhodanan
 */
// Proves IDN-01 and A10.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestAnswer, type TestService, testService } from '../../src/testing/index.ts'
import { addAccount, letterSecret, PASSWORD, signIn, tokensOf } from '../conformance/account-kit.ts'

/** What the stranger chose, before the owner came. */
const THEIRS = 'copper lantern drifts north'
/** What the owner of the mailbox chooses. */
const OWN = 'seven herons cross the weir'

let blog: TestService
let admin: string
let serial = 0

beforeAll(async () => {
  blog = await testService({ app })
  admin = blog.token('admin')
})
afterAll(() => blog.stop())

const post = (path: string, body?: unknown, token?: string): Promise<TestAnswer> =>
  blog.request(path, { method: 'POST', body, token })
const nextAddress = (): string => `victim-${++serial}@example.com`
const register = async (email: string, password: string): Promise<void> => {
  expect((await post('/auth/registrations', { email, password, display_name: 'Somebody' })).status).toBe(202)
  await blog.service.settle()
}
const reset = (token: string, password: string) => post('/auth/password-resets', { token, password })
const confirm = (token: string, password: string) => post('/auth/email-verifications', { token, password })
const change = (id: string, body: unknown) => blog.request(`/api/v1/users/${id}`, { method: 'PATCH', token: admin, body })
const lettersTo = async (email: string) => (await blog.letters()).filter(({ to }) => to === email)
const statusOf = async (token: string): Promise<number> => (await blog.request('/auth/me', { token })).status

/** A record that an admin makes for somebody, who has a role by it. */
async function addRecord(email: string, values: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const made = await post('/api/v1/users', { email, display_name: 'Somebody', role: 'editor', ...values }, admin)
  expect(made.status).toBe(201)
  return made.json.data.id
}

async function invite(id: string, email: string): Promise<string> {
  expect((await post(`/auth/accounts/${id}/invitation`, undefined, admin)).status).toBe(202)
  return letterSecret(blog, email)
}

async function rowOf(email: string) {
  const sql = await blog.sql()
  const [row] = await sql.query<{ id: string; password: string | null; version: number }>(
    'SELECT id::text, password, version FROM users WHERE email = $1',
    [email],
  )
  if (row === undefined) throw new TypeError(`Cannot find the account of ${email}`)
  return row
}

/** Lines of the security log about one request or all, without what every line has. */
function eventsNamed(name: string) {
  return blog
    .logs()
    .map((line) => JSON.stringify(line))
    .filter((line) => line.includes(`"${name}"`))
}

describe('two ways to one account: a registration and an invitation', () => {
  test('a record that was made for somebody is not changed by whoever registers its address', async () => {
    const email = nextAddress()
    await addRecord(email)
    const before = await rowOf(email)

    await register(email, THEIRS)
    const token = await letterSecret(blog, email)
    const asConfirmation = await confirm(token, THEIRS)
    const early = await signIn(blog, email, THEIRS)
    const untouched = await rowOf(email)
    const chosen = await reset(token, OWN)

    expect(untouched).toEqual(before)
    expect([asConfirmation.status, early.status, chosen.status]).toEqual([400, 401, 204])
    expect((await signIn(blog, email, THEIRS)).status).toBe(401)
    const { access } = await tokensOf(blog, email, OWN)
    expect((await blog.request('/auth/me', { token: access })).json.data.roles).toEqual(['editor'])
  })

  test('a password that an admin gave with a role is not overwritten, and serves nobody', async () => {
    const email = nextAddress()
    const id = await addRecord(email, { password: PASSWORD })
    const before = await rowOf(email)

    await register(email, THEIRS)
    await post('/auth/email-verifications/requests', { email })
    const untouched = await rowOf(email)
    const early = await signIn(blog, email)
    const chosen = await reset(await invite(id, email), OWN)

    expect(untouched).toEqual(before)
    expect([early.status, early.json.error.code]).toEqual([403, 'AUTH_EMAIL_UNVERIFIED'])
    expect(chosen.status).toBe(204)
    expect((await signIn(blog, email)).status).toBe(401)
    expect((await signIn(blog, email, OWN)).status).toBe(201)
  })

  test('a password of whoever registered before a role was given serves nobody, also who holds their letter', async () => {
    const email = nextAddress()
    await register(email, THEIRS)
    const first = await letterSecret(blog, email)
    const { json } = await blog.request(`/api/v1/users?email=${encodeURIComponent(email)}`, { token: admin })
    await change(json.data[0].id, { role: 'editor' })

    const confirmed = await confirm(first, THEIRS)
    const early = await signIn(blog, email, THEIRS)
    await post('/auth/email-verifications/requests', { email })
    const chosen = await reset(await letterSecret(blog, email), OWN)

    expect([confirmed.status, confirmed.json.error.code, early.status]).toEqual([400, 'AUTH_LINK_INVALID', 403])
    expect(chosen.status).toBe(204)
    expect((await signIn(blog, email, THEIRS)).status).toBe(401)
    expect((await signIn(blog, email, OWN)).status).toBe(201)
  })

  test.each(['before the owner', 'after the owner', 'before and after the owner'])(
    'whoever registers an address of nobody %s gets nothing of it',
    async (when) => {
      const email = nextAddress()
      if (when.includes('before')) await register(email, THEIRS)
      await register(email, OWN)
      if (when.includes('after')) await register(email, THEIRS)

      // The owner acts on the newest letter, by what it says.
      const letter = (await lettersTo(email)).at(-1)?.text ?? ''
      const token = await letterSecret(blog, email)
      const done = letter.includes('/auth/reset-password') ? await reset(token, OWN) : await confirm(token, OWN)

      expect(done.status).toBeLessThan(300)
      expect((await signIn(blog, email, THEIRS)).status).toBe(401)
      expect((await signIn(blog, email, OWN)).status).toBe(201)
    },
  )
})

describe('what was opened before: sessions', () => {
  test('of whoever had the account before its address was given to another are over when that one has it', async () => {
    const [former, email] = [nextAddress(), nextAddress()]
    await addAccount(blog, former)
    const { access, refresh } = await tokensOf(blog, former)
    const { id } = (await blog.request('/auth/me', { token: access })).json.data
    await change(id, { email })

    const chosen = await reset(await invite(id, email), OWN)
    const renewed = await post('/auth/sessions/refresh', { refresh_token: refresh })

    expect(chosen.status).toBe(204)
    expect([await statusOf(access), renewed.status]).toEqual([401, 401])
    expect([(await signIn(blog, email)).status, (await signIn(blog, email, OWN)).status]).toEqual([401, 201])
    expect((await signIn(blog, former)).status).toBe(401)
  })
})

describe('what was planted before: second factors', () => {
  test('of an account that nobody owned yet go with the claim', async () => {
    const email = nextAddress()
    const id = await addRecord(email)
    const sql = await blog.sql()
    const { id: uuid } = await rowOf(email)
    await sql.query(
      `INSERT INTO plinth_passkeys (passkey_id, credential_id, account_id, public_key, sign_count, transports, is_backed_up, name, created_at)
VALUES (gen_random_uuid(), 'planted', $1, 'x', 0, '{}', false, 'Theirs', now())`,
      [uuid],
    )
    await sql.query(`INSERT INTO plinth_recovery_codes (account_id, code_digest) VALUES ($1, 'planted')`, [uuid])
    await sql.query(`INSERT INTO plinth_accounts (account_id, totp_secret, totp_confirmed_at) VALUES ($1, 'planted', now())`, [
      uuid,
    ])

    await reset(await invite(id, email), OWN)

    // With any factor left the password alone would answer a ticket.
    const { access } = await tokensOf(blog, email, OWN)
    const { data } = (await blog.request('/auth/factors', { token: access })).json
    expect(data).toEqual({ totp: false, passkeys: [], recovery_codes: 0 })
  })

  test('of an account that is somebody stay, also when an admin invites to its new address', async () => {
    const [former, email] = [nextAddress(), nextAddress()]
    await addAccount(blog, former)
    const { access } = await tokensOf(blog, former)
    const { id } = (await blog.request('/auth/me', { token: access })).json.data
    const sql = await blog.sql()
    await sql.query(`UPDATE plinth_accounts SET totp_secret = 'x', totp_confirmed_at = now() WHERE account_id = $1`, [
      (await rowOf(former)).id,
    ])
    await change(id, { email })

    const chosen = await reset(await invite(id, email), OWN)
    const { json } = await signIn(blog, email, OWN)

    expect(chosen.status).toBe(204)
    expect(json.data).toMatchObject({ status: 'second_factor_required', methods: ['totp'] })
    expect(eventsNamed('auth.account_claimed').at(-1)).toContain('"had":"owner password factor"')
  })

  test('of an account that is somebody stay, and its new address alone gives nobody a letter that opens it', async () => {
    const [former, email] = [nextAddress(), nextAddress()]
    await addAccount(blog, former)
    const { access } = await tokensOf(blog, former)
    const { id } = (await blog.request('/auth/me', { token: access })).json.data
    await change(id, { email })

    await register(email, OWN)
    await post('/auth/password-resets/requests', { email })
    await post('/auth/email-verifications/requests', { email })
    const letters = await lettersTo(email)
    const token = await letterSecret(blog, email)
    const answers = [await reset(token, OWN), await confirm(token, OWN), await confirm(token, PASSWORD)]

    expect(letters.map(({ text }) => /auth\/[a-z-]+/.exec(text)?.[0])).toEqual([
      'auth/forgot-password',
      'auth/verify-email',
      'auth/verify-email',
    ])
    // Both the mailbox and the account have to be theirs.
    expect(answers.map(({ status }) => status)).toEqual([400, 401, 200])
    expect((await signIn(blog, email)).status).toBe(201)
  })
})

describe('what was on its way: letters to an address that the account no longer has', () => {
  test('an invitation to a mistyped address is void once the address is right', async () => {
    const [mistyped, email] = [nextAddress(), nextAddress()]
    const id = await addRecord(mistyped)
    const stray = await invite(id, mistyped)
    await change(id, { email })

    const taken = await reset(stray, THEIRS)
    const chosen = await reset(await invite(id, email), OWN)
    const late = await reset(stray, THEIRS)

    expect([taken.status, chosen.status, late.status]).toEqual([400, 204, 400])
    expect((await signIn(blog, email, OWN)).status).toBe(201)
    // Nobody had shown that the first address is theirs: it is told nothing more.
    expect(await lettersTo(mistyped)).toHaveLength(1)
  })

  test('a letter from before the claim serves no more after it, whatever it was for', async () => {
    const email = nextAddress()
    await register(email, THEIRS)
    const confirmation = await letterSecret(blog, email)
    await register(email, OWN)
    const invitation = await letterSecret(blog, email)

    const chosen = await reset(invitation, OWN)
    const late = [await confirm(confirmation, THEIRS), await confirm(confirmation, OWN), await reset(invitation, THEIRS)]

    expect(chosen.status).toBe(204)
    expect(late.map(({ status }) => status)).toEqual([400, 400, 400])
    expect((await signIn(blog, email, OWN)).status).toBe(201)
  })

  test('whoever had shown that an address is theirs is told when the account is given another, and not which', async () => {
    const [former, email] = [nextAddress(), nextAddress()]
    await addAccount(blog, former)
    const { access } = await tokensOf(blog, former)
    const { id } = (await blog.request('/auth/me', { token: access })).json.data

    const before = (await lettersTo(former)).length
    await change(id, { display_name: 'Another name' })
    await change(id, { email: former })
    await change(id, { email: former.toUpperCase() })
    await change(id, { email })

    const told = (await lettersTo(former)).slice(before)
    expect(told.map(({ subject }) => subject)).toEqual([expect.stringMatching(/your address was changed$/)])
    expect(told[0]?.text).not.toContain(email)
    expect(eventsNamed('auth.address_changed').at(-1)).toContain('"was_verified":true')
    expect((await signIn(blog, email)).json.error.code).toBe('AUTH_EMAIL_UNVERIFIED')
  })
})

describe('a word that nobody checked: the address in a record', () => {
  test('is nobody shown to be anybody: with the password of an admin nobody signs in', async () => {
    const email = nextAddress()
    await addRecord(email, { role: undefined, password: PASSWORD })

    const { status, json } = await signIn(blog, email)

    expect([status, json.error.code]).toEqual([403, 'AUTH_EMAIL_UNVERIFIED'])
  })

  test('that is claimed is in the security log with the role that went with it, and so is the way there', async () => {
    const email = nextAddress()
    const id = await addRecord(email)
    await register(email, THEIRS)
    const token = await invite(id, email)

    const chosen = await reset(token, OWN)

    expect(chosen.status).toBe(204)
    expect(eventsNamed('admin.account_invited').at(-1)).toContain('"role":"editor"')
    expect(eventsNamed('auth.invited_address_registered').at(-1)).toContain('"role":"editor"')
    const claimed = eventsNamed('auth.account_claimed').at(-1)
    expect(claimed).toContain('"role":"editor"')
    expect(claimed).toContain('"was_invited":true')
    expect(claimed).not.toContain(email)
    expect((await lettersTo(email)).at(-1)?.subject).toMatch(/your account is yours$/)
  })
})

describe('an invitation', () => {
  test.each([
    ['registering', (email: string) => register(email, THEIRS)],
    ['having forgotten the password', (email: string) => post('/auth/password-resets/requests', { email })],
    ['asking for another letter', (email: string) => post('/auth/email-verifications/requests', { email })],
  ])('comes by %s too, for a record without a password and with the least role', async (_, ask) => {
    const email = nextAddress()
    await addRecord(email, { role: undefined })

    await ask(email)
    const chosen = await reset(await letterSecret(blog, email), OWN)

    expect(chosen.status).toBe(204)
    expect((await signIn(blog, email, OWN)).status).toBe(201)
  })

  test('is not for an account that has its owner, a suspended one, or none', async () => {
    const email = nextAddress()
    await addAccount(blog, email)
    const { access } = await tokensOf(blog, email)
    const { id } = (await blog.request('/auth/me', { token: access })).json.data
    const suspended = await addRecord(nextAddress())
    await blog.request(`/auth/accounts/${suspended}/suspension`, { method: 'PUT', token: admin })
    const before = (await blog.letters()).length

    const answers = await Promise.all(
      [id, suspended, 'usr_01h455vb4pex5vsknk084sn02q', 'nonsense'].map((one) =>
        post(`/auth/accounts/${one}/invitation`, undefined, admin),
      ),
    )

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    expect((await blog.letters()).length).toBe(before)
  })

  test('that was sent before a suspension sets no password during it', async () => {
    const email = nextAddress()
    const id = await addRecord(email)
    const token = await invite(id, email)
    await blog.request(`/auth/accounts/${id}/suspension`, { method: 'PUT', token: admin })

    const during = await reset(token, OWN)
    await blog.request(`/auth/accounts/${id}/suspension`, { method: 'DELETE', token: admin })

    expect(during.status).toBe(400)
    expect((await rowOf(email)).password).toBeNull()
    expect((await reset(token, OWN)).status).toBe(204)
  })

  test('goes out five times to whoever asks, which leaves whoever manages accounts theirs', async () => {
    const email = nextAddress()
    const id = await addRecord(email)
    for (let at = 0; at < 9; at++) await register(email, THEIRS)
    expect(await lettersTo(email)).toHaveLength(5)

    for (let at = 0; at < 5; at++) await invite(id, email)
    const more = await post(`/auth/accounts/${id}/invitation`, undefined, admin)

    expect([more.status, more.json.error.code]).toEqual([429, 'RATE_LIMIT_EXCEEDED'])
    expect(Number(more.headers.get('retry-after'))).toBe(900)
    expect(await lettersTo(email)).toHaveLength(10)
    expect((await reset(await letterSecret(blog, email), OWN)).status).toBe(204)
  })

  test('serves however often somebody asks in the name of whoever was invited', async () => {
    const email = nextAddress()
    const id = await addRecord(email)
    const token = await invite(id, email)

    await register(email, THEIRS)
    await post('/auth/password-resets/requests', { email })
    await post('/auth/email-verifications/requests', { email })
    await blog.service.settle()

    const last = await letterSecret(blog, email)
    expect(await lettersTo(email)).toHaveLength(4)
    expect((await reset(token, OWN)).status).toBe(204)
    expect((await reset(last, THEIRS)).status).toBe(400)
  })

  test('takes the place of earlier ones when whoever manages accounts sends another', async () => {
    const email = nextAddress()
    const id = await addRecord(email)
    const [first, second] = [await invite(id, email), await invite(id, email)]

    expect((await reset(first, OWN)).status).toBe(400)
    expect((await reset(second, OWN)).status).toBe(204)
  })
})
