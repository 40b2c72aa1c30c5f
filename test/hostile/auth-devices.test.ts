/** Guessing at a name to keep its owner out: the browsers that the owner has signed in with count for themselves, and open no second door. */
// Proves IDN-01, SEC-07 (A13).
import { describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { Failures } from '../../src/auth/failures.ts'
import { OneTimeSecrets } from '../../src/auth/one-time-secrets.ts'
import { SignIn } from '../../src/auth/sessions/sign-in.ts'
import { PlinthError } from '../../src/kernel/index.ts'
import { testService } from '../../src/testing/index.ts'
import { addAccount, PASSWORD } from '../conformance/account-kit.ts'
import { type IdentityKit, identityKit } from '../integration/identity-kit.ts'

const VICTIM = 'victim@example.com'
/** Attempts that are judged before the first wait, the one that starts it included. */
const FREE = 6

/** Sign-in over a real database, with a hasher that notes instead of hashing: what it is asked is what was let through. */
async function openSignIn(kit: IdentityKit) {
  const id = await kit.addAccount(VICTIM, { password: PASSWORD })
  const judged: string[] = []
  const signIn = new SignIn({
    scope: kit.scope,
    accounts: kit.accounts,
    failures: new Failures(kit.scope),
    secrets: new OneTimeSecrets(kit.scope),
    factors: { of: async () => [], verify: async () => [] },
    addressKey: (address) => address,
    passwords: {
      hash: async (plain) => plain,
      async verify(plain, kept) {
        judged.push(plain)
        return { isMatch: plain === kept, needsRehash: false }
      },
    },
  })
  let from = 0
  const attempt = (password: string, deviceToken?: string): Promise<string> =>
    signIn.withPassword({ login: VICTIM, password, address: `192.0.2.${from++}`, deviceToken, requestId: 'test' }).then(
      ({ kind }) => kind,
      (error: unknown) => (error instanceof PlinthError ? error.code : String(error)),
    )
  const guess = async (times: number, deviceToken?: string): Promise<void> => {
    for (let at = 0; at < times; at++) await attempt(`guess ${at}`, deviceToken)
  }
  const deviceToken = (login = VICTIM): string => tokenOf(signIn.rememberDevice({ login }))
  return { id, judged, attempt, guess, deviceToken }
}

const tokenOf = (cookie: string): string => /^__Host-plinth-device=([^;]+)/.exec(cookie)?.[1] ?? ''

describe('a browser that the owner has signed in with', () => {
  test('does not wait for what others guess at the name', async () => {
    await using kit = await identityKit()
    const { attempt, guess, deviceToken } = await openSignIn(kit)
    const token = deviceToken()

    await guess(20)

    expect(await attempt(PASSWORD)).toBe('RATE_LIMIT_SIGN_IN')
    expect(await attempt(PASSWORD, token)).toBe('signed-in')
    expect(await attempt(PASSWORD)).toBe('RATE_LIMIT_SIGN_IN')
  })

  test('waits for its own guesses, and others do not wait for them', async () => {
    await using kit = await identityKit()
    const { attempt, guess, judged, deviceToken } = await openSignIn(kit)
    const token = deviceToken()

    await guess(50, token)

    expect(judged).toHaveLength(FREE)
    expect(await attempt(PASSWORD, token)).toBe('RATE_LIMIT_SIGN_IN')
    expect(await attempt(PASSWORD)).toBe('signed-in')
  })

  test('is like any other after a season', async () => {
    await using kit = await identityKit()
    const { attempt, guess, deviceToken } = await openSignIn(kit)
    const token = deviceToken()

    kit.pass(90 * 86_400)
    await guess(20)

    expect(await attempt(PASSWORD, token)).toBe('RATE_LIMIT_SIGN_IN')
  })
})

describe('the token of a browser', () => {
  test('says nothing for another name', async () => {
    await using kit = await identityKit()
    const { guess, judged, deviceToken } = await openSignIn(kit)
    const own = Array.from({ length: 10 }, () => deviceToken('attacker@example.com'))

    for (const token of own) await guess(5, token)

    expect(judged).toHaveLength(FREE)
  })

  test('says nothing once any part of it was changed', async () => {
    await using kit = await identityKit()
    const { guess, judged, deviceToken } = await openSignIn(kit)
    const token = deviceToken()
    const [id = '', issuedAt = '', signature = ''] = token.split('.')
    const swap = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
    const forged = [
      `${swap(id)}.${issuedAt}.${signature}`,
      `${id}.${Number(issuedAt) + 1}.${signature}`,
      `${id}.${issuedAt}.${swap(signature)}`,
      `${id}.${issuedAt}.`,
      `${token}A`,
      '..',
      '',
    ]

    for (const text of forged) await guess(5, text)

    expect(judged).toHaveLength(FREE)
  })

  test('saved up by whoever once knew the password is worth nothing when it was changed', async () => {
    await using kit = await identityKit()
    const { id, guess, judged, deviceToken, attempt } = await openSignIn(kit)
    const saved = Array.from({ length: 20 }, () => deviceToken())
    kit.pass(1)
    await kit.accounts.setPassword(id, 'another', { actor: null, requestId: 'test' })

    for (const token of saved) await guess(5, token)

    expect(judged).toHaveLength(FREE)
    kit.pass(900)
    expect(await attempt('another', saved[0])).toBe('signed-in')
  })
})

test('over the wire each sign-in gives another cookie, out of reach of scripts, and no refusal gives one', async () => {
  const blog = await testService({ app })
  try {
    await addAccount(blog, VICTIM)
    const signIn = (email: string, password: string, cookie?: string) =>
      blog.request('/auth/sessions', {
        method: 'POST',
        body: { email, password, delivery: 'body' },
        ...(cookie !== undefined && { headers: { cookie } }),
      })
    const cookieOf = (answer: { readonly headers: Headers }): string =>
      answer.headers.getSetCookie().find((line) => line.startsWith('__Host-plinth-device=')) ?? ''

    const first = cookieOf(await signIn(VICTIM, PASSWORD))
    const second = cookieOf(await signIn(VICTIM, PASSWORD))
    const refused = [await signIn(VICTIM, 'wrong'), await signIn('nobody@example.com', 'wrong', first.split(';')[0])]
    for (let at = 0; at < 10; at++) await signIn(VICTIM, `guess ${at}`)

    expect(first).toMatch(
      /^__Host-plinth-device=[\w-]{22}\.\d{13}\.[\w-]{43}; Max-Age=7776000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    expect(tokenOf(second)).not.toBe(tokenOf(first))
    expect(refused.map(({ status, headers }) => [status, headers.getSetCookie()])).toEqual([
      [401, []],
      [401, []],
    ])
    expect((await signIn(VICTIM, PASSWORD)).status).toBe(429)
    expect((await signIn(VICTIM, PASSWORD, second.split(';')[0])).status).toBe(201)
  } finally {
    await blog.stop()
  }
})
