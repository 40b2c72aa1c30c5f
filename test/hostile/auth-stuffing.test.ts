/** Guessing passwords in volume: from one address, from ten thousand, with every spelling of a name and of an address. */
// Proves IDN-01, SEC-07.
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { Failures } from '../../src/auth/failures.ts'
import { OneTimeSecrets } from '../../src/auth/one-time-secrets.ts'
import { SignIn } from '../../src/auth/sessions/sign-in.ts'
import { sweepIdentity } from '../../src/auth/sweep-identity.ts'
import { PlinthError } from '../../src/kernel/index.ts'
import { addressKey } from '../../src/resilience/index.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { report, tally } from '../chaos/rounds.ts'
import { addAccount, PASSWORD } from '../conformance/account-kit.ts'
import { type IdentityKit, identityKit } from '../integration/identity-kit.ts'

const VICTIM = 'victim@example.com'
/** Attempts that are judged before the first wait, the one that starts it included. */
const FREE = 6
const PAIRS = 10_000

/** Sign-in over a real database, with a hasher that counts instead of hashing: what it is asked is what was let through. */
async function openSignIn(kit: IdentityKit) {
  await kit.addAccount(VICTIM, { password: PASSWORD })
  const judged: string[] = []
  let isFull = false
  const signIn = new SignIn({
    scope: kit.scope,
    accounts: kit.accounts,
    failures: new Failures(kit.scope),
    secrets: new OneTimeSecrets(kit.scope),
    factors: { of: async () => [], verify: async () => [] },
    addressKey,
    passwords: {
      hash: async (plain) => plain,
      async verify(plain, kept) {
        if (isFull) throw new PlinthError('RATE_LIMIT_OVERLOADED')
        judged.push(plain)
        return { isMatch: plain === kept, needsRehash: false }
      },
    },
  })
  const attempt = (login: string, password: string, address: string): Promise<string> =>
    signIn.withPassword({ login, password, address, requestId: 'test' }).then(
      ({ kind }) => kind,
      (error: unknown) => (error instanceof PlinthError ? error.code : String(error)),
    )
  const fill = (full: boolean): void => {
    isFull = full
  }
  return { attempt, judged, fill }
}

/** Runs all of them, some at a time. */
async function inLanes<Item>(
  items: readonly Item[],
  work: (item: Item, at: number) => Promise<string>,
): Promise<readonly string[]> {
  const outcomes: string[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++
      outcomes[at] = await work(items[at] as Item, at)
    }
  }
  await Promise.all(Array.from({ length: 20 }, lane))
  return outcomes
}

const passwords = Array.from({ length: PAIRS }, (_, at) => `guess ${at}`)
const addressOf = (at: number): string => `198.${at >> 16}.${(at >> 8) & 255}.${at & 255}`

