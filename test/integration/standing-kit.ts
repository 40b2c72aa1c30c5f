/** Instances of identity over one database, without a wire: the keys, the minter, the standings and the feed of each. */
import { createHash, randomFillSync } from 'node:crypto'
import blog from '../../examples/blog/app.ts'
import {
  createTokenVerifier,
  RevokedTokens,
  SigningKeys,
  Standings,
  TokenMinter,
  type TokenVerifier,
} from '../../src/auth/index.ts'
// The vault is made by the composition root only.
import { createVault } from '../../src/auth/vault.ts'
import { encodeTypeId, type Uuid, uuidGenerator } from '../../src/kernel/index.ts'
import type { AccountsModel } from '../../src/model/index.ts'
import { createLogger } from '../../src/observe/index.ts'
import { JournalFollower, openConnection, type PlainConnection, SqlPool } from '../../src/pg/index.ts'
import { appTemplate, type TestDatabase, testDatabase } from '../../src/testing/index.ts'

export const ISSUER = 'https://blog.example'

const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
export const newId = uuidGenerator(clock, { fill: (target) => void randomFillSync(target) })

const cleanUps: (() => unknown)[] = []

/** For `afterEach`: stops and drops everything. */
export async function closeAll(): Promise<void> {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
}

export interface Shared {
  readonly database: TestDatabase
  readonly sql: PlainConnection
}

export async function openShared(): Promise<Shared> {
  const database = await testDatabase(await appTemplate(blog))
  cleanUps.push(() => database.drop())
  const sql = await openConnection(database.url)
  cleanUps.push(() => sql.close())
  return { database, sql }
}

export interface InstanceOptions {
  readonly secret?: string
  /** False: nothing is heard of other instances. */
  readonly hasFeed?: boolean
  readonly url?: string
  readonly freshMs?: number
}

export type Instance = Awaited<ReturnType<typeof openInstance>>

export function vaultOf(secret: string) {
  return createVault((purpose) => createHash('sha256').update(`${secret} ${purpose}`).digest())
}

export async function openInstance({ database }: Shared, options: InstanceOptions = {}) {
  const lines: string[] = []
  const sql = new SqlPool({ url: options.url ?? database.url, applicationName: 'standing-test', statementTimeoutMs: 2_000 })
  cleanUps.push(() => sql.close())
  const statements: string[] = []
  const counted = {
    ...sql,
    query: (text: string, values?: Parameters<typeof sql.query>[1]) => {
      statements.push(text)
      return sql.query(text, values)
    },
    transaction: sql.transaction.bind(sql),
  } as SqlPool
  const scope = {
    sql: counted,
    accounts: blog.domain.accounts as AccountsModel,
    roles: blog.domain.roles,
    issuer: ISSUER,
    audience: 'blog',
    clock,
    vault: vaultOf(options.secret ?? 'one'),
    logger: createLogger({ service: 'blog', destination: { write: (line) => lines.push(line) } }),
  }
  const keys = await SigningKeys.open(scope)
  keys.start()
  cleanUps.push(() => keys.stop())
  const standings = new Standings({ scope, ...(options.freshMs !== undefined && { freshMs: options.freshMs }) })
  const verifier: TokenVerifier = createTokenVerifier({
    issuers: [{ issuer: ISSUER, keys: keys.publicJwks(), standing: standings, learnKey: (kid) => keys.learnKey(kid) }],
    audience: 'blog',
    clock,
  })
  keys.onChange(() => verifier.replaceKeys(ISSUER, keys.publicJwks()))
  const errors: unknown[] = []
  const follower = new JournalFollower({
    sql,
    resources: standings.resources,
    onRows: (rows) => standings.take(rows),
    onRead: (readAtMs) => standings.noteFresh(readAtMs),
    onGap: () => standings.noteGap(),
    onError: (error) => errors.push(error),
  })
  if (options.hasFeed !== false) await follower.start()
  cleanUps.push(() => follower.stop())
  return {
    scope,
    keys,
    standings,
    verifier,
    follower,
    errors,
    lines,
    /** Texts of the statements that keys and standings sent. */
    statements,
    minter: new TokenMinter({ scope, keys }),
    revoked: new RevokedTokens({ scope, onRevoked: (jti) => standings.noteChange(jti) }),
  }
}

export interface Person {
  readonly id: Uuid
  readonly subject: string
  readonly sessionId: Uuid
}

/** An account with a living session. */
export async function addPerson({ sql }: Shared, role = 'editor'): Promise<Person> {
  const [id, sessionId] = [newId(), newId()]
  await sql.query(
    'INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, $2, $3, $4, now(), now(), 1)',
    [id, `${id}@example.com`, 'Ada', role],
  )
  await sql.query(
    `INSERT INTO plinth_sessions (session_id, account_id, device, amr, created_at, last_used_at, expires_at, authenticated_at)
VALUES ($1, $2, 'browser', '{pwd}', now(), now(), now() + interval '30 days', now())`,
    [sessionId, id],
  )
  return { id, subject: encodeTypeId('usr', id), sessionId }
}

/** A token as sign-in gives it, or as the OAuth server does when `clientId` is given. */
export function mintFor(
  { minter }: Instance,
  person: Person,
  more: { readonly clientId?: string; readonly roles?: readonly string[]; readonly permissions?: readonly string[] } = {},
) {
  return minter.mint({
    subject: person.subject,
    roles: more.roles ?? ['editor'],
    permissions: more.permissions ?? ['posts:read', 'posts:write'],
    session: {
      id: person.sessionId,
      clientId: more.clientId ?? null,
      device: 'browser',
      amr: ['pwd'],
      authenticatedAtMs: Date.now(),
      secondFactorAtMs: null,
    },
  })
}

/** What a token gets: `accepted`, or the code of the refusal. */
export async function outcomeOf({ verifier }: Pick<Instance, 'verifier'>, token: string): Promise<string> {
  try {
    await verifier.verify(token)
    return 'accepted'
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error)
  }
}
