/** Signing keys over a real database: the first one, rotation with two instances under load, withdrawal, and secrets that do not fit. */
// Proves JWT-01.
import { createPublicKey } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLocalJWKSet, decodeJwt, jwtVerify, SignJWT } from 'jose'
import { afterEach, describe, expect, test } from 'vitest'
import { mountJwks, rotateKeys } from '../../src/auth/index.ts'
import { createHttpServer } from '../../src/http/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'
import { budgetMs, waitFor } from '../../src/testing/index.ts'
import {
  addPerson,
  closeAll,
  type Instance,
  ISSUER,
  mintFor,
  openInstance,
  openShared,
  outcomeOf,
  type Person,
  vaultOf,
} from './standing-kit.ts'

afterEach(closeAll)

const kidOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid
const kidsOf = ({ keys }: Instance): string[] => keys.publicJwks().keys.map(({ kid }) => String(kid))

describe('the first key', () => {
  test('is one, however many instances start at once', async () => {
    const shared = await openShared()

    const instances = await Promise.all(Array.from({ length: 6 }, () => openInstance(shared, { hasFeed: false })))

    const [count] = await shared.sql.query('SELECT count(*)::integer AS count FROM plinth_signing_keys')
    expect(count).toEqual({ count: 1 })
    expect(new Set(instances.flatMap(kidsOf)).size).toBe(1)
  })

  test('stands sealed in the table, and the public set has no private part', async () => {
    const shared = await openShared()
    const { keys } = await openInstance(shared, { hasFeed: false })

    const [row] = await shared.sql.query<{ text: string }>('SELECT k::text AS text FROM plinth_signing_keys k')
    const [jwk] = keys.privateJwks().keys
    const der = keys.signer().privateKey.export({ format: 'der', type: 'pkcs8' })

    expect(jwk?.['d']).toEqual(expect.any(String))
    for (const secret of [jwk?.['d'] as string, der.toString('base64url'), der.toString('base64'), der.toString('hex')])
      expect(row?.text).not.toContain(secret)
    expect(keys.publicJwks().keys[0]).not.toHaveProperty('d')
  })

  test('cannot be opened with another secret, and nothing can be added with one', async () => {
    const shared = await openShared()
    await openInstance(shared, { hasFeed: false })
    const sentence = 'expected the PLINTH_SECRET that it was sealed with'

    await expect(openInstance(shared, { secret: 'two', hasFeed: false })).rejects.toThrow(sentence)
    const { scope } = await openInstance(shared, { hasFeed: false })
    await expect(rotateKeys({ ...scope, vault: vaultOf('two') })).rejects.toThrow(sentence)

    const [count] = await shared.sql.query('SELECT count(*)::integer AS count FROM plinth_signing_keys')
    expect(count).toEqual({ count: 1 })
  })

  test('is not believed under a name that is not its own', async () => {
    const shared = await openShared()
    await openInstance(shared, { hasFeed: false })
    await shared.sql.query("UPDATE plinth_signing_keys SET kid = 'mine'")

    await expect(openInstance(shared, { hasFeed: false })).rejects.toThrow('Cannot use the signing key "mine"')
  })

  test('has a public part that follows from the private one, whatever the table says', async () => {
    const shared = await openShared()
    const first = await openInstance(shared, { hasFeed: false })
    await shared.sql.query(`UPDATE plinth_signing_keys SET public_jwk = '{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}'`)

    const second = await openInstance(shared, { hasFeed: false })

    expect(second.keys.publicJwks()).toEqual(first.keys.publicJwks())
  })
})

