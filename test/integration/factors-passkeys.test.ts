/** Passkeys, made and used by an authenticator in software: what is bent in an answer is refused, and what was used does not serve again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Account } from '../../src/auth/accounts/accounts.ts'
import { readPasskeyResponse, relyingParty } from '../../src/auth/factors/webauthn.ts'
import { type FactorsKit, factorsKit, ORIGIN } from './factors-kit.ts'
import { encode, type Lies, type PasskeyJson, SoftwareAuthenticator } from './software-authenticator.ts'

let kit: FactorsKit
let serial = 0

beforeAll(async () => {
  kit = await factorsKit()
})
afterAll(() => kit[Symbol.asyncDispose]())

const someone = (): Promise<Account> => kit.account(`passkey-${++serial}@example.com`)
const code = (expected: string) => expect.objectContaining({ code: expected })
/** The one answer for all that is wrong, and what the log says. */
const refusedFor = (reason: RegExp) =>
  expect.objectContaining({
    code: 'AUTH_FACTOR_INVALID',
    message: 'The passkey is not accepted',
    cause: expect.objectContaining({ message: expect.stringMatching(reason) }),
  })
const signIn = (assertion: unknown) => kit.passkeys.authenticate(assertion, 'request-1')
const second = (account: Account, assertion: unknown) =>
  kit.factors.verify(account, { method: 'passkey', assertion }, 'request-1')

async function someoneWithPasskey(options?: { readonly isSynced?: boolean }) {
  const account = await someone()
  const authenticator = new SoftwareAuthenticator(ORIGIN, options)
  await kit.addPasskey(account, authenticator)
  return { account, authenticator }
}

async function register(account: Account, authenticator: SoftwareAuthenticator, lies: Lies) {
  const options = await kit.changes.beginPasskey(kit.owner(account))
  return kit.changes.addPasskey(kit.owner(account), authenticator.create(options, lies), 'Key')
}

/** The same answer with one byte of a member changed. */
function tamper(answer: PasskeyJson, member: string, at: number): PasskeyJson {
  const bytes = Buffer.from(String(answer.response[member]), 'base64url')
  const index = at < 0 ? bytes.length + at : at
  bytes[index] = (bytes[index] ?? 0) ^ 1
  return { ...answer, response: { ...answer.response, [member]: bytes.toString('base64url') } }
}

describe('a passkey', () => {
  test('is registered, signs in alone, and is the second factor beside a password (IDN-02)', async () => {
    const account = await someone()
    const authenticator = new SoftwareAuthenticator(ORIGIN)
    const options = await kit.changes.beginPasskey(kit.owner(account))
    expect(options).toMatchObject({ rp: { id: 'localhost', name: 'Blog' }, user: { name: account.login }, attestation: 'none' })

    const added = await kit.changes.addPasskey(kit.owner(account), authenticator.create(options), 'Blue key')

    expect(added.recoveryCodes).toHaveLength(10)
    expect(kit.notices.at(-1)).toBe('passkey_added')
    expect(await kit.factors.of(account)).toEqual(['passkey', 'recovery'])
    expect(await signIn(authenticator.get(await kit.passkeys.signInOptions()))).toEqual({
      accountId: account.id,
      amr: ['hwk', 'user'],
    })
    const asked = await kit.passkeys.secondFactorOptions(account.id)
    expect(asked).toMatchObject({ allowCredentials: [{ id: authenticator.credentialId, transports: ['internal'] }] })
    expect(await second(account, authenticator.get(asked))).toEqual(['hwk', 'user'])
    const [view] = await kit.passkeys.list(account.id)
    expect(view).toMatchObject({ name: 'Blue key', isBackedUp: false, lastUsedAt: expect.any(Date) })
  })

  test('that is synchronised says so', async () => {
    const { account, authenticator } = await someoneWithPasskey({ isSynced: true })

    const proof = await signIn(authenticator.get(await kit.passkeys.signInOptions()))

    expect(proof).toEqual({ accountId: account.id, amr: ['swk', 'user'] })
    expect(await kit.passkeys.list(account.id)).toMatchObject([{ isBackedUp: true }])
  })

  test('of an authenticator that did not verify its user is a second factor, and not enough alone', async () => {
    const { account, authenticator } = await someoneWithPasskey()
    const unverified: Lies = { isUserVerified: false }

    await expect(signIn(authenticator.get(await kit.passkeys.signInOptions(), unverified))).rejects.toEqual(
      code('AUTH_FACTOR_INVALID'),
    )
    const asked = await kit.passkeys.secondFactorOptions(account.id)
    expect(await second(account, authenticator.get(asked, unverified))).toEqual(['hwk', 'user'])
  })

  test('works without a counter', async () => {
    const { authenticator } = await someoneWithPasskey()

    for (let at = 0; at < 2; at++) {
      const assertion = authenticator.get(await kit.passkeys.signInOptions(), { signCount: 0 })
      await expect(signIn(assertion)).resolves.toMatchObject({ amr: ['hwk', 'user'] })
    }
  })

  test('is renamed and removed by its owner only; with the last factor the recovery codes go', async () => {
    const [{ account, authenticator }, { account: stranger }] = [await someoneWithPasskey(), await someoneWithPasskey()]
    const [passkey] = await kit.passkeys.list(account.id)
    if (passkey === undefined) throw new Error('Cannot find the passkey that was just added')

    expect(await kit.passkeys.rename(stranger.id, passkey.id, 'Mine')).toBeUndefined()
    expect(await kit.passkeys.rename(account.id, passkey.id, 'Red key')).toMatchObject({ name: 'Red key' })
    await expect(kit.changes.removePasskey(kit.owner(stranger), passkey.id)).rejects.toEqual(code('NOT_FOUND_RECORD'))
    await kit.changes.removePasskey(kit.owner(account), passkey.id)

    expect(kit.notices.at(-1)).toBe('passkey_removed')
    expect(await kit.factors.view(account.id)).toEqual({ hasTotp: false, passkeys: 0, recoveryCodes: 0 })
    await expect(signIn(authenticator.get(await kit.passkeys.signInOptions()))).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
  })
})

