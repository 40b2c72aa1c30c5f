// Proves SEC-02, IDN-01: what is kept of a password, and what it costs.
import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPasswordHasher, type PasswordHasherOptions } from './password-hasher.ts'

const clock = { monotonicMs: () => performance.now() }
const CHEAP = { memoryKib: 64, passes: 1, lanes: 1 }
const hasher = (options: Partial<PasswordHasherOptions> = {}) => createPasswordHasher({ parameters: CHEAP, clock, ...options })
const MATCH = { isMatch: true, needsRehash: false }
const NO_MATCH = { isMatch: false, needsRehash: false }
const PASSWORD = 'correct horse battery staple'
/** Threads of this process that let others go first. */
const countPatientThreads = () => readdirSync('/proc/self/task').filter((id) => getPriority(Number(id)) >= 10).length

describe('hash()', () => {
  test('keeps argon2id with 19 MiB, 2 passes, 1 lane and 16 bytes of salt, another each time', async () => {
    const passwords = createPasswordHasher({ clock })

    const [one, two] = await Promise.all([passwords.hash(PASSWORD), passwords.hash(PASSWORD)])

    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(two).not.toBe(one)
    expect(await passwords.verify(PASSWORD, one)).toEqual(MATCH)
    expect(await passwords.verify(`${PASSWORD} `, one)).toEqual(NO_MATCH)
  })

  test.each([
    ['required', ''],
    ['too_long', 'a'.repeat(257)],
    ['text', 'half a pair \ud83d'],
  ])('refuses with %s', async (code, plain) => {
    await expect(hasher().hash(plain)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ field: 'password', code }],
    })
  })

  test('one password has one hash, however a keyboard spells it', async () => {
    const passwords = hasher()
    const kept = await passwords.hash('Zo\u00eb\u3000\u{1f469}\u200d\u{1f680} caf\u00e9')

    expect(await passwords.verify('Zoe\u0308 \u{1f469}\u200d\u{1f680} cafe\u0301', kept)).toEqual(MATCH)
    expect(await passwords.verify('Zoe \u{1f469}\u200d\u{1f680} cafe', kept)).toEqual(NO_MATCH)
    expect(await passwords.verify('Zo\u00eb \u{1f469}\u{1f680} caf\u00e9', kept)).toEqual(NO_MATCH)
  })

  test('what follows a NUL or the 72nd byte counts', async () => {
    const passwords = hasher()
    const [behindNul, long] = await Promise.all([passwords.hash('secret\0one'), passwords.hash(`${'x'.repeat(100)}1`)])

    expect(await passwords.verify('secret\0one', behindNul)).toEqual(MATCH)
    expect(await passwords.verify('secret\0two', behindNul)).toEqual(NO_MATCH)
    expect(await passwords.verify('secret', behindNul)).toEqual(NO_MATCH)
    expect(await passwords.verify(`${'x'.repeat(100)}2`, long)).toEqual(NO_MATCH)
  })
})

describe('verify()', () => {
  // From the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1, and -v 10.
  const REFERENCE = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'

  test('knows what the reference implementation made, and wants it anew for its short salt', async () => {
    expect(await hasher().verify('password', REFERENCE)).toEqual({ isMatch: true, needsRehash: true })
    expect(await hasher().verify('passworD', REFERENCE)).toEqual(NO_MATCH)
  })

  test.each([
    ['memory', { ...CHEAP, memoryKib: 128 }],
    ['passes', { ...CHEAP, passes: 2 }],
  ])('wants a hash with less %s anew, never one with more', async (_, stronger) => {
    const weak = hasher()
    const strong = hasher({ parameters: stronger })

    expect(await strong.verify(PASSWORD, await weak.hash(PASSWORD))).toEqual({ isMatch: true, needsRehash: true })
    expect(await weak.verify(PASSWORD, await strong.hash(PASSWORD))).toEqual(MATCH)
    expect(await strong.verify('another', await weak.hash(PASSWORD))).toEqual(NO_MATCH)
  })

  test.each([
    undefined,
    '',
    'password',
    '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW',
    '$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$',
    '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ',
    '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$!!!!',
    '$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    `$argon2id$v=19$m=64,t=1,p=1$${'A'.repeat(10_000)}$AAAA`,
  ])('finds no match in %j, and never throws', async (kept) => {
    expect(await hasher().verify('password', kept)).toEqual(NO_MATCH)
  })

  test('finds no match in a kept text that was damaged, and never throws', async () => {
    const passwords = hasher()
    const kept = await passwords.hash(PASSWORD)
    // Behind the parameters, so that no damage makes a hash that takes a second.
    const start = kept.indexOf('p=1') + 4

    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: start, max: kept.length - 1 }),
        fc.constantFrom('', '$', '=', '.', '\0', '\u{1f680}', 'AAAA'),
        async (at, damage) => {
          const verdict = await passwords.verify('another password', kept.slice(0, at) + damage + kept.slice(at + 1))
          expect(verdict).toEqual(NO_MATCH)
        },
      ),
    )
  })

  test.each(['', 'a'.repeat(257), '\ud83d'])('what cannot be a password matches nothing', async (plain) => {
    expect(await hasher().verify(plain, undefined)).toEqual(NO_MATCH)
  })

  test('takes as long for an account that does not exist, or has no readable hash, as for a wrong password', async () => {
    const passwords = createPasswordHasher({ clock, concurrency: 1 })
    const kept = await passwords.hash(PASSWORD)
    const cases = { wrong: kept, unknown: undefined, unreadable: 'none' }
    const samples: Record<string, number[]> = { wrong: [], unknown: [], unreadable: [] }

    for (let round = 0; round < 15; round++)
      for (const [name, text] of Object.entries(cases)) {
        const startMs = performance.now()
        await passwords.verify('another', text)
        samples[name]?.push(performance.now() - startMs)
      }

    const median = (name: string) => samples[name]?.toSorted((a, b) => a - b)[7] ?? 0
    // Without the same work the ratio is beyond a hundred.
    for (const name of ['unknown', 'unreadable']) {
      expect(median(name) / median('wrong')).toBeGreaterThan(0.5)
      expect(median(name) / median('wrong')).toBeLessThan(2)
    }
  })
})

