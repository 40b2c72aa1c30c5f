/** Refresh tokens serve once; a repetition of the very request gets the very answer; any other second use ends the session. */
// Proves JWT-02.
import { describe, expect, test } from 'vitest'
import { type AccessTokens, Sessions, type SessionTokens } from '../../src/auth/sessions/sessions.ts'
import { SignOut } from '../../src/auth/sessions/sign-out.ts'
import type { Uuid } from '../../src/kernel/index.ts'
import { type IdentityKit, identityKit } from './identity-kit.ts'

const PLACE = { device: 'native', userAgent: 'test', address: '127.0.0.1', requestId: 'test' } as const
const REFRESH = { idempotencyKey: undefined, requestId: 'test' }

/** Sessions over the kit, with tokens that tell what they were minted from. */
async function openSessions(kit: IdentityKit, id?: Uuid) {
  const ended: string[] = []
  const tokens: AccessTokens = { mint: (order) => ({ token: JSON.stringify(order), jti: 'jti', expiresInS: 900 }) }
  const signOut = new SignOut({
    scope: kit.scope,
    onEnded: (ids) => void ended.push(...ids),
    endBrowsers: async () => undefined,
    onStolen: () => undefined,
  })
  const sessions = new Sessions({ scope: kit.scope, accounts: kit.accounts, tokens, signOut })
  const accountId = id ?? (await kit.addAccount('ada@example.com'))
  const account = await kit.accounts.findById(accountId)
  if (account === undefined) throw new TypeError('Cannot test sessions: the account is not there')
  const nowMs = kit.scope.clock.now()
  const signedIn = { account, amr: ['pwd'], authenticatedAtMs: nowMs, secondFactorAtMs: null }
  return { sessions, signOut, ended, accountId, signedIn, open: () => sessions.open(signedIn, PLACE) }
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'fine',
    (error: { readonly code?: unknown }) => error.code,
  )

describe('open()', () => {
  test('opens a session where the password was hashed anew meanwhile, and none where the account is gone', async () => {
    await using kit = await identityKit()
    const { open, accountId } = await openSessions(kit)

    await kit.sql.query(`UPDATE users SET password = 'the same, hashed anew' WHERE id = $1::uuid`, [accountId])
    const { sessionId, refreshToken } = await open()

    expect(await kit.sql.query('SELECT session_id FROM plinth_sessions')).toEqual([{ session_id: sessionId }])
    expect(await kit.sql.query('SELECT token_digest FROM plinth_refresh_tokens')).toEqual([
      { token_digest: kit.scope.vault.digest(refreshToken) },
    ])
    await kit.sql.query('UPDATE users SET deleted_at = now() WHERE id = $1::uuid', [accountId])
    expect(await codeOf(open())).toBe('AUTH_CREDENTIALS_INVALID')
  })
})

describe('the sessions of an account', () => {
  test('are a hundred at the most: one more ends the one that was silent for the longest, of this account only', async () => {
    await using kit = await identityKit()
    const { sessions, open, signedIn, accountId, ended } = await openSessions(kit)
    const bob = await openSessions(kit, await kit.addAccount('bob@example.com'))
    const stranger = await bob.open()
    const first = await open()
    kit.pass(1)
    for (let at = 0; at < 99; at++) await open()
    kit.pass(1)
    const used = await sessions.refresh(first.refreshToken, REFRESH)

    const newest = await open()
    const lent = await sessions.register(signedIn, PLACE)

    const living = (await sessions.list(accountId)).map(({ id }) => id)
    expect(living).toHaveLength(100)
    expect(living).toEqual(expect.arrayContaining([first.sessionId, newest.sessionId, lent]))
    expect(ended).toHaveLength(2)
    expect(await codeOf(sessions.refresh(used.refreshToken, REFRESH))).toBe('fine')
    expect(await codeOf(bob.sessions.refresh(stranger.refreshToken, REFRESH))).toBe('fine')
    expect(
      await kit.sql.query(`SELECT DISTINCT operation, request_id FROM plinth_journal WHERE resource = 'plinth.session'`),
    ).toEqual([{ operation: 'crowded_out', request_id: 'test' }])
    expect(kit.events.filter(({ event }) => event === 'auth.sessions_crowded_out')).toMatchObject([
      { requestId: 'test', fields: { count: 1 } },
      { requestId: 'test', fields: { count: 1 } },
    ])
  })
})

