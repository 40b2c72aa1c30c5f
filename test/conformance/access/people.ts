/** The principals of the table as callers over the wire: accounts that registered and signed in, a client with a secret, and tokens that must not count. */
import app from '../../../examples/blog/app.ts'
import { readSettings, withOAuthClients } from '../../../src/app/index.ts'
// The composition root alone derives keys; a test that signs with those of a service must do as it does.
import { deriveKey } from '../../../src/app/secret.ts'
import { createVault, SigningKeys, TokenMinter } from '../../../src/auth/index.ts'
import type { Uuid } from '../../../src/kernel/index.ts'
import { createLogger } from '../../../src/observe/index.ts'
import { SqlPool } from '../../../src/pg/index.ts'
import { type TestService, testService } from '../../../src/testing/index.ts'
import { addAccount, tokensOf } from '../account-kit.ts'
import { Records, userId } from './records.ts'
import type { Principal } from './table.ts'

const SECRET = 'a-secret-of-the-tests-that-is-long-enough-000'
const REDIRECT = 'https://app.example.com/callback'

export interface People extends AsyncDisposable {
  readonly service: TestService
  readonly records: Records
  /** The client that acts for itself, with its secret. */
  readonly client: Readonly<{ id: string; secret: string }>
  /** The application that people lend their accounts to. */
  readonly app: Readonly<{ id: string; redirectUri: string }>
  /** Undefined for nobody. */
  tokenOf(principal: Principal): string | undefined
  /** Signs the principal in again: their token before may have ended with a session. */
  renew(principal: Principal): Promise<void>
}

export async function gatherPeople(): Promise<People> {
  const service = await testService({ app, environment: { PLINTH_SECRET: SECRET } })
  const email = (name: string): string => `${name}@example.com`
  const names = ['viewer', 'editor', 'colleague', 'admin', 'suspended', 'leaver', 'holder'] as const
  const roles: Readonly<Record<string, string>> = { viewer: 'viewer', admin: 'admin' }
  const ids = {} as Record<(typeof names)[number], Uuid>
  const sql = await service.sql()
  for (const name of names) {
    await addAccount(service, email(name), { role: roles[name] ?? 'editor' })
    const [row] = await sql.query<{ id: Uuid }>('SELECT id FROM users WHERE email = $1', [email(name)])
    if (row !== undefined) ids[name] = row.id
  }
  const records = new Records(sql, ids)
  // Lists of a colleague's posts are never empty for whoever may read one.
  for (const owner of [ids.editor, ids.colleague]) await records.post(owner, 'published')

  const settings = readSettings({ DATABASE_URL: service.databaseUrl, PLINTH_SECRET: SECRET, PORT: '0' })
  const by = { actor: null, requestId: 'test' }
  const [client, lent] = await withOAuthClients(app, settings, async (clients) => [
    await clients.create({ name: 'Export', kind: 'service', redirectUris: [], scopes: ['posts:read', 'posts:write'] }, by),
    await clients.create({ name: 'Reader', kind: 'native', redirectUris: [REDIRECT], scopes: ['posts:read', 'users:read'] }, by),
  ])
  const kept = new Map<string, string>()
  const signIn = (name: string) => tokensOf(service, email(name))
  for (const name of names) kept.set(name, (await signIn(name)).access)

  const pool = new SqlPool({ url: service.databaseUrl, applicationName: 'access-test', connections: 1 })
  const now = { aheadMs: 0 }
  const scope = {
    sql: pool,
    vault: createVault((purpose) => deriveKey(SECRET, purpose)),
    issuer: issuerOf(kept.get('holder') ?? ''),
    audience: 'blog',
    clock: { now: () => Date.now() + now.aheadMs, monotonicMs: () => performance.now() },
    logger: createLogger({ service: 'blog', destination: { write: () => undefined } }),
  }
  const minter = new TokenMinter({ scope, keys: await SigningKeys.open(scope as never) })
  /** A token as the service would make it, but for what is wrong with it. */
  const mint = async (
    account: Uuid,
    role: string,
    options: { clientId?: string; permissions?: readonly string[]; audience?: string },
  ) => {
    const sessionId = await records.session(account, options.clientId ?? null)
    const atMs = scope.clock.now()
    return minter.mint({
      subject: userId(account),
      roles: [role],
      permissions: options.permissions ?? app.domain.roles[role] ?? [],
      session: {
        id: sessionId,
        clientId: options.clientId ?? null,
        device: 'browser',
        amr: ['pwd'],
        authenticatedAtMs: atMs,
        secondFactorAtMs: null,
      },
      ...(options.audience !== undefined && { audience: options.audience }),
    }).token
  }
  const lend = async () => {
    const { id: clientId } = lent.client
    kept.set("editor's app", await mint(ids.editor, 'editor', { clientId, permissions: ['posts:read'] }))
    kept.set("admin's app", await mint(ids.admin, 'admin', { clientId, permissions: ['users:read'] }))
  }
  await lend()
  kept.set('other audience', await mint(ids.holder, 'editor', { audience: 'another-service' }))
  now.aheadMs = -3_600_000
  kept.set('expired', await mint(ids.holder, 'editor', {}))
  now.aheadMs = 0
  kept.set('service', await serviceToken(service, client.client.id, client.secret ?? ''))

  // The first two are good until now.
  for (const name of ['suspended', 'leaver', "editor's app", "admin's app", 'service']) await expectGood(service, kept.get(name))
  await service.request(`/auth/accounts/${userId(ids.suspended)}/suspension`, { method: 'PUT', token: kept.get('admin') })
  await service.request('/auth/sessions/current', { method: 'DELETE', token: kept.get('leaver') })

  return {
    service,
    records,
    client: { id: client.client.id, secret: client.secret ?? '' },
    app: { id: lent.client.id, redirectUri: REDIRECT },
    tokenOf: (principal) => kept.get(nameOf(principal)),
    async renew(principal) {
      const name = nameOf(principal)
      if (name === 'service') kept.set(name, await serviceToken(service, client.client.id, client.secret ?? ''))
      else if (name in ids && name !== 'suspended' && name !== 'leaver') kept.set(name, (await signIn(name)).access)
      // What they lent ends with their sessions.
      await lend()
    },
    async [Symbol.asyncDispose]() {
      await pool.close()
      await service.stop()
    },
  }
}

/** Whose token it is: of an account by its name, or of nobody's. */
function nameOf(principal: Principal): string {
  switch (principal) {
    case 'editor, own':
    case 'editor, not own':
      return 'editor'
    case 'signed out':
      return 'leaver'
    default:
      return principal
  }
}

async function serviceToken(service: TestService, id: string, secret: string): Promise<string> {
  const answer = await service.request('/oauth/token', {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'posts:read posts:write' }).toString(),
  })
  if (answer.status !== 200) throw new Error(`Cannot get a token for the service: ${answer.text}`)
  return answer.json.access_token
}

function issuerOf(token: string): string {
  const { iss } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { readonly iss: string }
  return iss
}

async function expectGood(service: TestService, token: string | undefined): Promise<void> {
  const { status, text } = await service.request('/auth/me', { token })
  if (status !== 200) throw new Error(`Cannot gather people: a token that is good was refused: ${text}`)
}