describe('registration refuses', () => {
  const NAMES = new Map<string, number | Uint8Array | readonly Uint8Array[]>([
    ['alg', -7],
    ['sig', new Uint8Array(70)],
    ['x5c', [new Uint8Array(100)]],
  ])
  const REFUSED: readonly (readonly [string, RegExp, Lies])[] = [
    ['another origin', /origin/, { origin: 'https://evil.example' }],
    ['an origin that begins alike', /origin/, { origin: `${ORIGIN}.evil.example` }],
    ['another relying party', /RP ID/, { rpId: 'evil.example' }],
    ['an assertion in its place', /type/, { type: 'webauthn.get' }],
    ['a challenge that was never made', /challenge is unknown/, { challenge: 'A'.repeat(43) }],
    ['nobody present', /not present/, { isUserPresent: false }],
    [
      'an attestation with certificates, before any is looked at',
      /"packed" with certificates/,
      { attestation: ['packed', NAMES] },
    ],
    ['an attestation of another format', /"tpm"/, { attestation: ['tpm', new Map()] }],
    ['a statement where there is no attestation', /None attestation/, { attestation: ['none', new Map([['x', 1]])] }],
  ]
  test.each(REFUSED)('%s', async (_, reason, lies) => {
    const account = await someone()

    await expect(register(account, new SoftwareAuthenticator(ORIGIN), lies)).rejects.toEqual(refusedFor(reason))
    expect(await kit.passkeys.list(account.id)).toEqual([])
  })

  test('a challenge that was used, expired, replaced, or made for another account or purpose', async () => {
    const [account, other] = [await someone(), await someone()]
    const fresh = (): SoftwareAuthenticator => new SoftwareAuthenticator(ORIGIN)
    const add = (options: unknown) => kit.changes.addPasskey(kit.owner(account), fresh().create(options), 'Key')

    const used = await kit.changes.beginPasskey(kit.owner(account))
    await add(used)
    await expect(add(used)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    await expect(add(await kit.changes.beginPasskey(kit.owner(other)))).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    await expect(add(await kit.passkeys.signInOptions())).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    const replaced = await kit.changes.beginPasskey(kit.owner(account))
    const late = await kit.changes.beginPasskey(kit.owner(account))
    await expect(add(replaced)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    kit.pass(301)
    await expect(add(late)).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
  })

  test('a passkey that is registered already, here or with another account', async () => {
    const { account, authenticator } = await someoneWithPasskey()

    await expect(register(account, authenticator, {})).rejects.toEqual(code('CONFLICT_DUPLICATE'))
    await expect(register(await someone(), authenticator, {})).rejects.toEqual(code('CONFLICT_DUPLICATE'))
    expect(await kit.changes.beginPasskey(kit.owner(account))).toMatchObject({
      excludeCredentials: [{ type: 'public-key', id: authenticator.credentialId }],
    })
  })

  test('more than twenty', async () => {
    const account = await someone()
    for (let at = 0; at < 20; at++) await kit.addPasskey(account, new SoftwareAuthenticator(ORIGIN))

    await expect(kit.changes.beginPasskey(kit.owner(account))).rejects.toEqual(code('VALIDATION_FAILED'))
  })
})

describe('an assertion is refused', () => {
  const REFUSED: readonly (readonly [string, RegExp, Lies])[] = [
    ['from another origin', /origin/, { origin: 'https://evil.example' }],
    ['from the same name without its port', /origin/, { origin: 'http://localhost' }],
    ['for another relying party', /RP ID/, { rpId: 'evil.example' }],
    ['of another kind', /type/, { type: 'webauthn.create' }],
    ['with a challenge that was never made', /challenge is unknown/, { challenge: 'A'.repeat(43) }],
    ['that names another account', /names another account/, { userHandle: 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ['with nobody present', /not present/, { isUserPresent: false }],
  ]
  test.each(REFUSED)('%s', async (_, reason, lies) => {
    const { account, authenticator } = await someoneWithPasskey()

    await expect(signIn(authenticator.get(await kit.passkeys.signInOptions(), lies))).rejects.toEqual(refusedFor(reason))
    const asked = await kit.passkeys.secondFactorOptions(account.id)
    await expect(second(account, authenticator.get(asked, lies))).rejects.toEqual(refusedFor(reason))
  })

  test('when a byte of what is signed, or of the signature, was changed', async () => {
    const { authenticator } = await someoneWithPasskey()

    // The count, the flags, the name of the party, and the signature's last number.
    const CHANGES: readonly (readonly [string, number, RegExp])[] = [
      ['authenticatorData', -1, /signature does not match/],
      ['authenticatorData', 32, /not present/],
      ['authenticatorData', 0, /RP ID/],
      ['signature', -1, /signature does not match/],
    ]
    for (const [member, at, reason] of CHANGES) {
      const assertion = authenticator.get(await kit.passkeys.signInOptions())
      await expect(signIn(tamper(assertion, member, at))).rejects.toEqual(refusedFor(reason))
    }
  })

  test('when another key signed in the name of this one', async () => {
    const { authenticator } = await someoneWithPasskey()
    const forger = new SoftwareAuthenticator(ORIGIN)
    const forged = forger.get(await kit.passkeys.signInOptions(), { userHandle: '' })

    const renamed = { ...forged, id: authenticator.credentialId, rawId: authenticator.credentialId }

    await expect(signIn(renamed)).rejects.toEqual(refusedFor(/signature does not match/))
  })

  test('the second time, of fifty at once all but one', async () => {
    const { account, authenticator } = await someoneWithPasskey()
    const assertion = authenticator.get(await kit.passkeys.signInOptions())

    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => signIn(assertion)))

    const good = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    expect(good.map(({ value }) => value.accountId)).toEqual([account.id])
    await expect(signIn(assertion)).rejects.toEqual(refusedFor(/challenge is unknown/))
  })

  test('with a challenge of another account or purpose, or an old one', async () => {
    const [{ account, authenticator }, { account: other }] = [await someoneWithPasskey(), await someoneWithPasskey()]

    const theirs = await kit.passkeys.secondFactorOptions(other.id)
    await expect(second(account, authenticator.get(theirs))).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    await expect(second(account, authenticator.get(await kit.passkeys.signInOptions()))).rejects.toEqual(
      code('AUTH_FACTOR_INVALID'),
    )
    const own = await kit.passkeys.secondFactorOptions(account.id)
    await expect(signIn(authenticator.get(own))).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
    const late = await kit.passkeys.signInOptions()
    kit.pass(301)
    await expect(signIn(authenticator.get(late))).rejects.toEqual(code('AUTH_FACTOR_INVALID'))
  })

  test('as the second factor of another account', async () => {
    const [{ authenticator }, { account: victim }] = [await someoneWithPasskey(), await someoneWithPasskey()]

    const asked = await kit.passkeys.secondFactorOptions(victim.id)

    await expect(second(victim, authenticator.get(asked))).rejects.toEqual(refusedFor(/not of this account/))
  })

  test('when its counter did not grow, and those who watch are told', async () => {
    const { account, authenticator } = await someoneWithPasskey()
    await signIn(authenticator.get(await kit.passkeys.signInOptions(), { signCount: 7 }))

    for (const signCount of [7, 6, 0]) {
      const copied = authenticator.get(await kit.passkeys.signInOptions(), { signCount })
      await expect(signIn(copied)).rejects.toEqual(refusedFor(/did not grow/))
      expect(kit.events.slice(-2)).toMatchObject([
        { event: 'auth.passkey_counter_regressed', subject: account.subject },
        { event: 'auth.sign_in_failed', subject: null, fields: { method: 'passkey' } },
      ])
    }
    const grown = authenticator.get(await kit.passkeys.signInOptions(), { signCount: 8 })
    await expect(signIn(grown)).resolves.toMatchObject({ accountId: account.id })
  })
})

describe('what is no answer of a browser', () => {
  const bytes = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const GOOD = {
    id: 'AAAA',
    response: { clientDataJSON: bytes({ challenge: 'A'.repeat(43) }), authenticatorData: 'AAAA', signature: 'AAAA' },
  }
  const BAD: readonly (readonly [string, unknown])[] = [
    ['nothing', undefined],
    ['null', null],
    ['a list', []],
    ['no response', { id: 'AAAA' }],
    ['an id of another type', { ...GOOD, id: 7 }],
    ['an id that is too long', { ...GOOD, id: 'A'.repeat(1_365) }],
    ['text outside the alphabet', { ...GOOD, response: { ...GOOD.response, signature: 'A=A+/' } }],
    ['client data that is no JSON', { ...GOOD, response: { ...GOOD.response, clientDataJSON: 'AAAA' } }],
    ['a challenge of another form', { ...GOOD, response: { ...GOOD.response, clientDataJSON: bytes({ challenge: 'short' }) } }],
    [
      'a page inside a page of somebody else',
      { ...GOOD, response: { ...GOOD.response, clientDataJSON: bytes({ challenge: 'A'.repeat(43), crossOrigin: true }) } },
    ],
    ['members of a prototype', Object.create(GOOD)],
  ]
  test.each(BAD)('is refused by its field: %s', (_, input) => {
    expect(() => readPasskeyResponse('assertion', 'assertion', input)).toThrow(code('VALIDATION_FAILED'))
  })

  test('and what is one is read', () => {
    expect(readPasskeyResponse('assertion', 'assertion', GOOD)).toMatchObject({ credentialId: 'AAAA', challenge: 'A'.repeat(43) })
  })

  test('an attestation that nests without end is refused', async () => {
    const account = await someone()
    const options = await kit.changes.beginPasskey(kit.owner(account))
    const answer = new SoftwareAuthenticator(ORIGIN).create(options)
    const deep = Buffer.concat([Buffer.alloc(12_000, 0x81), encode(0)]).toString('base64url')

    const bent = { ...answer, response: { ...answer.response, attestationObject: deep } }

    await expect(kit.changes.addPasskey(kit.owner(account), bent, 'Key')).rejects.toEqual(refusedFor(/./))
  })
})

describe('the relying party', () => {
  test('is the public origin, and localhost on a developer machine', () => {
    expect(relyingParty('https://api.example.com', 'Blog')).toEqual({
      id: 'api.example.com',
      origin: 'https://api.example.com',
      name: 'Blog',
    })
    expect(relyingParty('http://127.0.0.1:3000', 'Blog')).toEqual({
      id: 'localhost',
      origin: 'http://localhost:3000',
      name: 'Blog',
    })
    expect(relyingParty('http://[::1]:3000', 'Blog')).toEqual({ id: 'localhost', origin: 'http://localhost:3000', name: 'Blog' })
  })
})
