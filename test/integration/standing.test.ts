/** Whom a token stands for now, over a real database: what takes it back, how soon, on which instance, and what a silent feed means. */
// Proves JWT-03.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { journalIdentity, sweepIdentity } from '../../src/auth/index.ts'
import type { Actor } from '../../src/model/index.ts'
import { openConnection } from '../../src/pg/index.ts'
import { budgetMs, privatePostgres, waitFor } from '../../src/testing/index.ts'
import {
  addPerson,
  closeAll,
  type Instance,
  mintFor,
  newId,
  openInstance,
  openShared,
  outcomeOf,
  type Person,
  type Shared,
} from './standing-kit.ts'

afterEach(closeAll)

async function open() {
  const shared = await openShared()
  return { shared, instance: await openInstance(shared), person: await addPerson(shared) }
}

/** Makes a change as another instance would: the row and its journal entry in one transaction. */
async function change(
  { sql }: Shared,
  text: string,
  values: readonly unknown[],
  resource: string,
  recordId: string,
  id: string | null = null,
): Promise<void> {
  await sql.query('BEGIN')
  await sql.query(text, values)
  await sql.query(
    `INSERT INTO plinth_journal (at, resource, record_id, operation, version, changed) VALUES (now(), $1, $2, 'change', 0, $3)`,
    [resource, recordId, id === null ? null : JSON.stringify({ id })],
  )
  await sql.query('COMMIT')
}

const NO_RECORD = '00000000-0000-0000-0000-000000000000'
const setRole = (shared: Shared, { id }: Person, role: string) =>
  change(shared, 'UPDATE users SET role = $2 WHERE id = $1', [id, role], 'user', id)
const endSession = (shared: Shared, { sessionId }: Person) =>
  change(shared, 'UPDATE plinth_sessions SET ended_at = now() WHERE session_id = $1', [sessionId], 'plinth.session', sessionId)
const suspend = (shared: Shared, { id }: Person) =>
  change(
    shared,
    `INSERT INTO plinth_accounts (account_id, suspended_at) VALUES ($1, now()) ON CONFLICT (account_id) DO UPDATE SET suspended_at = now()`,
    [id],
    'plinth.account',
    id,
  )
const remove = (shared: Shared, { id }: Person) =>
  change(shared, 'UPDATE users SET deleted_at = now() WHERE id = $1', [id], 'user', id)
const addClient = ({ sql }: Shared, clientId: string, scopes: readonly string[]) =>
  sql.query(
    `INSERT INTO plinth_oauth_clients (client_id, name, kind, redirect_uris, grants, scopes, created_at, updated_at)
VALUES ($1, 'App', 'service', '{}', '{}', $2, now(), now())`,
    [clientId, scopes],
  )