describe('ten thousand guesses', () => {
  test('at one account from one address: six are judged, and its owner gets in after the wait (A13)', async () => {
    await using kit = await identityKit()
    const { attempt, judged } = await openSignIn(kit)

    const outcomes = await inLanes(passwords, (password) => attempt(VICTIM, password, '198.51.100.1'))
    const blocked = await attempt(VICTIM, PASSWORD, '203.0.113.7')
    kit.pass(60)
    const later = await attempt(VICTIM, PASSWORD, '203.0.113.7')

    report('guesses from one address', { outcomes: tally(outcomes), judged: judged.length })
    expect(judged.length - 1).toBeLessThanOrEqual(FREE)
    expect([blocked, later]).toEqual(['RATE_LIMIT_SIGN_IN', 'signed-in'])
  }, 60_000)

  test('at one account from as many addresses: six are judged too (A13)', async () => {
    await using kit = await identityKit()
    const { attempt, judged } = await openSignIn(kit)

    const outcomes = await inLanes(passwords, (password, at) => attempt(VICTIM, password, addressOf(at)))

    report('guesses from ten thousand addresses', { outcomes: tally(outcomes), judged: judged.length })
    expect(judged.length).toBeLessThanOrEqual(FREE)
    expect(outcomes).not.toContain('signed-in')
  }, 60_000)

  test('at as many accounts from one address: fifty-one are judged (A13)', async () => {
    await using kit = await identityKit()
    const { attempt, judged } = await openSignIn(kit)

    const outcomes = await inLanes(passwords, (password, at) => attempt(`somebody-${at}@example.com`, password, '198.51.100.1'))

    report('pairs from one address', { outcomes: tally(outcomes), judged: judged.length })
    expect(judged.length).toBeLessThanOrEqual(51)
  }, 60_000)

  test('at one account from one household: all addresses of a /64, in every spelling, are one (A13)', async () => {
    await using kit = await identityKit()
    const { attempt, judged } = await openSignIn(kit)
    const spellings = (at: number): string => {
      const hex = at.toString(16)
      return [`2001:db8::${hex}`, `2001:0DB8:0:0::${hex}`, `2001:db8:0:0:${hex}::1`, `2001:DB8::0:0:${hex}:0`][at % 4] ?? ''
    }

    const outcomes = await inLanes(passwords.slice(0, 2_000), (password, at) =>
      attempt(`somebody-${at}@example.com`, password, spellings(at + 1)),
    )
    const mapped = await inLanes(passwords.slice(0, 200), (password, at) =>
      attempt(
        `other-${at}@example.com`,
        password,
        ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1'][at % 4] ?? '',
      ),
    )

    report('pairs from one household', { outcomes: tally(outcomes), mapped: tally(mapped), judged: judged.length })
    expect(judged.length).toBeLessThanOrEqual(102)
  }, 60_000)

  test('at one account under every spelling of its name: all count as its own (A13)', async () => {
    await using kit = await identityKit()
    const { attempt, judged } = await openSignIn(kit)
    const spellings = [
      'victim@example.com',
      'VICTIM@EXAMPLE.COM',
      'Victim@Example.Com',
      'vIcTiM@example.com',
      'victim@EXAMPLE.com',
    ]
    // Other names, and no names at all: they reach no account, so they need not count as its own.
    const others = [
      ' victim@example.com',
      'victim@example.com ',
      'victim@example.com\u0000',
      'victim+1@example.com',
      'v.ictim@example.com',
      '\uff56ictim@example.com',
      'v\u0456ctim@example.com',
      'victim@example\u3002com',
      'victim\u200b@example.com',
      '"victim"@example.com',
      'victim@example.com.',
    ]

    const outcomes = await inLanes(Array.from({ length: 500 }), (_, at) =>
      attempt(spellings[at % spellings.length] ?? '', `guess ${at}`, addressOf(at)),
    )
    const judgedOfOwn = judged.length
    kit.pass(3_600)
    const aliases = await inLanes(others, (login, at) => attempt(login, PASSWORD, addressOf(1_000 + at)))

    report('spellings of one name', { outcomes: tally(outcomes), judged: judgedOfOwn, aliases: tally(aliases) })
    expect(judgedOfOwn).toBeLessThanOrEqual(FREE)
    expect(aliases).not.toContain('signed-in')
    expect(await attempt('VICTIM@example.com', PASSWORD, '203.0.113.7')).toBe('signed-in')
  }, 60_000)
})

test('guesses for a day, as fast as the waits allow, are fewer than a hundred and twenty, and no wait is longer than a quarter of an hour', async () => {
  await using kit = await identityKit()
  const { attempt, judged } = await openSignIn(kit)
  const begin = kit.scope.clock.now()
  let longestS = 0
  let from = 0
  for (let at = 0; kit.scope.clock.now() < begin + 86_400_000; at++) {
    let waitedS = 0
    while ((await attempt(VICTIM, `guess ${at}`, addressOf(++from))) === 'RATE_LIMIT_SIGN_IN') {
      kit.pass(waitedS < 30 ? 2 : 10)
      waitedS += waitedS < 30 ? 2 : 10
    }
    longestS = Math.max(longestS, waitedS)
  }

  kit.pass(900)
  const owner = await attempt(VICTIM, PASSWORD, '203.0.113.7')

  report('guesses for a day', { judged: judged.length - 1, longestWaitS: longestS })
  expect(judged.length - 1).toBeLessThan(120)
  expect(longestS).toBeLessThanOrEqual(910)
  expect(owner).toBe('signed-in')
}, 120_000)