describe('refresh()', () => {
  test('keeps two tokens of a session however often it is asked, and knows the first of them again', async () => {
    await using kit = await identityKit()
    const { sessions, open, ended } = await openSessions(kit)
    const first = await open()
    let last = first
    for (let at = 0; at < 50; at++) last = await sessions.refresh(last.refreshToken, REFRESH)

    expect(await kit.sql.query('SELECT count(*)::integer AS kept FROM plinth_refresh_tokens')).toEqual([{ kept: 2 }])
    expect(await codeOf(sessions.refresh(first.refreshToken, REFRESH))).toBe('AUTH_REFRESH_INVALID')
    expect(ended).toEqual([first.sessionId])
    expect(kit.events).toMatchObject([{ event: 'auth.refresh_reused' }])
  })

  test('ends nothing for a token that was never made, whatever session it names', async () => {
    await using kit = await identityKit()
    const { sessions, open, ended } = await openSessions(kit)
    const { sessionId, refreshToken } = await open()
    const other = await open()
    const [, secret = '', mark = ''] = refreshToken.split('.')
    const forged = [
      `${sessionId}.${'A'.repeat(43)}.${'A'.repeat(22)}`,
      `${sessionId}.${'A'.repeat(43)}.${mark}`,
      `${other.sessionId}.${secret}.${mark}`,
      `${refreshToken}A`,
      `${refreshToken}.`,
      `${sessionId}..`,
      '..',
      '',
    ]

    for (const token of forged) {
      expect(await codeOf(sessions.refresh(token, REFRESH))).toBe('AUTH_REFRESH_INVALID')
      await sessions.endByToken(token, 'test')
    }

    expect(ended).toEqual([])
    expect(kit.events).toEqual([])
    expect(await codeOf(sessions.refresh(refreshToken, REFRESH))).toBe('fine')
  })

  test('takes a token that came too late for no theft', async () => {
    await using kit = await identityKit()
    const { sessions, open, ended } = await openSessions(kit)
    const { refreshToken } = await open()

    kit.pass(14 * 86_400 + 1)

    expect(await codeOf(sessions.refresh(refreshToken, REFRESH))).toBe('AUTH_REFRESH_INVALID')
    expect(ended).toEqual([])
    expect(kit.events).toEqual([])
  })

  test('gives the next token of the family, and a token of the account as it is now', async () => {
    await using kit = await identityKit()
    const { sessions, open, accountId } = await openSessions(kit)
    const first = await open()
    await kit.sql.query(`UPDATE users SET role = 'viewer' WHERE id = $1::uuid`, [accountId])

    const second = await sessions.refresh(first.refreshToken, REFRESH)
    const third = await sessions.refresh(second.refreshToken, REFRESH)

    expect(new Set([first, second, third].map((tokens) => tokens.refreshToken)).size).toBe(3)
    expect(third.sessionId).toBe(first.sessionId)
    expect(JSON.parse(third.accessToken)).toMatchObject({ roles: ['viewer'], permissions: ['posts:read'] })
  })

  test('ends the session when a token comes a second time, whoever of the two was the thief', async () => {
    await using kit = await identityKit()
    const { sessions, open, ended } = await openSessions(kit)
    const first = await open()
    const second = await sessions.refresh(first.refreshToken, REFRESH)

    expect(await codeOf(sessions.refresh(first.refreshToken, REFRESH))).toBe('AUTH_REFRESH_INVALID')
    expect(await codeOf(sessions.refresh(second.refreshToken, REFRESH))).toBe('AUTH_REFRESH_INVALID')
    expect(ended).toEqual([first.sessionId])
    expect(kit.events).toMatchObject([{ event: 'auth.refresh_reused' }])
    expect(await kit.sql.query(`SELECT end_reason FROM plinth_sessions`)).toEqual([{ end_reason: 'refresh_reused' }])
    expect(await kit.sql.query(`SELECT operation FROM plinth_journal WHERE resource = 'plinth.session'`)).toEqual([
      { operation: 'refresh_reused' },
    ])
  })

  test('succeeds once for a hundred requests at the same time, and the family is dead after', async () => {
    await using kit = await identityKit()
    const { sessions, open } = await openSessions(kit)
    const first = await open()

    const answers = await Promise.allSettled(Array.from({ length: 100 }, () => sessions.refresh(first.refreshToken, REFRESH)))
    const successes = answers.filter((answer): answer is PromiseFulfilledResult<SessionTokens> => answer.status === 'fulfilled')

    expect(successes).toHaveLength(1)
    expect(await codeOf(sessions.refresh(successes[0]?.value.refreshToken ?? '', REFRESH))).toBe('AUTH_REFRESH_INVALID')
  })

  test('repeats a lost answer to the same request, for a minute, while the answer is unused', async () => {
    await using kit = await identityKit()
    const { sessions, open } = await openSessions(kit)
    const first = await open()
    const request = { idempotencyKey: 'a-key-of-the-client', requestId: 'test' }

    const second = await sessions.refresh(first.refreshToken, request)
    const again = await sessions.refresh(first.refreshToken, request)

    expect(again.refreshToken).toBe(second.refreshToken)
    const third = await sessions.refresh(second.refreshToken, REFRESH)
    expect(await codeOf(sessions.refresh(first.refreshToken, request))).toBe('AUTH_REFRESH_INVALID')
    expect(await codeOf(sessions.refresh(third.refreshToken, REFRESH))).toBe('AUTH_REFRESH_INVALID')
  })

  test('does not take another key, or a late repetition, for the same request', async () => {
    await using kit = await identityKit()
    const { sessions, open } = await openSessions(kit)
    const [early, late] = [await open(), await open()]
    const request = { idempotencyKey: 'a-key-of-the-client', requestId: 'test' }
    await sessions.refresh(early.refreshToken, request)
    await sessions.refresh(late.refreshToken, request)

    expect(await codeOf(sessions.refresh(early.refreshToken, { ...request, idempotencyKey: 'guessed' }))).toBe(
      'AUTH_REFRESH_INVALID',
    )
    kit.pass(61)
    expect(await codeOf(sessions.refresh(late.refreshToken, request))).toBe('AUTH_REFRESH_INVALID')
  })

  test('refuses unknown and expired tokens, those of ended sessions, and those of accounts that are gone or suspended', async () => {
    await using kit = await identityKit()
    const { sessions, signOut, open, accountId } = await openSessions(kit)
    const by = { actor: null, requestId: 'test' }
    const [ended, suspended, expired] = [await open(), await open(), await open()]
    await signOut.ofSessions(accountId, [ended.sessionId], 'signed_out', by)
    await kit.accounts.setSuspended(accountId, true, by)

    expect(await codeOf(sessions.refresh('unknown', REFRESH))).toBe('AUTH_REFRESH_INVALID')
    expect(await codeOf(sessions.refresh(ended.refreshToken, REFRESH))).toBe('AUTH_REFRESH_INVALID')
    expect(await codeOf(sessions.refresh(suspended.refreshToken, REFRESH))).toBe('AUTH_REFRESH_INVALID')
    await kit.accounts.setSuspended(accountId, false, by)
    kit.pass(14 * 86_400 + 1)
    expect(await codeOf(sessions.refresh(expired.refreshToken, REFRESH))).toBe('AUTH_REFRESH_INVALID')
  })

  test('goes on for thirty days from sign-in and not longer, however often it is asked', async () => {
    await using kit = await identityKit()
    const { sessions, open } = await openSessions(kit)
    let tokens = await open()
    for (let days = 10; days < 30; days += 10) {
      kit.pass(10 * 86_400)
      tokens = await sessions.refresh(tokens.refreshToken, REFRESH)
    }

    expect(tokens.refreshTokenExpiresInS).toBe(10 * 86_400)
    kit.pass(10 * 86_400 + 1)
    expect(await codeOf(sessions.refresh(tokens.refreshToken, REFRESH))).toBe('AUTH_REFRESH_INVALID')
  })

  test('keeps no token in clear', async () => {
    await using kit = await identityKit()
    const { sessions, open } = await openSessions(kit)
    const first = await open()
    const second = await sessions.refresh(first.refreshToken, REFRESH)

    const kept = JSON.stringify(await kit.sql.query<object>('SELECT * FROM plinth_refresh_tokens'))

    expect(kept).not.toContain(first.refreshToken)
    expect(kept).not.toContain(second.refreshToken)
  })
})

describe('end() and list()', () => {
  test('show and end the sessions of one account only', async () => {
    await using kit = await identityKit()
    const ada = await openSessions(kit)
    const bob = await openSessions(kit, await kit.addAccount('bob@example.com'))
    const [one, two] = [await ada.open(), await ada.open(), await ada.open()]
    const other = await bob.open()
    const by = { actor: null, requestId: 'test' }

    expect(await ada.signOut.ofSessions(ada.accountId, [other.sessionId], 'ended_by_owner', by)).toEqual([])
    expect(await ada.signOut.ofSessions(ada.accountId, [one.sessionId], 'ended_by_owner', by)).toEqual([one.sessionId])
    await ada.signOut.everywhereWith(async () => undefined, ada.accountId, 'password_changed', by, two.sessionId)

    expect((await ada.sessions.list(ada.accountId)).map(({ id }) => id)).toEqual([two.sessionId])
    expect((await bob.sessions.list(bob.accountId)).map(({ id }) => id)).toEqual([other.sessionId])
    expect(await codeOf(bob.sessions.refresh(other.refreshToken, REFRESH))).toBe('fine')
  })
})