describe('a token', () => {
  test('stands for the role that the account has now, not for its claims', async () => {
    const { shared, instance } = await open()
    const viewer = await addPerson(shared, 'viewer')
    const { token } = mintFor(instance, viewer, { roles: ['admin'], permissions: ['users:write'] })

    expect(await instance.verifier.verify(token)).toMatchObject({
      kind: 'user',
      id: viewer.id,
      roles: ['viewer'],
      permissions: ['posts:read'],
      session: { id: viewer.sessionId, clientId: null, device: 'browser' },
    })
  })

  test('is checked once, and then costs no statement and gives the same actor', async () => {
    const { instance, person } = await open()
    const { token } = mintFor(instance, person)
    const actor = await instance.verifier.verify(token)
    const before = instance.statements.length

    for (let use = 0; use < 1_000; use++) expect(instance.verifier.verify(token)).toBe(actor)

    expect(instance.statements).toHaveLength(before)
  })

  test('that many requests bring at once is checked by one statement', async () => {
    const { instance, person } = await open()
    const { token } = mintFor(instance, person)
    const before = instance.statements.length

    await Promise.all(Array.from({ length: 500 }, () => instance.verifier.verify(token)))

    expect(instance.statements.length - before).toBe(1)
  })

  test('and many others at once are checked together', async () => {
    const { instance, shared } = await open()
    const people = await Promise.all(Array.from({ length: 100 }, () => addPerson(shared)))
    const tokens = people.map((person) => mintFor(instance, person).token)
    const before = instance.statements.length

    const actors = await Promise.all(tokens.map((token) => instance.verifier.verify(token)))

    expect(actors.map(({ id }) => id)).toEqual(people.map(({ id }) => id))
    expect(instance.statements.length - before).toBeLessThan(10)
  })

  test.each([
    ['whose session was never there', { sessionId: newId() }],
    ['whose account was never there', { subject: 'usr_01h455vb4pex5vsknk084sn02q' }],
    ['whose subject is no account', { subject: 'pst_01h455vb4pex5vsknk084sn02q' }],
  ])('%s is refused', async (_, wrong) => {
    const { instance, person } = await open()

    expect(await outcomeOf(instance, mintFor(instance, { ...person, ...wrong }).token)).toBe('AUTH_TOKEN_INVALID')
  })

  test('with the session of somebody else is refused', async () => {
    const { shared, instance, person } = await open()
    const { sessionId } = await addPerson(shared)

    expect(await outcomeOf(instance, mintFor(instance, { ...person, sessionId }).token)).toBe('AUTH_TOKEN_INVALID')
  })

  test.each([
    ['a session that ends', endSession, 'AUTH_TOKEN_INVALID'],
    ['an account that is deleted', remove, 'AUTH_TOKEN_INVALID'],
    ['an account that is suspended', suspend, 'AUTH_ACCOUNT_SUSPENDED'],
  ])('of %s is refused within a second, also where it is remembered', async (_, take, code) => {
    const { shared, instance, person } = await open()
    const other = await addPerson(shared)
    const { token } = mintFor(instance, person)
    const { token: unharmed } = mintFor(instance, other)
    expect([await outcomeOf(instance, token), await outcomeOf(instance, unharmed)]).toEqual(['accepted', 'accepted'])

    await take(shared, person)
    const beganMs = performance.now()
    await waitFor('the refusal', async () => (await outcomeOf(instance, token)) === code)

    expect(performance.now() - beganMs).toBeLessThan(budgetMs(1_000))
    expect(await outcomeOf(instance, unharmed)).toBe('accepted')
  })

  test('works again when the suspension ends', async () => {
    const { shared, instance, person } = await open()
    const { token } = mintFor(instance, person)
    await suspend(shared, person)
    await waitFor('the refusal', async () => (await outcomeOf(instance, token)) === 'AUTH_ACCOUNT_SUSPENDED')

    await change(
      shared,
      'UPDATE plinth_accounts SET suspended_at = NULL WHERE account_id = $1',
      [person.id],
      'plinth.account',
      person.id,
    )

    await waitFor('the end of it', async () => (await outcomeOf(instance, token)) === 'accepted')
  })

  test('that is revoked is refused at once here, and within a second on another instance', async () => {
    const { shared, instance, person } = await open()
    const second = await openInstance(shared)
    const { token, jti } = mintFor(instance, person)
    const { token: sibling } = mintFor(instance, person)
    expect([await outcomeOf(instance, token), await outcomeOf(second, token)]).toEqual(['accepted', 'accepted'])

    const isNew = await instance.revoked.revoke(jti, Date.now() + 900_000)
    const beganMs = performance.now()
    expect(await outcomeOf(instance, token)).toBe('AUTH_TOKEN_INVALID')
    await waitFor('the other instance to refuse it', async () => (await outcomeOf(second, token)) === 'AUTH_TOKEN_INVALID')

    expect(performance.now() - beganMs).toBeLessThan(budgetMs(1_000))
    expect(isNew).toBe(true)
    expect(await instance.revoked.revoke(jti, Date.now() + 900_000)).toBe(false)
    expect([await outcomeOf(instance, sibling), await outcomeOf(second, sibling)]).toEqual(['accepted', 'accepted'])
  })
})

