/** The authorization server over a real database and a real socket, with the parts of identity that it stands on, and a browser that keeps cookies. */
import { hkdfSync, randomFillSync } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import app from '../../examples/blog/app.ts'
import { Accounts } from '../../src/auth/accounts/accounts.ts'
import { Failures } from '../../src/auth/failures.ts'
import {
  createTokenVerifier,
  mountIdentityRoutes,
  mountJwks,
  Passkeys,
  relyingParty,
  SigningKeys,
  Standings,
  TokenMinter,
} from '../../src/auth/index.ts'
import { OneTimeSecrets } from '../../src/auth/one-time-secrets.ts'
import { Sessions } from '../../src/auth/sessions/sessions.ts'
import { type SecondFactors, SignIn } from '../../src/auth/sessions/sign-in.ts'
import { SignOut } from '../../src/auth/sessions/sign-out.ts'
import { createVault } from '../../src/auth/vault.ts'
import { Engine } from '../../src/engine/index.ts'
import { createHttpServer } from '../../src/http/index.ts'
import { encodeTypeId, PlinthError, toSnakeCase, type Uuid, uuidGenerator } from '../../src/kernel/index.ts'
import { clientRoutes, mountOAuth, type OAuth } from '../../src/oauth/index.ts'
import { createLogger, createOperationMetrics } from '../../src/observe/index.ts'
import { PgStore, SqlPool } from '../../src/pg/index.ts'
import { addressKey } from '../../src/resilience/index.ts'
import { mountRest } from '../../src/rest/index.ts'
import { appTemplate, freePort, testDatabase } from '../../src/testing/index.ts'

export const PASSWORD = 'correct horse battery staple'
export const CODE = '271828'
const AUDIENCE = 'blog'

/** Somebody with an account. */
export interface Person {
  readonly id: Uuid
  readonly subject: string
  readonly login: string
}

export interface OAuthKit extends AsyncDisposable {
  readonly origin: string
  readonly oauth: OAuth
  readonly sql: SqlPool
  readonly keys: SigningKeys
  readonly sessions: Sessions
  readonly signOut: SignOut
  readonly accounts: Accounts
  readonly events: { readonly event: string; readonly fields?: Readonly<Record<string, unknown>> }[]
  /** Accounts whose owners were to hear that a token came twice. */
  readonly stolen: readonly Uuid[]
  readonly clock: { now(): number; monotonicMs(): number; aheadMs: number }
  logs(): string
  person(role?: string, options?: { readonly hasSecondFactor?: boolean }): Promise<Person>
  browser(): Browser
  /** An access token of somebody who signed in here, so long ago. */
  token(person: Person, agoS?: number): Promise<string>
}

