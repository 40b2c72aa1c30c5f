/** Attempts are counted before they are judged, and secrets that serve once serve once: with many at the same time too. */
import { describe, expect, test } from 'vitest'
import { LetterSecrets } from '../../src/auth/accounts/letter-secrets.ts'
import { Failures } from '../../src/auth/failures.ts'
import { OneTimeSecrets } from '../../src/auth/one-time-secrets.ts'
import { PlinthError } from '../../src/kernel/index.ts'
import { identityKit } from './identity-kit.ts'

const isPermitted = (attempt: Promise<void>): Promise<boolean> =>
  attempt.then(
    () => true,
    () => false,
  )

const ADA = { kind: 'account', name: 'ada' } as const

async function waitOf(attempt: Promise<void>): Promise<number | undefined> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error === undefined) return undefined
  expect(error).toBeInstanceOf(PlinthError)
  expect(error).toMatchObject({ code: 'RATE_LIMIT_SIGN_IN' })
  return (error as PlinthError).retryAfterS
}

describe('Failures', () => {
  test('let five attempts pass, then make each wait twice as long as the one before, a quarter of an hour at the most', async () => {
    await using kit = await identityKit()
    const failures = new Failures(kit.scope)
    const waits: number[] = []

    for (let at = 0; at < 5; at++) expect(await waitOf(failures.attempt('account', 'ada@example.com'))).toBeUndefined()
    for (let at = 0; at < 12; at++) {
      await failures.attempt('account', 'ada@example.com')
      const wait = (await waitOf(failures.attempt('account', 'ada@example.com'))) ?? 0
      waits.push(wait)
      kit.pass(wait)
    }

    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
  })

  test('of a hundred attempts at once judge only as many as are free', async () => {
    await using kit = await identityKit()
    const failures = new Failures(kit.scope)

    const permitted = await Promise.all(Array.from({ length: 100 }, () => isPermitted(failures.attempt('account', 'ada'))))

    // The sixth is judged too: it is the one that starts the wait.
    expect(permitted.filter(Boolean)).toHaveLength(6)
  })

  test('let nobody wait because of a clock that is a little ahead', async () => {
    await using kit = await identityKit()
    const failures = new Failures(kit.scope)
    await failures.attempt('account', 'ada')
    kit.pass(-3)

    expect(await waitOf(failures.attempt('account', 'ada'))).toBeUndefined()
    for (let at = 0; at < 4; at++) await failures.attempt('account', 'ada')
    expect(await waitOf(failures.attempt('account', 'ada'))).toBe(2)
  })

  test('know names apart, forget on success, and after a day', async () => {
    await using kit = await identityKit()
    const failures = new Failures(kit.scope)
    for (let at = 0; at < 6; at++) await failures.attempt('account', 'ada')

    expect(await isPermitted(failures.attempt('account', 'ada'))).toBe(false)
    expect(await isPermitted(failures.attempt('account', 'bob'))).toBe(true)
    expect(await isPermitted(failures.attempt('factor', 'ada'))).toBe(true)

    await failures.clear('account', 'ada')
    for (let at = 0; at < 6; at++) expect(await isPermitted(failures.attempt('account', 'ada'))).toBe(true)
    kit.pass(86_401)
    for (let at = 0; at < 6; at++) expect(await isPermitted(failures.attempt('account', 'ada'))).toBe(true)
    expect(await isPermitted(failures.attempt('account', 'ada'))).toBe(false)
  })

  test('count an address and an account together, and no account from an address that has to wait', async () => {
    await using kit = await identityKit()
    const failures = new Failures(kit.scope)
    const countOf = async (kind: string): Promise<unknown> => {
      const rows = await kit.sql.query('SELECT count FROM plinth_failures WHERE subject LIKE $1::text', [`${kind}:%`])
      return rows.map((row) => (row as { readonly count: number }).count)
    }

    const permitted = await Promise.all(Array.from({ length: 30 }, () => isPermitted(failures.attemptBoth('here', ADA))))
    expect(permitted.filter(Boolean)).toHaveLength(6)
    expect(await countOf('account')).toEqual([6])
    // The address pays for what the account refused.
    expect(await countOf('address')).toEqual([30])

    for (let at = 30; at < 51; at++) await failures.attempt('address', 'here')
    kit.pass(-1)
    expect(await waitOf(failures.attemptBoth('here', { kind: 'account', name: 'bob' }))).toBe(2)
    expect(await countOf('account')).toEqual([6])

    await failures.succeedBoth('here', ADA)
    expect(await countOf('account')).toEqual([])
    expect(await countOf('address')).toEqual([50])
  })

  test('never wait for one another in a circle', async () => {
    await using kit = await identityKit()
    const failures = new Failures(kit.scope)
    const places = ['one', 'two', 'three']

    const outcomes = await Promise.all(
      Array.from({ length: 300 }, async (_, at) => {
        const [place = '', name = ''] = [places[at % 3], places[(at >> 1) % 3]]
        await waitOf(failures.attemptBoth(place, { kind: 'account', name }))
        await failures.succeedBoth(place, { kind: 'account', name })
        return 'fine'
      }),
    )

    expect(new Set(outcomes)).toEqual(new Set(['fine']))
  })

  test('keep no name in clear', async () => {
    await using kit = await identityKit()
    await new Failures(kit.scope).attempt('account', 'ada@example.com')

    const rows = await kit.sql.query<{ subject: string }>('SELECT subject FROM plinth_failures')

    expect(rows).toHaveLength(1)
    expect(rows[0]?.subject).toMatch(/^account:[A-Za-z0-9_-]{43}$/)
  })
})