describe('a change of role', () => {
  test('takes effect on the next request here, and within a second on another instance', async () => {
    const { shared, instance, person } = await open()
    const second = await openInstance(shared)
    const { token } = mintFor(instance, person)
    const rolesOn = async ({ verifier }: Instance): Promise<readonly string[]> => (await verifier.verify(token)).roles
    expect([await rolesOn(instance), await rolesOn(second)]).toEqual([['editor'], ['editor']])

    await setRole(shared, person, 'viewer')
    instance.standings.noteChange(person.id)
    const beganMs = performance.now()
    expect(await rolesOn(instance)).toEqual(['viewer'])
    await waitFor('the role on the other instance', async () => (await rolesOn(second))[0] === 'viewer')

    expect(performance.now() - beganMs).toBeLessThan(budgetMs(1_000))
  })

  test('that is noted while a question is under way is not hidden by its answer', async () => {
    const { shared, instance, person } = await open()
    const { token } = mintFor(instance, person)

    const early = instance.verifier.verify(token)
    await setRole(shared, person, 'admin')
    instance.standings.noteChange(person.id)
    await early

    expect((await instance.verifier.verify(token)).roles).toEqual(['admin'])
  })

  test('of many people at random is never answered by an older role', async () => {
    const { shared, instance, person } = await open()
    const { token } = mintFor(instance, person)
    const roles = ['viewer', 'editor', 'admin']

    for (let turn = 0; turn < 60; turn++) {
      const role = roles[turn % 3] ?? 'viewer'
      const busy = Array.from({ length: 5 }, () => instance.verifier.verify(token))
      await setRole(shared, person, role)
      instance.standings.noteChange(person.id)
      expect((await instance.verifier.verify(token)).roles).toEqual([role])
      await Promise.all(busy)
    }
  })
})

describe('a token of an OAuth client', () => {
  test('has no more than it was lent, and no more than the person has now', async () => {
    const { shared, instance, person } = await open()
    await addClient(shared, 'app', ['posts:read'])
    const lent = { clientId: 'app', permissions: ['posts:read', 'users:write'] }
    const { token } = mintFor(instance, person, lent)
    const { token: withoutRoles } = mintFor(instance, person, { ...lent, roles: [] })

    expect(await instance.verifier.verify(token)).toMatchObject({ roles: ['editor'], permissions: ['posts:read'] })
    expect(await instance.verifier.verify(withoutRoles)).toMatchObject({ roles: [], permissions: ['posts:read'] })
    await setRole(shared, person, 'viewer')
    instance.standings.noteChange(person.id)
    expect(await instance.verifier.verify(token)).toMatchObject({ roles: [], permissions: ['posts:read'] })
  })

  test('is refused when the client is disabled, and when there is none', async () => {
    const { shared, instance, person } = await open()
    await addClient(shared, 'app', ['posts:read'])
    const { token } = mintFor(instance, person, { clientId: 'app' })
    expect(await outcomeOf(instance, token)).toBe('accepted')
    expect(await outcomeOf(instance, mintFor(instance, person, { clientId: 'nobody' }).token)).toBe('AUTH_TOKEN_INVALID')

    await change(
      shared,
      `UPDATE plinth_oauth_clients SET disabled_at = now() WHERE client_id = 'app'`,
      [],
      'plinth.client',
      NO_RECORD,
      'app',
    )

    await waitFor('the refusal', async () => (await outcomeOf(instance, token)) === 'AUTH_TOKEN_INVALID')
  })

  test('that is a service needs no account, and is never taken for one', async () => {
    const { shared, instance, person } = await open()
    await addClient(shared, 'billing', ['posts:read'])
    await addClient(shared, person.subject, ['posts:read'])
    const mint = (subject: string) =>
      instance.minter.mint({
        subject,
        roles: [],
        permissions: ['posts:read', 'posts:write'],
        session: { id: null, clientId: subject, device: 'service', amr: [], authenticatedAtMs: null, secondFactorAtMs: null },
      }).token

    const service = await instance.verifier.verify(mint('billing'))
    const disguised: Actor = await instance.verifier.verify(mint(person.subject))

    expect(service).toMatchObject({ kind: 'service', id: null, subject: 'billing', permissions: ['posts:read'] })
    expect(disguised).toMatchObject({ kind: 'service', id: null, roles: [] })
  })
})

