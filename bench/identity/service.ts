/** The reference service with accounts of its own, as its users start it, and somebody who signs in there. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { hash } from '@node-rs/argon2'
import type { Database } from '../load.ts'
import { freePort, type Undo } from '../process.ts'
import { launch, untilReady } from '../target.ts'

export interface IdentityService {
  readonly url: string
  readonly pid: number
  /** Names of accounts, all with one password, whose digest it is. */
  readonly logins: readonly string[]
  readonly password: string
  readonly digest: string
  /** A service client's id and secret, as in HTTP Basic authentication. */
  readonly client: string
  /** Signs a viewer in. @returns the access token */
  signIn(): Promise<string>
  /** Forgets the attempts that a run of wrk broke off at its end, which count as failures. */
  forgetAttempts(): Promise<void>
}

const PLINTH = new URL('../../bin/plinth.js', import.meta.url)
const BLOG = new URL('../../examples/blog/', import.meta.url)
const PASSWORD = 'a long day of that kind, 1842'
/** OWASP's first choice, and what the hasher of the service makes. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const LOGINS = 2_000
const NEVER = '1000000000/1000000000'

/** Gives all accounts of the seed a password, registers a client, and starts the service. */
export async function startIdentityService(database: Database, atEnd: (step: Undo) => void): Promise<IdentityService> {
  const { sql } = database
  const digest = await hash(PASSWORD, COST)
  await sql`UPDATE users SET password = ${digest}`
  await sql`
    INSERT INTO plinth_accounts (account_id, verified_login_digest, verified_at)
    SELECT id, encode(sha256(convert_to(email, 'UTF8')), 'hex'), created_at FROM users`
  await sql.unsafe('VACUUM (FREEZE, ANALYZE) users, plinth_accounts')
  const rows = await sql<{ email: string }[]>`SELECT email FROM users WHERE role = 'viewer' ORDER BY created_at LIMIT ${LOGINS}`
  const logins = rows.map(({ email }) => email)

  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const environment = {
    DATABASE_URL: database.url,
    PORT: String(port),
    ADMIN_PORT: String(await freePort()),
    GRPC_PORT: '0',
    PUBLIC_URL: url,
    PLINTH_SECRET: randomBytes(32).toString('base64'),
    RATE_LIMIT_READ: NEVER,
    RATE_LIMIT_WRITE: NEVER,
    RATE_LIMIT_SENSITIVE: NEVER,
  }
  const client = createClient(environment)
  const server = launch({ command: [process.execPath, PLINTH.pathname, 'start'], folder: BLOG, environment }, atEnd)
  await untilReady(server, `${url}/.well-known/openid-configuration`, {})
  return {
    url,
    pid: server.pid ?? 0,
    logins,
    password: PASSWORD,
    digest,
    client,
    signIn: () => signIn(url, logins[0] ?? ''),
    forgetAttempts: async () => void (await sql`TRUNCATE plinth_failures`),
  }
}

function createClient(environment: Readonly<Record<string, string>>): string {
  const words = ['clients', 'create', 'bench', '--kind', 'service', '--scopes', 'posts:read posts:write', '--json']
  const output = execFileSync(process.execPath, [PLINTH.pathname, ...words], {
    cwd: BLOG,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  })
  const { id, secret } = JSON.parse(output) as { readonly id: string; readonly secret: string }
  return Buffer.from(`${id}:${secret}`).toString('base64')
}

async function signIn(url: string, email: string): Promise<string> {
  const answer = await fetch(`${url}/auth/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD, delivery: 'body' }),
  })
  const { data } = (await answer.json()) as { readonly data?: { readonly access_token?: string } }
  if (data?.access_token === undefined) throw new Error(`Cannot sign in: the service answers ${answer.status}, expected 201`)
  return data.access_token
}
