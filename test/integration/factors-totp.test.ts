/** Authenticator apps and recovery codes: each code serves once, guesses end, secrets belong to their account. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Account } from '../../src/auth/accounts/accounts.ts'
import { PlinthError } from '../../src/kernel/index.ts'
import { waitFor } from '../../src/testing/index.ts'
import { type FactorsKit, factorsKit } from './factors-kit.ts'

let kit: FactorsKit
let serial = 0

beforeAll(async () => {
  kit = await factorsKit()
})
afterAll(() => kit[Symbol.asyncDispose]())

const someone = (): Promise<Account> => kit.account(`factor-${++serial}@example.com`)
const totp = (account: Account, code: string) => kit.factors.verify(account, { method: 'totp', code }, 'request-1')
const recovery = (account: Account, code: string) => kit.factors.verify(account, { method: 'recovery', code }, 'request-1')
const code = (expected: string) => expect.objectContaining({ code: expected })

/** How often each code was answered; `done` for success. */
async function countOutcomes(tasks: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const outcomes = await Promise.allSettled(tasks)
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) {
    const name = outcome.status === 'fulfilled' ? 'done' : outcome.reason instanceof PlinthError ? outcome.reason.code : 'fault'
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

describe('an authenticator app', () => {
  test('counts once a code of it is confirmed (IDN-02)', async () => {
    const account = await someone()
    const { secret, uri } = await kit.changes.enrolTotp(kit.owner(account))

    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    const shown = new URL(uri)
    expect(`${shown.protocol}//${shown.host}`).toBe('otpauth://totp')
    expect(decodeURIComponent(shown.pathname)).toBe(`/Blog  test:${account.login}`)
    expect(Object.fromEntries(shown.searchParams)).toMatchObject({ secret, issuer: 'Blog  test' })
    expect(await kit.factors.of(account)).toEqual([])
    await expect(totp(account, await kit.code(secret))).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    await expect(kit.changes.confirmTotp(kit.owner(account), '000000')).rejects.toEqual(code('AUTH_FACTOR_INVALID'))

    const codes = await kit.changes.confirmTotp(kit.owner(account), await kit.code(secret))
    expect(new Set(codes).size).toBe(10)
    expect(await kit.factors.of(account)).toEqual(['totp', 'recovery'])
    kit.pass(30)
    expect(await totp(account, await kit.code(secret))).toEqual(['otp'])
    expect(kit.notices.at(-1)).toBe('totp_added')
    expect(kit.events.at(-1)).toMatchObject({ event: 'auth.factor_added', fields: { method: 'totp' } })
  })

  test('takes a code of now, the step before or the one after, and none further off', async () => {
    const account = await someone()
    const { secret } = await kit.addTotp(account)

    kit.pass(300)
    await expect(totp(account, await kit.code(secret, -2))).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    await expect(totp(account, await kit.code(secret, 2))).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    expect(await totp(account, await kit.code(secret, -1))).toEqual(['otp'])
    expect(await totp(account, await kit.code(secret, 0))).toEqual(['otp'])
    expect(await totp(account, await kit.code(secret, 1))).toEqual(['otp'])
  })

  test('refuses a code that served, in its step, in the next, and all from before it', async () => {
    const account = await someone()
    const { secret } = await kit.addTotp(account)
    kit.pass(300)
    const [before, now, after] = await Promise.all([kit.code(secret, -1), kit.code(secret), kit.code(secret, 1)])

    expect(await totp(account, now)).toEqual(['otp'])
    await expect(totp(account, now)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    await expect(totp(account, before)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    kit.pass(30)
    await expect(totp(account, now)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    expect(await totp(account, after)).toEqual(['otp'])
    await expect(totp(account, after)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
  })

  test('refuses the code that confirmed it', async () => {
    const account = await someone()
    const { secret } = await kit.changes.enrolTotp(kit.owner(account))
    const first = await kit.code(secret)
    await kit.changes.confirmTotp(kit.owner(account), first)

    await expect(totp(account, first)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    await expect(kit.changes.confirmTotp(kit.owner(account), first)).rejects.toEqual(code('NOT_FOUND_RECORD'))
  })

  test('refuses what is no code', async () => {
    const account = await someone()
    await kit.addTotp(account)

    for (const text of ['', '12345', '1234567', '12345６', ' 123456']) {
      await expect(totp(account, text)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
      kit.pass(86_401)
    }
  })

  test('is not replaced by another until it is removed', async () => {
    const account = await someone()
    await kit.addTotp(account)

    await expect(kit.changes.enrolTotp(kit.owner(account))).rejects.toEqual(code('CONFLICT_DUPLICATE'))
    await kit.changes.removeTotp(kit.owner(account))
    expect(await kit.factors.view(account.id)).toEqual({ hasTotp: false, passkeys: 0, recoveryCodes: 0 })
    await expect(kit.changes.removeTotp(kit.owner(account))).rejects.toEqual(code('NOT_FOUND_RECORD'))
    await kit.addTotp(account)
    expect(await kit.factors.of(account)).toEqual(['totp', 'recovery'])
  })

  test('has a sealed secret that serves in its own account only', async () => {
    const [thief, victim] = [await someone(), await someone()]
    const [own] = [await kit.addTotp(thief), await kit.addTotp(victim)]
    kit.pass(300)
    const [row] = await kit.sql.query<{ totp_secret: string }>(
      'SELECT totp_secret FROM plinth_accounts WHERE account_id = $1::uuid',
      [thief.id],
    )
    expect(row?.totp_secret).not.toContain(own?.secret)
    await kit.sql.query('UPDATE plinth_accounts SET totp_secret = $2::text WHERE account_id = $1::uuid', [
      victim.id,
      row?.totp_secret ?? '',
    ])

    await expect(totp(victim, await kit.code(own?.secret ?? ''))).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    expect(kit.events.at(-1)).toMatchObject({ event: 'auth.factor_unreadable', subject: victim.subject })
    expect(await totp(thief, await kit.code(own?.secret ?? ''))).toEqual(['otp'])
  })
})

describe('of a thousand at once', () => {
  test('guesses, six are judged (A11)', async () => {
    const account = await someone()
    const { secret } = await kit.addTotp(account)
    kit.pass(300)
    const good = await Promise.all([-1, 0, 1].map((steps) => kit.code(secret, steps)))
    const wrong = Array.from({ length: 1_003 }, (_, at) => String(at).padStart(6, '0')).filter((text) => !good.includes(text))

    const counts = await countOutcomes(wrong.slice(0, 1_000).map((text) => totp(account, text)))

    expect(counts).toEqual({ AUTH_FACTOR_INVALID: 6, RATE_LIMIT_SIGN_IN: 994 })
  })

  test('requests with one good code, one succeeds, even where guesses are free', async () => {
    await using free = await factorsKit({ freeAttempts: 1_000_000, firstDelayS: 1, delayMaxS: 1, forgetAfterS: 60 })
    const account = await free.account('thousand@example.com')
    const { secret } = await free.addTotp(account)
    free.pass(300)
    const good = await free.code(secret)

    const requests = Array.from({ length: 1_000 }, () =>
      free.factors.verify(account, { method: 'totp', code: good }, 'request-1'),
    )

    expect(await countOutcomes(requests)).toEqual({ done: 1, AUTH_FACTOR_INVALID: 999 })
  })

  test('requests with one recovery code, one succeeds', async () => {
    await using free = await factorsKit({ freeAttempts: 1_000_000, firstDelayS: 1, delayMaxS: 1, forgetAfterS: 60 })
    const account = await free.account('thousand@example.com')
    const { recoveryCodes } = await free.addTotp(account)
    const good = recoveryCodes[0] ?? ''

    const requests = Array.from({ length: 1_000 }, () =>
      free.factors.verify(account, { method: 'recovery', code: good }, 'request-1'),
    )

    expect(await countOutcomes(requests)).toEqual({ done: 1, AUTH_FACTOR_INVALID: 999 })
    expect(await free.factors.view(account.id)).toMatchObject({ recoveryCodes: 9 })
  })
})

describe('guesses', () => {
  test('of codes of all kinds are counted together; the wait grows, and the right code waits too', async () => {
    const account = await someone()
    const { secret, recoveryCodes } = await kit.addTotp(account)
    kit.pass(300)
    const guess = (): Promise<unknown> => recovery(account, 'aaaaa-aaaaa-aa').catch((error: unknown) => error)
    for (let at = 0; at < 5; at++) expect(await guess()).toEqual(code('AUTH_FACTOR_INVALID'))

    const waits: (number | undefined)[] = []
    for (let at = 0; at < 4; at++) {
      expect(await totp(account, '000000').catch((error: unknown) => error)).toEqual(code('AUTH_FACTOR_INVALID'))
      const refused = (await totp(account, await kit.code(secret)).catch((error: unknown) => error)) as PlinthError
      expect(refused.code).toBe('RATE_LIMIT_SIGN_IN')
      await expect(recovery(account, recoveryCodes[0] ?? '')).rejects.toEqual(code('RATE_LIMIT_SIGN_IN'))
      waits.push(refused.retryAfterS)
      kit.pass(refused.retryAfterS ?? 0)
    }

    expect(waits).toEqual([2, 4, 8, 16])
    expect(await totp(account, await kit.code(secret))).toEqual(['otp'])
  })
})

describe('recovery codes', () => {
  test('have sixty bits in letters and digits that nobody confuses, and are kept as keyed digests', async () => {
    const account = await someone()
    const { recoveryCodes } = await kit.addTotp(account)

    for (const text of recoveryCodes) expect(text).toMatch(/^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{2}$/)
    const rows = await kit.sql.query<{ code_digest: string }>(
      'SELECT code_digest FROM plinth_recovery_codes WHERE account_id = $1::uuid',
      [account.id],
    )
    const digests = rows.map((row) => row.code_digest)
    expect(digests).toHaveLength(10)
    expect(digests.every((digest) => /^[A-Za-z0-9_-]{43}$/.test(digest))).toBe(true)
  })

  test('serve once each, however they are typed, in their own account only', async () => {
    const [account, other] = [await someone(), await someone()]
    const { recoveryCodes } = await kit.addTotp(account)
    await kit.addTotp(other)
    const [first = '', second = ''] = recoveryCodes

    await expect(recovery(other, first)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    expect(
      await recovery(account, ` ${first.toUpperCase().replaceAll('-', ' ')} `.replaceAll('0', 'O').replaceAll('1', 'l')),
    ).toEqual(['otp'])
    await expect(recovery(account, first)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    expect(await recovery(account, second.replaceAll('-', ''))).toEqual(['otp'])
    expect(await kit.factors.view(account.id)).toMatchObject({ recoveryCodes: 8 })
    expect(kit.notices.at(-1)).toBe('recovery_code_used')
    expect(kit.events.at(-1)).toMatchObject({ event: 'auth.recovery_code_used', subject: account.subject })
  })

  test('are all replaced by new ones, also when two ask at once', async () => {
    const account = await someone()
    const { recoveryCodes } = await kit.addTotp(account)
    const isWaiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`

    const second = await kit.sql.transaction(async (client) => {
      await kit.codes.replace(client, account.id)
      const later = kit.changes.makeRecoveryCodes(kit.owner(account))
      await waitFor('the wait for a lock', async () => (await kit.sql.query(isWaiting)).length > 0)
      return { later }
    })
    const [last = ''] = await second.later

    expect(await kit.factors.view(account.id)).toMatchObject({ recoveryCodes: 10 })
    await expect(recovery(account, recoveryCodes[0] ?? '')).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    expect(await recovery(account, last)).toEqual(['otp'])
  })

  test('are not made for an account that has nothing to recover', async () => {
    const account = await someone()

    await expect(kit.changes.makeRecoveryCodes(kit.owner(account))).rejects.toEqual(code('NOT_FOUND_RECORD'))
  })
})

describe('a change of second factors', () => {
  test('needs a sign-in of the last ten minutes (A11: enrol without step-up)', async () => {
    const account = await someone()
    const stale = { ...kit.owner(account), shown: { authenticatedAtMs: kit.scope.clock.now() - 600_001, secondFactorAtMs: null } }
    const unknown = { ...stale, shown: { authenticatedAtMs: null, secondFactorAtMs: null } }

    for (const owner of [stale, unknown]) {
      await expect(kit.changes.enrolTotp(owner)).rejects.toEqual(code('AUTH_STEP_UP_REQUIRED'))
      await expect(kit.changes.confirmTotp(owner, '000000')).rejects.toEqual(code('AUTH_STEP_UP_REQUIRED'))
      await expect(kit.changes.beginPasskey(owner)).rejects.toEqual(code('AUTH_STEP_UP_REQUIRED'))
    }
    const first = { ...stale, shown: { authenticatedAtMs: kit.scope.clock.now() - 599_000, secondFactorAtMs: null } }
    await expect(kit.changes.enrolTotp(first)).resolves.toMatchObject({ secret: expect.any(String) })
  })

  test('needs a second factor of the last ten minutes where there is one', async () => {
    const account = await someone()
    await kit.addTotp(account)
    const nowMs = kit.scope.clock.now()
    const shown = [null, nowMs - 600_001].map((secondFactorAtMs) => ({ authenticatedAtMs: nowMs, secondFactorAtMs }))

    for (const owner of shown.map((at) => ({ ...kit.owner(account), shown: at }))) {
      await expect(kit.changes.removeTotp(owner)).rejects.toEqual(code('AUTH_STEP_UP_REQUIRED'))
      await expect(kit.changes.makeRecoveryCodes(owner)).rejects.toEqual(code('AUTH_STEP_UP_REQUIRED'))
      await expect(kit.changes.beginPasskey(owner)).rejects.toEqual(code('AUTH_STEP_UP_REQUIRED'))
      await expect(kit.changes.addPasskey(owner, {}, 'Key')).rejects.toEqual(code('AUTH_STEP_UP_REQUIRED'))
      await expect(kit.changes.removePasskey(owner, account.id)).rejects.toEqual(code('AUTH_STEP_UP_REQUIRED'))
    }
    expect(await kit.factors.of(account)).toEqual(['totp', 'recovery'])
  })
})