describe('when the feed is silent', () => {
  test('each token is checked again on use, once a second', async () => {
    const { shared, instance, person } = await open()
    const { token } = mintFor(instance, person)
    const silent = await openInstance(shared, { hasFeed: false })
    const before = silent.statements.length

    const untilMs = performance.now() + 2_500
    let uses = 0
    while (performance.now() < untilMs) {
      expect(await outcomeOf(silent, token)).toBe('accepted')
      uses += 1
      await sleep(5)
    }
    const asked = silent.statements.slice(before).filter((text) => text.includes('unnest')).length

    expect(uses).toBeGreaterThan(50)
    expect(asked).toBeGreaterThanOrEqual(2)
    expect(asked).toBeLessThanOrEqual(4)
    await endSession(shared, person)
    await waitFor('the refusal', async () => (await outcomeOf(silent, token)) === 'AUTH_TOKEN_INVALID', { timeoutMs: 2_000 })
  })

  test('and the database is away, nobody is believed, and everybody again when it is back', async () => {
    const shared = await openShared()
    const instance = await openInstance(shared, { freshMs: 1_000 })
    const person = await addPerson(shared)
    const { token } = mintFor(instance, person)
    expect(await outcomeOf(instance, token)).toBe('accepted')

    await setConnections(shared, false)
    await waitFor('the refusal', async () => (await outcomeOf(instance, token)) === 'DEPENDENCY_UNAVAILABLE', {
      timeoutMs: 5_000,
    })
    const before = instance.statements.length
    for (let use = 0; use < 100; use++) expect(await outcomeOf(instance, token)).toBe('DEPENDENCY_UNAVAILABLE')
    expect(instance.statements.length - before).toBeLessThanOrEqual(4)

    await setConnections(shared, true)
    await waitFor('the database', async () => (await outcomeOf(instance, token)) === 'accepted')
  })

  test('what changed meanwhile is known when it is back', async () => {
    const shared = await openShared()
    const instance = await openInstance(shared, { freshMs: 1_000 })
    const person = await addPerson(shared)
    const { token } = mintFor(instance, person)
    expect(await outcomeOf(instance, token)).toBe('accepted')
    await setConnections(shared, false)
    await waitFor('the refusal', async () => (await outcomeOf(instance, token)) === 'DEPENDENCY_UNAVAILABLE', {
      timeoutMs: 5_000,
    })

    await endSession(shared, person)
    await setConnections(shared, true)

    await waitFor('an answer', async () => (await outcomeOf(instance, token)) !== 'DEPENDENCY_UNAVAILABLE')
    expect(await outcomeOf(instance, token)).toBe('AUTH_TOKEN_INVALID')
  })
})

/** Cuts all connections of the instances and lets none in, or lets them in again; the test's own connection stays. */
async function setConnections({ database }: Shared, isOpen: boolean): Promise<void> {
  // A database cannot be closed from within.
  await using admin = await openConnection((await privatePostgres()).url)
  await admin.query(`ALTER DATABASE ${database.name} ALLOW_CONNECTIONS ${isOpen}`)
  if (isOpen) return
  await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'standing-test'",
    [database.name],
  )
}

test('an entry that is written with journalIdentity() reaches the standings', async () => {
  const { shared, instance, person } = await open()
  const { token } = mintFor(instance, person)
  expect(await outcomeOf(instance, token)).toBe('accepted')

  await instance.scope.sql.transaction(async (client) => {
    await client.query('UPDATE plinth_sessions SET ended_at = now() WHERE session_id = $1::uuid', [person.sessionId])
    await journalIdentity(client, instance.scope, {
      resource: 'plinth.session',
      recordId: person.sessionId,
      operation: 'signed_out',
      actor: person.subject,
      requestId: 'r-1',
    })
  })

  await waitFor('the refusal', async () => (await outcomeOf(instance, token)) === 'AUTH_TOKEN_INVALID')
  const [entry] = await shared.sql.query(
    `SELECT operation, actor, request_id FROM plinth_journal WHERE resource = 'plinth.session'`,
  )
  expect(entry).toEqual({ operation: 'signed_out', actor: person.subject, request_id: 'r-1' })
})