/** @param origin as others reach the service; default where it listens */
export async function oauthKit(options: { readonly publicOrigin?: string } = {}): Promise<OAuthKit> {
  const database = await testDatabase(await appTemplate(app))
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const issuer = options.publicOrigin ?? origin
  const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs, monotonicMs: () => performance.now() }
  const newId = uuidGenerator(clock, { fill: (target) => void randomFillSync(target) })
  const sql = new SqlPool({ url: database.url, applicationName: 'oauth-test', connections: 8 })
  const store = new PgStore({ url: database.url, applicationName: 'oauth-test' })
  await store.connect()
  const lines: string[] = []
  const logger = createLogger({ service: 'blog', destination: { write: (text: string) => lines.push(text) } })
  const events: OAuthKit['events'] = []
  const model = app.domain.accounts
  if (model === undefined) throw new Error('Cannot test: the blog has no accounts')
  const admin = [...(app.domain.roles['admin'] ?? []), 'clients:read', 'clients:write']
  const domain = { ...app.domain, roles: { ...app.domain.roles, admin } }
  const scope = {
    sql,
    accounts: model,
    roles: domain.roles,
    issuer,
    audience: AUDIENCE,
    clock,
    newId,
    vault: createVault((purpose) => new Uint8Array(hkdfSync('sha256', 'a secret of the tests', '', purpose, 32))),
    logger,
    report: (event: OAuthKit['events'][number]) => void events.push(event),
  }
  const accounts = new Accounts(scope)
  const failures = new Failures(scope)
  const factors: SecondFactors = {
    of: async () => ['totp', 'recovery'],
    async verify(_, proof) {
      if (proof.code !== CODE) throw new PlinthError('AUTH_FACTOR_INVALID')
      return ['otp']
    },
  }
  const passwords = {
    hash: (plain: string) => hash(plain),
    async verify(plain: string, digest: string | undefined) {
      return { isMatch: digest !== undefined && (await verify(digest, plain)), needsRehash: false }
    },
  }
  const secrets = new OneTimeSecrets(scope)
  const signIn = new SignIn({ scope, accounts, passwords, failures, secrets, factors, addressKey })
  const keys = await SigningKeys.open(scope)
  const standings = new Standings({ scope })
  const stolen: Uuid[] = []
  const signOut = new SignOut({
    scope,
    onEnded: (ids) => {
      for (const id of ids) standings.noteChange(id)
    },
    endBrowsers: async () => undefined,
    onStolen: (id) => void stolen.push(id),
  })
  const sessions = new Sessions({ scope, accounts, tokens: new TokenMinter({ scope, keys }), signOut })
  const { authenticate, replaceKeys } = createTokenVerifier({
    issuers: [{ issuer, keys: keys.publicJwks(), standing: standings }],
    audience: AUDIENCE,
    clock,
  })
  keys.onChange(() => replaceKeys(issuer, keys.publicJwks()))
  const server = createHttpServer({
    logger,
    metrics: createOperationMetrics(),
    authenticate,
    renderField: toSnakeCase,
    publicOrigin: issuer,
  })
  const oauth = mountOAuth({
    server,
    scope,
    domain,
    keys,
    accounts,
    signIn,
    passkeys: new Passkeys({ scope, accounts, secrets, party: relyingParty(issuer, 'Blog') }),
    sessions,
    signOut,
    failures,
    authenticate,
    onChanged: (id) => standings.noteChange(id),
  })
  const engine = new Engine({ domain: app.domain, store, clock, newId, seal: (text) => text.slice(0, 8) })
  mountRest({ domain: app.domain, engine, server, clock })
  mountJwks(server, keys)
  mountIdentityRoutes(
    server,
    clientRoutes({ clients: oauth.clients, clock, report: scope.report, hasSecondFactor: async () => false }),
  )
  await server.listen({ port })
  const kept = await hash(PASSWORD, { memoryCost: 1_024, timeCost: 1, parallelism: 1 })
  let people = 0
  return {
    origin,
    oauth,
    sql,
    keys,
    sessions,
    signOut,
    accounts,
    events,
    stolen,
    clock,
    logs: () => {
      logger.flush()
      return lines.join('')
    },
    async person(role = 'editor', { hasSecondFactor = false } = {}) {
      const id = newId()
      people += 1
      const login = `person${people}@example.com`
      await sql.query(
        `INSERT INTO users (id, email, display_name, role, password, created_at, updated_at, version) VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, now(), now(), 1)`,
        [id, login, `Person ${people}`, role, kept],
      )
      const account = await accounts.findById(id)
      if (account === undefined) throw new Error('Cannot make a person')
      await accounts.markVerified(account)
      if (hasSecondFactor)
        await sql.query('UPDATE plinth_accounts SET totp_confirmed_at = now() WHERE account_id = $1::uuid', [id])
      return { id, login, subject: encodeTypeId('usr', id) }
    },
    browser: () => new Browser(origin),
    async token({ id }, agoS = 0) {
      const account = await accounts.findById(id)
      if (account === undefined) throw new Error('Cannot sign in somebody who is gone')
      const signedIn = { account, amr: ['pwd'], authenticatedAtMs: clock.now() - agoS * 1_000, secondFactorAtMs: null }
      return (await sessions.open(signedIn, { device: 'browser', userAgent: null, address: null, requestId: 'test' })).accessToken
    },
    async [Symbol.asyncDispose]() {
      await server.stop({ graceMs: 500, lingerMs: 0 })
      await sql.close()
      await store.close()
      await database.drop()
    },
  }
}

