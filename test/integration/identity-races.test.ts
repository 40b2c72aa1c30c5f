/** What somebody was told a moment ago is no longer so: a password that was right is changed before the session is there. */
import { describe, expect, test } from 'vitest'
import type { Account } from '../../src/auth/accounts/accounts.ts'
import type { Claim } from '../../src/auth/accounts/claims.ts'
import type { LetterPurpose } from '../../src/auth/accounts/letter-secrets.ts'
import { Failures } from '../../src/auth/failures.ts'
import { OneTimeSecrets } from '../../src/auth/one-time-secrets.ts'
import { SignIn } from '../../src/auth/sessions/sign-in.ts'
import type { Uuid } from '../../src/kernel/index.ts'
import { type IdentityKit, identityKit } from './identity-kit.ts'

const BY = { actor: null, requestId: 'test' }
const PLACE = { device: 'native', userAgent: 'test', address: '127.0.0.1', requestId: 'test' } as const

/** Somebody whose password is what is kept, so that no time goes into hashing. */
async function openParts(kit: IdentityKit) {
  const { scope, accounts, sessions, signOut } = kit
  const id = await kit.addAccount('ada@example.com', { password: 'old' })
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
    await signOut.everywhereWith((client) => accounts.setPassword(id, 'new', BY, client), id, 'password_changed', BY)
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

describe('A claim of an account that nobody owns yet', () => {
  test('by a registration gives what registrations give, and never what somebody else gave since', async () => {
    await using kit = await identityKit()
    const { accounts, claims } = kit
    const id = await kit.addAccount('ada@example.com', { role: 'viewer', password: 'chosen before', isVerified: false })
    const read = await accountOf(kit, id)
    const confirmation = await letterTo(kit, 'verify-email', read)
    const letter = await letterTo(kit, 'reset-password', read)

    await kit.sql.query(`UPDATE users SET role = 'editor' WHERE id = $1::uuid`, [id])

    expect(claims.isInvited(read)).toBe(false)
    expect(await claims.byPassword(confirmation)).toBe(false)
    expect(await accounts.findById(id)).toMatchObject({ isVerified: false, isClaimed: false })
    expect(await claims.byLetter(letter, 'chosen with the letter')).toBe(true)
    expect(await accounts.findById(id)).toMatchObject({
      passwordDigest: 'chosen with the letter',
      isVerified: true,
      role: 'editor',
    })
  })

  test('by letter and by password at once leaves the password that was chosen with the letter', async () => {
    await using kit = await identityKit()
    const { accounts, claims } = kit
    for (let round = 0; round < 20; round++) {
      const id = await kit.addAccount(`ada${round}@example.com`, { role: 'viewer', password: 'before', isVerified: false })
      const read = await accountOf(kit, id)
      const confirmation = await letterTo(kit, 'verify-email', read)
      const letter = await letterTo(kit, 'reset-password', read)

      const [byLetter] = await Promise.all([claims.byLetter(letter, 'with the letter'), claims.byPassword(confirmation)])

      expect(byLetter).toBe(true)
      expect(await accounts.findById(id)).toMatchObject({ passwordDigest: 'with the letter', isVerified: true })
    }
  })

  test('of twenty letters at once one sets the password', async () => {
    await using kit = await identityKit()
    const id = await kit.addAccount('ada@example.com', { isVerified: false })
    const read = await accountOf(kit, id)
    const letters = await Promise.all(Array.from({ length: 20 }, () => letterTo(kit, 'reset-password', read)))

    const claimed = await Promise.all(letters.map((letter, at) => kit.claims.byLetter(letter, `number ${at}`)))

    const winners = claimed.flatMap((isClaimed, at) => (isClaimed ? [at] : []))
    expect(winners).toHaveLength(1)
    expect(await kit.accounts.findById(id)).toMatchObject({ passwordDigest: `number ${winners[0]}` })
    expect(kit.events.filter(({ event }) => event === 'auth.account_claimed')).toHaveLength(1)
  })

  test.each([
    ['renamed', `UPDATE users SET email = 'ada@example.org' WHERE id = $1::uuid`],
    ['deleted', 'UPDATE users SET deleted_at = now() WHERE id = $1::uuid'],
    ['suspended', 'INSERT INTO plinth_accounts (account_id, suspended_at) VALUES ($1::uuid, now())'],
  ])('that was %s since it was read changes nothing', async (_, statement) => {
    await using kit = await identityKit()
    const id = await kit.addAccount('ada@example.com', { isVerified: false })
    const letter = await letterTo(kit, 'reset-password', await accountOf(kit, id))

    await kit.sql.query(statement, [id])

    expect(await kit.claims.byLetter(letter, 'too late')).toBe(false)
    const [row] = await kit.sql.query('SELECT password FROM users WHERE id = $1::uuid', [id])
    expect(row).toEqual({ password: null })
    expect(kit.events).toEqual([])
  })
})

async function accountOf({ accounts }: IdentityKit, id: Uuid): Promise<Account> {
  const account = await accounts.findById(id)
  if (account === undefined) throw new TypeError('Cannot test: the account is not there')
  return account
}

/** A letter to the account as it was when it was read, opened by whoever has it. */
async function letterTo(kit: IdentityKit, purpose: LetterPurpose, read: Account): Promise<Claim> {
  return { secret: await kit.letterSecrets.issue(purpose, read), read, requestId: 'test' }
}