describe('a token of ours', () => {
  test('has all claims, and another implementation verifies it with the public set', async () => {
    const shared = await openShared()
    const instance = await openInstance(shared, { hasFeed: false })
    const person = await addPerson(shared)

    const { token, jti, expiresInS } = mintFor(instance, person)
    const { payload, protectedHeader } = await jwtVerify(
      token,
      createLocalJWKSet(instance.keys.publicJwks() as Parameters<typeof createLocalJWKSet>[0]),
      { issuer: ISSUER, audience: 'blog', algorithms: ['ES256'], typ: 'at+jwt' },
    )

    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: instance.keys.signer().kid })
    expect(payload).toMatchObject({
      sub: person.subject,
      roles: ['editor'],
      jti,
      sid: person.sessionId,
      device: 'browser',
      amr: ['pwd'],
    })
    expect(Number(payload.exp) - Number(payload.iat)).toBe(expiresInS)
    expect(expiresInS).toBe(900)
    expect(payload).not.toHaveProperty('client_id')
    expect(jti).toMatch(/^[A-Za-z0-9_-]{22}$/)
  })

  test('lives a quarter of an hour at the most', async () => {
    const shared = await openShared()
    const { minter } = await openInstance(shared, { hasFeed: false })
    const order = {
      subject: 'a',
      roles: [],
      permissions: [],
      session: { id: null, clientId: 'a', device: 'service' as const, amr: [], authenticatedAtMs: null, secondFactorAtMs: null },
    }

    for (const lifetimeS of [901, 0, -1, Number.NaN]) expect(() => minter.mint({ ...order, lifetimeS })).toThrow('at most 900')
  })

  test('of its keys, an id token is none', async () => {
    const shared = await openShared()
    const { keys, verifier, minter } = await openInstance(shared)
    const claims = decodeJwt(mintFor({ minter } as Instance, await addPerson(shared)).token)
    const { kid, privateKey } = keys.signer()

    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid }).sign(privateKey)

    expect(await outcomeOf({ verifier }, token)).toBe('AUTH_TOKEN_INVALID')
  })
})

/** Mints on both and verifies each token on both until `stop`; gives the outcomes that were not `accepted`. */
function load(instances: readonly Instance[], person: Person) {
  const refused: string[] = []
  const kids = new Set<string>()
  let isRunning = true
  let checked = 0
  const run = async (): Promise<void> => {
    while (isRunning) {
      for (const minting of instances) {
        const { token } = mintFor(minting, person)
        kids.add(kidOf(token))
        for (const checking of instances) {
          const outcome = await outcomeOf(checking, token)
          checked += 1
          if (outcome !== 'accepted') refused.push(outcome)
        }
      }
      await sleep(2)
    }
  }
  const running = run()
  return {
    kids,
    async stop() {
      isRunning = false
      await running
      return { refused, checked }
    },
  }
}

describe('rotation', () => {
  test('under load with two instances refuses no token at any moment, and both sign with the new key from the same time', async () => {
    const shared = await openShared()
    const instances = [await openInstance(shared), await openInstance(shared)] as const
    const person = await addPerson(shared)
    const former = mintFor(instances[0], person).token
    const loading = load(instances, person)

    const { kid, signsFrom } = await instances[0].keys.rotate({ overlapS: 4 })
    expect(kidOf(mintFor(instances[0], person).token)).not.toBe(kid)
    await waitFor('the new key on both', () => instances.every((one) => kidsOf(one).includes(kid)), { timeoutMs: 5_000 })
    await waitFor('both to sign with it', () => instances.every((one) => one.keys.signer().kid === kid))
    const lateMs = Date.now() - signsFrom.getTime()
    await sleep(300)
    const { refused, checked } = await loading.stop()

    expect(refused).toEqual([])
    expect(checked).toBeGreaterThan(400)
    expect(loading.kids.size).toBe(2)
    expect(lateMs).toBeLessThan(budgetMs(500))
    for (const one of instances) expect(await outcomeOf(one, former)).toBe('accepted')
  })

  test('at once: another instance learns the key from the first token that names it', async () => {
    const shared = await openShared()
    const [first, second] = [await openInstance(shared), await openInstance(shared)]
    const person = await addPerson(shared)

    const { kid } = await first.keys.rotate({ overlapS: 0 })
    const { token } = mintFor(first, person)
    const outcome = await outcomeOf(second, token)

    expect(kidOf(token)).toBe(kid)
    expect(outcome).toBe('accepted')
  })

  test('with withdrawal refuses what the former key signed', async () => {
    const shared = await openShared()
    const [first, second] = [await openInstance(shared), await openInstance(shared)]
    const person = await addPerson(shared)
    const { token } = mintFor(second, person)
    expect(await outcomeOf(second, token)).toBe('accepted')

    await first.keys.rotate({ overlapS: 0, withdraw: true })

    expect(await outcomeOf(first, token)).toBe('AUTH_TOKEN_INVALID')
    await waitFor('the other instance to refuse it', async () => (await outcomeOf(second, token)) === 'AUTH_TOKEN_INVALID', {
      timeoutMs: 5_000,
    })
    expect(kidsOf(first)).toHaveLength(1)
    expect(await outcomeOf(second, mintFor(first, person).token)).toBe('accepted')
  })

  test('keeps the former key published until its last token has ended', async () => {
    const shared = await openShared()
    const { keys } = await openInstance(shared, { hasFeed: false })

    await keys.rotate({ overlapS: 600 })

    const [next, former] = await keys.list()
    expect(next).toMatchObject({ state: 'next', signsUntil: null, publishedUntil: null })
    expect(former?.state).toBe('signs')
    expect(former?.signsUntil).toEqual(next?.signsFrom)
    expect((former?.publishedUntil?.getTime() ?? 0) - (former?.signsUntil?.getTime() ?? 0)).toBe(960_000)
  })

  test('two at once happen one after the other: one key signs at each moment', async () => {
    const shared = await openShared()
    const [first, second] = [await openInstance(shared, { hasFeed: false }), await openInstance(shared, { hasFeed: false })]

    await Promise.all([
      first.keys.rotate({ overlapS: 0 }),
      second.keys.rotate({ overlapS: 0 }),
      first.keys.rotate({ overlapS: 60 }),
    ])
    await first.keys.refresh()
    await second.keys.refresh()

    const list = await first.keys.list()
    expect(list).toHaveLength(4)
    expect(list.filter(({ state }) => state === 'signs')).toHaveLength(1)
    expect(list.filter(({ signsUntil }) => signsUntil === null)).toHaveLength(1)
    expect(first.keys.signer().kid).toBe(second.keys.signer().kid)
  })

  test('overtakes one that was planned', async () => {
    const shared = await openShared()
    const { keys } = await openInstance(shared, { hasFeed: false })
    const planned = await keys.rotate({ overlapS: 600 })

    const { kid } = await keys.rotate({ overlapS: 0 })

    expect(keys.signer().kid).toBe(kid)
    expect((await keys.list()).find((key) => key.kid === planned.kid)?.state).toBe('published')
  })

  test.each([
    [{ overlapS: -1 }, 'whole number from 0'],
    [{ overlapS: 1.5 }, 'whole number from 0'],
    [{ overlapS: 10, withdraw: true }, 'expected an overlap of 0'],
  ])('%j is refused', async (rotation, sentence) => {
    const shared = await openShared()
    const { keys } = await openInstance(shared, { hasFeed: false })

    await expect(keys.rotate(rotation)).rejects.toThrow(sentence)
  })
})