test('what remains of a flood is one row for each name and address, and goes when its day is over', async () => {
  await using kit = await identityKit()
  const { attempt } = await openSignIn(kit)
  const rows = async (): Promise<number> =>
    Number((await kit.sql.query<{ n: string }>('SELECT count(*) AS n FROM plinth_failures'))[0]?.n)

  await inLanes(passwords.slice(0, 3_000), (password, at) => attempt(`somebody-${at}@example.com`, password, addressOf(at)))
  const after = await rows()
  kit.pass(2 * 86_400)
  await sweepIdentity(kit.sql, kit.scope.clock.now(), 50)

  expect([after, await rows()]).toEqual([6_000, 0])
}, 60_000)

test('an attempt that a full queue refused was no guess: its owner is not kept out after it', async () => {
  await using kit = await identityKit()
  const { attempt, fill } = await openSignIn(kit)

  fill(true)
  const refused: string[] = []
  for (let at = 0; at < 50; at++) refused.push(await attempt(VICTIM, PASSWORD, '203.0.113.7'))
  fill(false)

  expect(new Set(refused)).toEqual(new Set(['RATE_LIMIT_OVERLOADED']))
  expect(await attempt(VICTIM, PASSWORD, '203.0.113.7')).toBe('signed-in')
})

/** The owner signs in from an address of their own. */
function signInFrom({ origin }: TestService, localAddress: string) {
  const body = JSON.stringify({ email: VICTIM, password: PASSWORD })
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise<{ readonly status: number | undefined; readonly retryAfter: string | undefined }>((resolve, reject) => {
    const sent = request(`${origin}/auth/sessions`, { method: 'POST', localAddress, headers }, (answer) => {
      answer.resume()
      resolve({ status: answer.statusCode, retryAfter: answer.headers['retry-after'] })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

describe('over the wire', () => {
  let blog: TestService
  beforeAll(async () => {
    blog = await testService({ app })
    await addAccount(blog, VICTIM)
  })
  afterAll(() => blog.stop())

  test('a hundred guesses at once, with invented addresses and names of headers: six are judged, and the right password waits too', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        blog.request('/auth/sessions', {
          method: 'POST',
          body: { email: at % 2 === 0 ? VICTIM : VICTIM.toUpperCase(), password: `guess number ${at}` },
          headers: {
            'x-forwarded-for': addressOf(at),
            'x-real-ip': addressOf(at),
            forwarded: `for=${addressOf(at)}`,
            'x-client-ip': addressOf(at),
            'true-client-ip': addressOf(at),
          },
        }),
      ),
    )
    const statuses = tally(answers.map(({ status }) => status))
    const owner = await signInFrom(blog, '127.0.0.2')

    report('guesses over the wire', { statuses })
    expect(statuses['401']).toBeLessThanOrEqual(FREE)
    expect(Object.keys(statuses).every((status) => ['401', '429', '503'].includes(status))).toBe(true)
    for (const { status, headers } of answers)
      if (status !== 401) expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(owner.status).toBe(429)
    const waitS = Number(owner.retryAfter)
    expect(waitS).toBeLessThanOrEqual(4)
    await new Promise((resolve) => setTimeout(resolve, waitS * 1_000))
    expect((await signInFrom(blog, '127.0.0.2')).status).toBe(201)
  }, 60_000)

  test('invented addresses are one address where no proxy is trusted', async () => {
    const service = await testService({ app, environment: { RATE_LIMIT_SENSITIVE: '20/10' } })
    try {
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, at) =>
          service.request('/auth/password-resets/requests', {
            method: 'POST',
            body: { email: `somebody-${at}@example.com` },
            headers: { 'x-forwarded-for': addressOf(at), forwarded: `for=${addressOf(at)}` },
          }),
        ),
      )

      expect(tally(answers.map(({ status }) => status))).toEqual({ 202: 10, 429: 50 })
    } finally {
      await service.stop()
    }
  })
})