test('a remembered token costs microseconds, standing included', async () => {
  const { instance, person } = await open()
  const header = `Bearer ${mintFor(instance, person).token}`
  await instance.verifier.authenticate(header)
  const uses = 200_000

  for (let use = 0; use < uses; use++) void instance.verifier.authenticate(header)
  const beganMs = performance.now()
  for (let use = 0; use < uses; use++) void instance.verifier.authenticate(header)
  const eachUs = ((performance.now() - beganMs) * 1_000) / uses

  expect(eachUs).toBeLessThan(budgetMs(10))
})

test('sweepIdentity() removes what is over, and leaves the rest', async () => {
  const { shared, instance, person } = await open()
  const { sql } = shared
  const nowMs = Date.now()
  const at = (days: number): string => new Date(nowMs + days * 86_400_000).toISOString()
  const session = async (expiresAt: string): Promise<string> => {
    const id = newId()
    await sql.query(
      `INSERT INTO plinth_sessions (session_id, account_id, device, amr, created_at, last_used_at, expires_at, authenticated_at)
VALUES ($1, $2, 'browser', '{pwd}', now(), now(), $3, now())`,
      [id, person.id, expiresAt],
    )
    await sql.query(
      `INSERT INTO plinth_refresh_tokens (token_digest, session_id, created_at, expires_at) VALUES ($1, $2, now(), $3)`,
      [id, id, expiresAt],
    )
    return id
  }
  const kept = [await session(at(-29)), await session(at(1))]
  await session(at(-31))
  for (const [name, days] of [
    ['old', -2],
    ['new', 1],
  ] as const) {
    await sql.query('INSERT INTO plinth_revoked_tokens VALUES ($1, $2)', [name, at(days)])
    await sql.query(`INSERT INTO plinth_one_time_secrets VALUES ($1, 'reset', NULL, '{}', 1, now(), $2)`, [name, at(days)])
    await sql.query('INSERT INTO plinth_failures VALUES ($1, 1, $2, $2)', [name, at(days)])
    await sql.query(
      `INSERT INTO plinth_oauth_artifacts (kind, name_digest, payload, expires_at) VALUES ('AuthorizationCode', $1, '{}', $2)`,
      [name, at(days)],
    )
  }
  await sql.query(`INSERT INTO plinth_oauth_artifacts (kind, name_digest, payload) VALUES ('Client', 'endless', '{}')`)
  await instance.keys.rotate({ overlapS: 0, withdraw: true })

  const removed = await sweepIdentity(instance.scope.sql, nowMs)

  expect(removed).toEqual({
    plinth_revoked_tokens: 1,
    plinth_one_time_secrets: 1,
    // Those of the session that is over, and of the one that has ended and is still shown.
    plinth_refresh_tokens: 2,
    plinth_sessions: 1,
    plinth_failures: 1,
    plinth_oauth_artifacts: 1,
    plinth_signing_keys: 0,
  })
  const sessions = await sql.query<{ session_id: string }>('SELECT session_id FROM plinth_sessions WHERE session_id = ANY($1)', [
    kept,
  ])
  expect(sessions).toHaveLength(2)
  expect(await sweepIdentity(instance.scope.sql, nowMs + 2 * 86_400_000)).toMatchObject({ plinth_signing_keys: 1 })
})

test('sweepIdentity() takes a thousand rows at a time', async () => {
  const { shared, instance } = await open()
  await shared.sql.query(
    `INSERT INTO plinth_revoked_tokens SELECT 'j' || n, now() - interval '1 day' FROM generate_series(1, 1500) AS n`,
  )

  expect(await sweepIdentity(instance.scope.sql, Date.now())).toMatchObject({ plinth_revoked_tokens: 1_000 })
  expect(await sweepIdentity(instance.scope.sql, Date.now())).toMatchObject({ plinth_revoked_tokens: 500 })
})