describe('the queue', () => {
  test('refuses what is beyond its bound, and serves what is within', async () => {
    const passwords = createPasswordHasher({ clock, concurrency: 1, queueMax: 3 })

    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => passwords.verify(PASSWORD, undefined)))

    // One is hashed, the next waits in the thread, three in the queue.
    expect(outcomes.map(({ status }) => status)).toEqual([...Array(5).fill('fulfilled'), ...Array(5).fill('rejected')])
    expect(outcomes[9]).toMatchObject({ reason: { code: 'RATE_LIMIT_OVERLOADED', status: 503, retryAfterS: 1 } })
  })

  test('lets go of a caller that went away', async () => {
    const passwords = createPasswordHasher({ clock, concurrency: 1, queueMax: 1 })
    const abort = new AbortController()

    const [first, second] = [passwords.hash(PASSWORD), passwords.hash(PASSWORD)]
    const gone = passwords.hash(PASSWORD, abort.signal)
    abort.abort()
    const fourth = passwords.hash(PASSWORD)

    await expect(gone).rejects.toThrow('aborted')
    expect(new Set(await Promise.all([first, second, fourth])).size).toBe(3)
  })

  test('64 hashes at once leave the event loop free', async () => {
    const passwords = createPasswordHasher({ clock })
    const delay = monitorEventLoopDelay({ resolution: 5 })

    delay.enable()
    const kept = await Promise.all(Array.from({ length: 64 }, () => passwords.hash(PASSWORD)))
    delay.disable()

    expect(new Set(kept).size).toBe(64)
    // On the event loop they would hold it for a second; the bound leaves room for a busy machine.
    expect(delay.percentile(99) / 1e6).toBeLessThan(100)
    expect(delay.max / 1e6).toBeLessThan(400)
  })
})

describe('the threads', () => {
  test.runIf(process.platform === 'linux')('are as many as may hash at once, and stand behind the event loop', async () => {
    const passwords = hasher({ concurrency: 2 })
    const ownPriority = getPriority()
    const before = countPatientThreads()

    const kept = await Promise.all([passwords.hash(PASSWORD), passwords.hash(PASSWORD), passwords.hash(PASSWORD)])

    expect(new Set(kept).size).toBe(3)
    expect(countPatientThreads() - before).toBe(2)
    expect(getPriority()).toBe(ownPriority)
    await passwords.stop()
    expect(countPatientThreads()).toBe(before)
  })

  test('stop() refuses what they are at, and the next hash starts one anew', async () => {
    const passwords = createPasswordHasher({ clock, concurrency: 1 })
    const outcome = expect(passwords.hash(PASSWORD)).rejects.toThrow('Cannot hash: the thread has ended')

    await passwords.stop()

    await outcome
    expect(await passwords.hash(PASSWORD)).toMatch(/^\$argon2id/)
  })
})

test.each([
  { memoryKib: 7, passes: 1, lanes: 1 },
  { memoryKib: 64, passes: 0, lanes: 1 },
  { memoryKib: 64.5, passes: 1, lanes: 1 },
  { memoryKib: 10_000_000, passes: 10, lanes: 1 },
])('createPasswordHasher() refuses %j', (parameters) => {
  expect(() => hasher({ parameters })).toThrow(/^Cannot hash with memoryKib/)
})
