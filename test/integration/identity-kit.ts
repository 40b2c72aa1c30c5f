/** What tests of identity stand on: a database with the blog's schema, accounts in it, and a clock that the test moves. */
import { randomBytes } from 'node:crypto'
import blogApp from '../../examples/blog/app.ts'
import { Accounts } from '../../src/auth/accounts/accounts.ts'
import { Claims } from '../../src/auth/accounts/claims.ts'
import { LetterSecrets } from '../../src/auth/accounts/letter-secrets.ts'
import { Failures } from '../../src/auth/failures.ts'
import { OneTimeSecrets } from '../../src/auth/one-time-secrets.ts'
import type { IdentityScope, SecurityEvent } from '../../src/auth/ports.ts'
import { Sessions } from '../../src/auth/sessions/sessions.ts'
import { SignOut } from '../../src/auth/sessions/sign-out.ts'
import { createVault } from '../../src/auth/vault.ts'
import { type Uuid, uuidGenerator } from '../../src/kernel/index.ts'
import { createLogger } from '../../src/observe/index.ts'
import { SqlPool } from '../../src/pg/index.ts'
import { appTemplate, testDatabase } from '../../src/testing/index.ts'

export interface IdentityKit extends AsyncDisposable {
  readonly scope: IdentityScope
  readonly sql: SqlPool
  readonly accounts: Accounts
  readonly letterSecrets: LetterSecrets
  readonly sessions: Sessions
  readonly signOut: SignOut
  readonly claims: Claims
  /** What was reported so far. */
  readonly events: readonly SecurityEvent[]
  /** Moves the wall clock on. */
  pass(seconds: number): void
  /** Makes a confirmed account. */
  addAccount(
    login: string,
    options?: { readonly role?: string; readonly password?: string; readonly isVerified?: boolean },
  ): Promise<Uuid>
}

export async function identityKit(): Promise<IdentityKit> {
  const database = await testDatabase(await appTemplate(blogApp))
  const sql = new SqlPool({ url: database.url, applicationName: 'identity-test' })
  let nowMs = Date.now()
  const clock = { now: () => nowMs, monotonicMs: () => performance.now() }
  const newId = uuidGenerator(clock, { fill: (target) => void target.set(randomBytes(target.length)) })
  const key = randomBytes(32)
  const events: SecurityEvent[] = []
  const { domain } = blogApp
  if (domain.accounts === undefined) throw new TypeError('Cannot test identity: the blog declares no accounts')
  const scope: IdentityScope = {
    sql,
    accounts: domain.accounts,
    roles: domain.roles,
    issuer: 'http://localhost:3000',
    audience: domain.name,
    clock,
    newId,
    vault: createVault((purpose) => Buffer.concat([Buffer.from(purpose), key]).subarray(0, 32)),
    logger: createLogger({ service: 'test', level: 'error', sensitive: [], destination: { write: () => true } }),
    report: (event) => void events.push(event),
  }
  const accounts = new Accounts(scope)
  const letterSecrets = new LetterSecrets(scope, {
    secrets: new OneTimeSecrets(scope),
    accounts,
    failures: new Failures(scope),
  })
  const signOut = new SignOut({
    scope,
    onEnded: () => undefined,
    endBrowsers: async () => undefined,
    onStolen: () => undefined,
  })
  const tokens = { mint: () => ({ token: 'token', jti: 'jti', expiresInS: 900 }) }
  const sessions = new Sessions({ scope, accounts, tokens, signOut })
  return {
    scope,
    sql,
    accounts,
    letterSecrets,
    sessions,
    signOut,
    claims: new Claims({ scope, accounts, secrets: letterSecrets, signOut }),
    events,
    pass: (seconds) => {
      nowMs += seconds * 1_000
    },
    async addAccount(login, { role = 'editor', password, isVerified = true } = {}) {
      const id = newId()
      await sql.query(
        `INSERT INTO users (id, email, display_name, role, password, created_at, updated_at, version) VALUES ($1::uuid, $2::text, 'Somebody', $3::text, $4::text, now(), now(), 1)`,
        [id, login, role, password ?? null],
      )
      if (isVerified) await accounts.markVerified({ id, login })
      return id
    },
    async [Symbol.asyncDispose]() {
      await sql.close()
      await database.drop()
    },
  }
}