/** A page as a browser has it. */
export interface Page {
  readonly status: number
  readonly url: string
  readonly text: string
  readonly headers: Headers
}

/** Keeps cookies, follows redirects within the service, fills in forms: what a person does, without script. */
export class Browser {
  readonly origin: string
  readonly #cookies = new Map<string, { readonly value: string; readonly path: string }>()

  constructor(origin: string) {
    this.origin = origin
  }

  /** Names of the cookies that it holds. */
  get cookies(): readonly string[] {
    return [...this.#cookies.keys()]
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)?.value
  }

  setCookie(name: string, value: string, path = '/'): void {
    this.#cookies.set(name, { value, path })
  }

  /** Goes to an address; stops at the first one outside of the service, which then is `url`. */
  async open(
    address: string,
    body?: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Page> {
    let url = new URL(address, this.origin)
    let form = body
    for (let hops = 0; hops < 10; hops++) {
      const response = await fetch(url, {
        method: form === undefined ? 'GET' : 'POST',
        redirect: 'manual',
        headers: {
          accept: 'text/html',
          cookie: this.#cookiesFor(url.pathname),
          ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded', origin: this.origin }),
          ...headers,
        },
        ...(form !== undefined && { body: new URLSearchParams(form).toString() }),
      })
      this.#keep(response, url.pathname)
      const text = await response.text()
      const location = response.headers.get('location')
      if (location === null) return { status: response.status, url: url.href, text, headers: response.headers }
      url = new URL(location, url)
      form = undefined
      if (url.origin !== this.origin) return { status: response.status, url: url.href, text, headers: response.headers }
    }
    throw new Error(`Cannot open ${address}: it redirects without end`)
  }

  /** Sends the form of a page whose action ends so, with what was typed. */
  submit(page: Page, ending: string, typed: Readonly<Record<string, string>> = {}): Promise<Page> {
    const forms = [...page.text.matchAll(/<form method="post" action="([^"]*)"[^>]*>(.*?)<\/form>/gs)]
    const form = forms.find(([, action]) => action?.endsWith(ending))
    if (form === undefined) throw new Error(`Cannot find the form "${ending}" on this page: ${page.text}`)
    const hidden = [...(form[2] ?? '').matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
    const fields = Object.fromEntries(hidden.map(([, name, value]) => [name ?? '', value ?? '']))
    return this.open(form[1] ?? '', { ...fields, ...typed })
  }

  /** Signs in on the page that asks for it. */
  signIn(page: Page, person: Person): Promise<Page> {
    return this.submit(page, '/sign-in', { login: person.login, password: PASSWORD })
  }

  allow(page: Page): Promise<Page> {
    return this.submit(page, '/consent', { decision: 'allow' })
  }

  #cookiesFor(path: string): string {
    return [...this.#cookies]
      .filter(
        ([, cookie]) => path === cookie.path || path.startsWith(cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`),
      )
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
  }

  #keep(response: Response, from: string): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/;\s*/)
      const [name = '', value = ''] = pair.split('=')
      const path = attributes.find((one) => one.toLowerCase().startsWith('path='))?.slice(5) ?? from
      const isGone = attributes.some((one) => one === 'expires=Thu, 01 Jan 1970 00:00:00 GMT') || value === ''
      if (isGone) this.#cookies.delete(name)
      else this.#cookies.set(name, { value, path })
    }
  }
}

/** What PKCE needs. */
export async function pkce(): Promise<{ readonly verifier: string; readonly challenge: string }> {
  const verifier = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
  const digest = await crypto.subtle.digest('SHA-256', Buffer.from(verifier))
  return { verifier, challenge: Buffer.from(digest).toString('base64url') }
}

/** Sends a form to an endpoint for machines. */
export async function post(url: string, form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  })
  const text = await response.text()
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  const json: any = text.startsWith('{') ? JSON.parse(text) : undefined
  return { status: response.status, headers: response.headers, text, json }
}

export function basic(id: string, secret: string | null): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret ?? ''}`).toString('base64')}` }
}
