/** What somebody was told a moment ago is no longer so: a password that was right is changed before the session is there. */
import { describe, expect, test } from 'vitest'
import { Failures } from '../../src/auth/failures.ts'
import { OneTimeSecrets } from '../../src/auth/one-time-secrets.ts'
import { Sessions } from '../../src/auth/sessions/sessions.ts'
import { SignIn } from '../../src/auth/sessions/sign-in.ts'
import { type IdentityKit, identityKit } from './identity-kit.ts'

const BY = { actor: null, requestId: 'test' }
const PLACE = { device: 'native', userAgent: 'test', address: '127.0.0.1', requestId: 'test' } as const

/** Somebody whose password is what is kept, so that no time goes into hashing. */
async function openParts(kit: IdentityKit) {
  const { scope, accounts } = kit
  const id = await kit.addAccount('ada@example.com', { password: 'old' })
  const tokens = { mint: () => ({ token: 'token', jti: 'jti', expiresInS: 900 }) }
  const sessions = new Sessions({ scope, accounts, tokens, onEnded: () => undefined })
  const passwords = {
    hash: async (plain: string) => plain,
    verify: async (plain: string, kept: string | undefined) => ({ isMatch: plain === kept, needsRehash: false }),
  }
  const signInWith = (factors: readonly 'totp'[]) =>
    new SignIn({
      scope,
      accounts,
      passwords,
      failures: new Failures(scope),
      secrets: new OneTimeSecrets(scope),
      factors: { of: async () => factors, verify: async () => ['otp'] },
      addressKey: (address) => address,
    })
  const changePassword = async () => {
    await accounts.setPassword(id, 'new', BY)
    await sessions.end(id, 'password_changed', BY)
  }
  return { id, sessions, signInWith, changePassword }
}

const ATTEMPT = { login: 'ada@example.com', password: 'old', address: '127.0.0.1', requestId: 'test' }

describe('A change of the password', () => {
  test('leaves no session to a sign-in whose password was right before it', async () => {
    await using kit = await identityKit()
    const { sessions, signInWith, changePassword } = await openParts(kit)
    const outcome = await signInWith([]).withPassword(ATTEMPT)
    if (outcome.kind !== 'signed-in') throw new TypeError('Cannot test: there is no second factor')

    await changePassword()

    await expect(sessions.open(outcome.signedIn, PLACE)).rejects.toMatchObject({ code: 'AUTH_CREDENTIALS_INVALID' })
    await expect(sessions.register(outcome.signedIn, PLACE)).rejects.toMatchObject({ code: 'AUTH_CREDENTIALS_INVALID' })
  })

  test('leaves none that was opened at the same moment', async () => {
    await using kit = await identityKit()
    const { id, sessions, signInWith, changePassword } = await openParts(kit)
    const outcome = await signInWith([]).withPassword(ATTEMPT)
    if (outcome.kind !== 'signed-in') throw new TypeError('Cannot test: there is no second factor')

    const opening = Array.from({ length: 20 }, () => sessions.open(outcome.signedIn, PLACE))
    await Promise.allSettled([...opening, changePassword()])

    expect(await sessions.list(id)).toEqual([])
  })

  test('takes the ticket between the factors away', async () => {
    await using kit = await identityKit()
    const { id, signInWith, changePassword } = await openParts(kit)
    await kit.sql.query('UPDATE plinth_accounts SET totp_confirmed_at = now() WHERE account_id = $1::uuid', [id])
    const signIn = signInWith(['totp'])
    const outcome = await signIn.withPassword(ATTEMPT)
    if (outcome.kind !== 'second-factor') throw new TypeError('Cannot test: there is a second factor')

    await changePassword()

    const second = signIn.withSecondFactor(outcome.ticket, { method: 'totp', code: '123456' }, 'test')
    await expect(second).rejects.toMatchObject({ code: 'AUTH_TICKET_INVALID' })
  })
})

describe('A registration of an address that somebody has registered', () => {
  test('sets its password while nobody has confirmed it, and never after', async () => {
    await using kit = await identityKit()
    const { accounts } = kit
    const id = await kit.addAccount('ada@example.com', { password: 'first', isVerified: false })

    expect(await accounts.setUnconfirmedPassword(id, 'second', BY)).toBe(true)
    await accounts.markVerified({ id, login: 'ada@example.com' })
    expect(await accounts.setUnconfirmedPassword(id, 'third', BY)).toBe(false)
    // Another name is not confirmed by that, but the account is somebody's.
    await kit.sql.query(`UPDATE users SET email = 'ada@example.org' WHERE id = $1::uuid`, [id])
    expect(await accounts.setUnconfirmedPassword(id, 'fourth', BY)).toBe(false)

    expect(await accounts.findById(id)).toMatchObject({ passwordDigest: 'second', isVerified: false })
  })

  test('at the moment of the confirmation leaves no confirmed account with the password of another', async () => {
    await using kit = await identityKit()
    const { accounts } = kit
    for (let round = 0; round < 20; round++) {
      const login = `ada${round}@example.com`
      const id = await kit.addAccount(login, { password: 'of the owner', isVerified: false })
      const owner = await accounts.findById(id)
      if (owner === undefined) throw new TypeError('Cannot test: the account is not there')

      const [isSet, isConfirmed] = await Promise.all([
        accounts.setUnconfirmedPassword(id, 'of somebody else', BY),
        accounts.confirm(owner),
      ])

      expect(isSet).toBe(!isConfirmed)
      const passwordDigest = isSet ? 'of somebody else' : 'of the owner'
      expect(await accounts.findById(id)).toMatchObject({ passwordDigest, isVerified: isConfirmed })
    }
  })
})