test('a flood of unknown key names costs one look a second, and 64 callers a wait', async () => {
  const shared = await openShared()
  const instance = await openInstance(shared, { hasFeed: false })
  await instance.keys.stop()
  const { token } = mintFor(instance, await addPerson(shared))
  const [, claims, signature] = token.split('.')
  const forge = (index: number): string => {
    const kid = Buffer.alloc(32, index % 251).toString('base64url')
    return `${Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid })).toString('base64url')}.${claims}.${signature}`
  }
  const before = instance.statements.length

  const beganMs = performance.now()
  const outcomes = await Promise.all(Array.from({ length: 2_000 }, (_, index) => outcomeOf(instance, forge(index))))
  await Promise.all(Array.from({ length: 2_000 }, (_, index) => outcomeOf(instance, forge(index))))
  const tookMs = performance.now() - beganMs

  expect(new Set(outcomes)).toEqual(new Set(['AUTH_TOKEN_INVALID']))
  // A look is two statements.
  expect(instance.statements.length - before).toBeLessThanOrEqual(2 * (1 + Math.ceil(tookMs / 1_000)))
  expect(instance.keys.learnKey('../../etc/passwd')).toBeUndefined()
})

test('/.well-known/jwks.json serves the public set, may be kept for five minutes, and answers 304', async () => {
  const shared = await openShared()
  const { keys } = await openInstance(shared, { hasFeed: false })
  const server = createHttpServer({
    logger: createLogger({ service: 'blog', destination: { write: () => {} } }),
    metrics: createOperationMetrics(),
  })
  mountJwks(server, keys)
  const { origin } = await server.listen({ port: 0 })
  try {
    const answer = await fetch(`${origin}/.well-known/jwks.json`)
    const etag = answer.headers.get('etag') ?? ''
    const set = (await answer.json()) as { keys: Record<string, unknown>[] }

    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
    expect(answer.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/)
    expect(Object.keys(set.keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    expect(createPublicKey({ key: set.keys[0] as never, format: 'jwk' }).asymmetricKeyType).toBe('ec')

    const again = await fetch(`${origin}/.well-known/jwks.json`, { headers: { 'if-none-match': `"x", W/${etag}` } })
    expect(again.status).toBe(304)
    await keys.rotate({ overlapS: 600 })
    const changed = await fetch(`${origin}/.well-known/jwks.json`, { headers: { 'if-none-match': etag } })
    expect(changed.status).toBe(200)
    expect(((await changed.json()) as { keys: unknown[] }).keys).toHaveLength(2)
  } finally {
    await server.stop({ lingerMs: 0 })
  }
})