describe('OneTimeSecrets', () => {
  test('serve once for their purpose, with fifty consumers at the same time', async () => {
    await using kit = await identityKit()
    const secrets = new OneTimeSecrets(kit.scope)
    const accountId = await kit.addAccount('ada@example.com')
    const secret = await secrets.issue({ purpose: 'reset', accountId, data: { for: 'ada' }, lifetimeS: 60 })

    expect(await secrets.consume('verify', secret)).toBeUndefined()
    const consumed = await Promise.all(Array.from({ length: 50 }, () => secrets.consume('reset', secret)))

    expect(consumed.filter((one) => one !== undefined)).toEqual([
      { accountId, data: { for: 'ada' }, expiresAt: expect.any(Date) },
    ])
  })

  test('expire, and a new one replaces those of the same account and purpose', async () => {
    await using kit = await identityKit()
    const secrets = new OneTimeSecrets(kit.scope)
    const accountId = await kit.addAccount('ada@example.com')
    const other = await kit.addAccount('bob@example.com')
    const first = await secrets.issue({ purpose: 'reset', accountId, lifetimeS: 60 })
    const foreign = await secrets.issue({ purpose: 'reset', accountId: other, lifetimeS: 60 })
    const second = await secrets.issue({ purpose: 'reset', accountId, lifetimeS: 60 })

    expect(await secrets.consume('reset', first)).toBeUndefined()
    expect(await secrets.consume('reset', foreign)).toBeDefined()
    kit.pass(61)
    expect(await secrets.consume('reset', second)).toBeUndefined()
  })

  test('bear as many attempts as they were given, whoever comes at once', async () => {
    await using kit = await identityKit()
    const secrets = new OneTimeSecrets(kit.scope)
    const accountId = await kit.addAccount('ada@example.com')
    const secret = await secrets.issue({ purpose: 'ticket', accountId, lifetimeS: 60, attempts: 5 })

    const spent = await Promise.all(Array.from({ length: 40 }, () => secrets.spend('ticket', secret)))

    expect(spent.filter((one) => one !== undefined)).toHaveLength(5)
  })

  test('are kept as digests only', async () => {
    await using kit = await identityKit()
    const secret = await new OneTimeSecrets(kit.scope).issue({ purpose: 'reset', accountId: null, lifetimeS: 60 })

    const rows = await kit.sql.query<object>('SELECT * FROM plinth_one_time_secrets')

    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain(secret)
  })
})

describe('LetterSecrets', () => {
  test('let strangers have few letters sent, and keep nobody without one that serves', async () => {
    await using kit = await identityKit()
    const { scope, accounts } = kit
    const login = 'ada@example.com'
    const account = { id: await kit.addAccount(login), login }
    const parts = { secrets: new OneTimeSecrets(scope), accounts, failures: new Failures(scope) }
    const letters = new LetterSecrets(scope, parts)
    let last = ''
    let sent = 0
    const first = await letters.issue('reset-password', account)

    // A stranger asks every half minute for two hours; the owner looks every ten minutes whether the last letter is good.
    for (let half = 0; half < 240; half++, kit.pass(30)) {
      if (await letters.takeLetter('reset-password', account)) {
        last = await letters.issue('reset-password', account)
        sent += 1
      }
      if (half % 20 === 19) expect(await parts.secrets.peek('reset-password', last)).toMatchObject({ accountId: account.id })
      if (half === 59) expect(await parts.secrets.peek('reset-password', first)).toMatchObject({ accountId: account.id })
    }

    expect(sent).toBeLessThanOrEqual(5 + 2 * 4)
    expect(await letters.takeLetter('verify-email', account)).toBe(true)
  })
})
