/** Puts the authorization server onto the HTTP server: its endpoints, its pages, and what others may end of it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import {
  type Accounts,
  type Failures,
  type IdentityScope,
  RevokedTokens,
  type Sessions,
  type SignIn,
  type SigningKeys,
} from '../auth/index.ts'
import type { HttpReply, HttpRequest, HttpServer } from '../http/index.ts'
import { type Pairs, refuseCrossSite } from '../http/index.ts'
import { encodeTypeId, PlinthError, toPlinthError, type Uuid } from '../kernel/index.ts'
import type { Actor, Domain } from '../model/index.ts'
import { addressKey } from '../resilience/index.ts'
import { createAdapter } from './adapter.ts'
import { readBytes, writeJson, writeMachineError, writePage, writeRedirect } from './answer.ts'
import { Artifacts } from './artifacts.ts'
import { OAuthClients } from './clients.ts'
import { GrantSessions } from './grant-sessions.ts'
import { Interactions, StepExpired, sayWait } from './interactions.ts'
import type { PageFrame } from './pages/layout.ts'
import { STYLE_ASSET } from './pages/layout.ts'
import { renderErrorPage } from './pages/notices.ts'
import { createProvider, currentRequest, ENDPOINTS } from './provider.ts'
import { createProviderPages, sayError } from './provider-pages.ts'
import { createAccessTokenReader, markSigned } from './read-access-token.ts'
import { readForm, rewriteForm } from './read-form.ts'
import { type ProviderAnswer, ProviderRequest, runProvider } from './run-provider.ts'
import { createScopes } from './scopes.ts'

export interface OAuthOptions {
  readonly server: HttpServer
  readonly scope: IdentityScope
  readonly domain: Domain
  readonly keys: Pick<SigningKeys, 'signer' | 'privateJwks' | 'onChange'>
  readonly accounts: Pick<Accounts, 'findById'>
  readonly signIn: Pick<SignIn, 'withPassword' | 'withSecondFactor'>
  readonly sessions: Pick<Sessions, 'register' | 'end'>
  readonly failures: Pick<Failures, 'attempt' | 'takeBack'>
  /** Judges an `Authorization` header as every surface does. */
  readonly authenticate: (authorization: string) => Actor | Promise<Actor>
  /** What people know the service by. Default: the name of the domain, as words. */
  readonly serviceName?: string
  /** Told of a client or a token (`jti`) whose standing changed, on this instance. */
  readonly onChanged?: (id: string) => void
}

/** The authorization server as the rest of the service sees it. */
export interface OAuth {
  readonly clients: OAuthClients
  /** Ends what a client was granted, when its session has ended elsewhere. */
  revokeGrantOfSession(sessionId: string): Promise<void>
  /** Signs an account out of this server in all browsers: its password changed, or it was suspended. */
  endBrowsersOf(accountId: Uuid): Promise<void>
}

/** Bodies here are short: a form with a token in it. */
const BODY_BYTES_MAX = 16_384

type Task = 'show' | 'sign-in' | 'second-factor' | 'consent' | 'cancel'

/**
 * Mounts the authorization server: OAuth 2.1 and OpenID Connect under `/oauth/*`, discovery under `/.well-known/*`.
 *
 * The keys under `/.well-known/jwks.json` are served by whoever owns them.
 *
 * @example
 * const oauth = mountOAuth({ server, scope, domain, keys, accounts, signIn, sessions, failures, authenticate })
 * await oauth.clients.create({ name: 'Nightly export', kind: 'service', scopes: ['posts:read'] }, { actor: null, requestId: 'cli' })
 */
export function mountOAuth(options: OAuthOptions): OAuth {
  const { server, scope, domain, keys, sessions, failures } = options
  const { sql, clock, vault, newId, issuer, audience } = scope
  const onChanged = options.onChanged ?? (() => undefined)
  const frame: PageFrame = { serviceName: options.serviceName ?? toTitle(domain.name) }
  const scopes = createScopes(domain)
  const accountPrefix = scope.accounts.resource.idPrefix
  const clients = new OAuthClients({ sql, clock, newId, vault, scopes, onChanged })
  const grants = new GrantSessions({ sql, clock })
  const artifacts = new Artifacts({
    sql,
    clock,
    vault,
    accountPrefix,
    async onGrantEnded(accountId, sessionId, reason) {
      const requestId = currentRequest()?.requestId ?? 'oauth'
      const subject = encodeTypeId(accountPrefix, accountId)
      if (reason === 'refresh_reused')
        scope.report({ event: 'auth.oauth_reused', subject, requestId, fields: { session_id: sessionId } })
      await sessions.end(accountId, reason, { actor: null, requestId }, { only: sessionId })
    },
  })
  const tokens = createAccessTokenReader({
    revoked: new RevokedTokens({ scope, onRevoked: onChanged }),
    clock,
    artifacts,
    authenticate: options.authenticate,
  })
  const interactions = new Interactions({
    frame,
    accountPrefix,
    accounts: options.accounts,
    signIn: options.signIn,
    sessions,
    clients,
    scopes,
  })

  const makeProvider = (): Promise<Provider> =>
    createProvider({
      origin: issuer,
      audience,
      roles: scope.roles,
      permissions: scopes.permissions,
      accountPrefix,
      newId,
      keys,
      accounts: options.accounts,
      clients,
      grants,
      pages: createProviderPages(frame),
      createAdapter: (kind, errors, currentRoute) => createAdapter(kind, { artifacts, clients, tokens, errors, currentRoute }),
      onFault(error, request) {
        if (request !== undefined) request.notes.fault = error
        if (toPlinthError(error).status === 500)
          scope.logger.error('The authorization server failed', { request_id: request?.requestId, error })
      },
    })
  // Loaded by the first request that needs it; made anew when the keys change, while requests under way keep theirs.
  let provider: Promise<Provider> | undefined
  keys.onChange(() => {
    provider = undefined
  })
  const currentProvider = async (): Promise<Provider> => {
    provider ??= makeProvider()
    const making = provider
    return making.catch((error: unknown) => {
      if (provider === making) provider = undefined
      throw error
    })
  }

  // Koa puts its steps together anew with each call.
  const listeners = new WeakMap<Provider, ReturnType<Provider['callback']>>()
  const listenerOf = (one: Provider) => {
    const listener = listeners.get(one) ?? one.callback()
    listeners.set(one, listener)
    return listener
  }

  const makeRequest = (request: HttpRequest, accept: string, body?: Buffer, url = request.url): ProviderRequest => {
    // An absolute URI here would become the library's idea of where it is.
    if (!url.startsWith('/')) throw new PlinthError('NOT_FOUND_ROUTE')
    const userAgent = request.header('user-agent') ?? null
    const headers: Record<string, string | undefined> = { accept }
    for (const name of ['cookie', 'authorization', 'content-type']) headers[name] = request.header(name)
    const { method, address, requestId } = request
    return new ProviderRequest({ method, url, origin: issuer, headers, body, address, requestId, userAgent })
  }

  const ask = async (request: ProviderRequest): Promise<ProviderAnswer> => {
    const current = await currentProvider()
    const answer = await runProvider(listenerOf(current), request)
    const { fault } = request.notes
    // The library knows 500 only; a database that is away is something else, and passes.
    if (fault instanceof PlinthError && fault.status !== 500) throw fault
    return answer
  }

  const write = (response: ServerResponse, answer: ProviderAnswer, targets: readonly string[] | null = []): void => {
    if (answer.cookies.length > 0) response.setHeader('set-cookie', [...answer.cookies])
    if (answer.challenge !== undefined) response.setHeader('www-authenticate', answer.challenge)
    const body = answer.body === undefined ? '' : answer.body.toString()
    if (answer.location !== undefined) writeRedirect(response, answer.location)
    else if (answer.type?.startsWith('text/html') === true) writePage(response, answer.status, body, { targets })
    else writeJson(response, answer.status, body)
  }

  const failPage = (response: ServerResponse, request: HttpRequest, thrown: unknown): void => {
    const error = thrown instanceof StepExpired ? new PlinthError('VALIDATION_FAILED') : toPlinthError(thrown)
    if (error.status === 500)
      scope.logger.error('A page of the authorization server failed', { request_id: request.requestId, error: thrown })
    const code = thrown instanceof StepExpired ? 'step_expired' : nameOf(error)
    const { title, text } = sayError(code)
    const wait = error.retryAfterS === undefined ? '' : ` The wait is ${sayWait(error.retryAfterS)}.`
    const page = renderErrorPage(frame, { title, text: text + wait, code, requestId: request.requestId })
    writePage(response, error.status, page, { retryAfterS: error.retryAfterS })
  }

  /** An endpoint that clients call: JSON in the form of RFC 6749, whatever goes wrong. */
  const machine =
    (change?: (body: Buffer) => Buffer) =>
    async (request: HttpRequest, reply: HttpReply): Promise<void> => {
      const { request: raw, response } = reply.takeOver()
      try {
        const bytes = request.method === 'POST' ? await readBytes(raw) : undefined
        const body = bytes === undefined || change === undefined ? bytes : change(bytes)
        write(response, await ask(makeRequest(request, 'application/json', body)))
      } catch (error) {
        const fault = toPlinthError(error)
        if (fault.status === 500)
          scope.logger.error('An endpoint of the authorization server failed', { request_id: request.requestId, error })
        writeMachineError(response, fault)
      }
    }

  /** The body of a form that a page of ours sent. Read to its end in any case, so that the connection stays good for the answer. */
  const readOwnForm = async (request: HttpRequest, raw: IncomingMessage): Promise<Buffer> => {
    const bytes = await readBytes(raw)
    refuseCrossSite(request, issuer)
    return bytes
  }

  /** An endpoint that people's browsers call. */
  const people =
    (run: (request: HttpRequest, body: Buffer | undefined) => Promise<ProviderAnswer>, targets: readonly string[] | null = []) =>
    async (request: HttpRequest, reply: HttpReply): Promise<void> => {
      const { request: raw, response } = reply.takeOver()
      try {
        const body = request.method === 'POST' ? await readOwnForm(request, raw) : undefined
        write(response, await run(request, body), targets)
      } catch (error) {
        failPage(response, request, error)
      }
    }

  const step =
    (task: Task) =>
    async (request: HttpRequest, reply: HttpReply): Promise<void> => {
      const { request: raw, response } = reply.takeOver()
      try {
        let form: Pairs = {}
        if (request.method === 'POST') {
          const bytes = await readOwnForm(request, raw)
          form = task === 'cancel' ? {} : readForm(request.header('content-type'), bytes)
        }
        const answer = await interactions.run(task, {
          provider: await currentProvider(),
          request: makeRequest(request, 'text/html'),
          uid: request.params['uid'] ?? '',
          form,
          signal: request.signal,
        })
        if ('location' in answer) writeRedirect(response, answer.location)
        else writePage(response, answer.status, answer.page, answer)
      } catch (error) {
        failPage(response, request, error)
      }
    }

  const page = people((request, body) => ask(makeRequest(request, 'text/html', body)))
  // A change of account may end at the client, which is known to the library alone.
  const resume = people((request) => ask(makeRequest(request, 'text/html')), null)

  const showDevice = people((request) => {
    // The library would post a code from the address by script. Here it is put into the field, and the person looks at it first.
    const made = makeRequest(request, 'text/html', undefined, request.path)
    const userCode = request.query['user_code']?.slice(0, 20)
    if (userCode !== undefined) made.notes.userCode = userCode
    return ask(made)
  })

  const takeDevice = people(async (request, body) => {
    const made = makeRequest(request, 'text/html', body)
    const form = readForm(request.header('content-type'), body ?? Buffer.alloc(0))
    if (form['user_code'] !== undefined) made.notes.userCode = form['user_code'].slice(0, 20)
    const name = `oauth user code ${addressKey(request.address)}`
    await failures.attempt('factor', name)
    const answer = await ask(made)
    // Taken back and not cleared: a code of one's own must not pay for guesses at those of others.
    if (made.notes.isUserCodeGood === true || answer.location !== undefined) await failures.takeBack('factor', name)
    return answer
  })

  const shared = { surface: 'oauth', isPublic: true } as const
  const get = (path: string, operation: string, handle: ReturnType<typeof machine>): void =>
    server.route({ ...shared, method: 'GET', path, operation: `oauth.${operation}`, handle })
  const post = (
    path: string,
    operation: string,
    handle: ReturnType<typeof machine>,
    limit: 'write' | 'sensitive' = 'write',
  ): void =>
    server.route({
      ...shared,
      method: 'POST',
      path,
      operation: `oauth.${operation}`,
      body: 'raw',
      bodyBytesMax: BODY_BYTES_MAX,
      limit,
      handle,
    })
  const withMark = (body: Buffer): Buffer => rewriteForm(body, 'token', markSigned)

  get('/.well-known/openid-configuration', 'discovery', machine())
  get('/.well-known/oauth-authorization-server', 'metadata', machine())
  get(ENDPOINTS.authorization, 'authorize', page)
  get(`${ENDPOINTS.authorization}/:uid`, 'resume', resume)
  post(ENDPOINTS.token, 'token', machine())
  post(ENDPOINTS.pushed_authorization_request, 'push', machine())
  post(ENDPOINTS.device_authorization, 'device-authorize', machine())
  post(ENDPOINTS.introspection, 'introspect', machine(withMark))
  post(ENDPOINTS.revocation, 'revoke', machine(withMark))
  get(ENDPOINTS.userinfo, 'userinfo', machine())
  post(ENDPOINTS.userinfo, 'userinfo-post', machine())
  get(ENDPOINTS.code_verification, 'device', showDevice)
  post(ENDPOINTS.code_verification, 'device-code', takeDevice, 'sensitive')
  get(`${ENDPOINTS.code_verification}/:uid`, 'device-resume', page)
  get(ENDPOINTS.end_session, 'end-session', page)
  post(`${ENDPOINTS.end_session}/confirm`, 'end-session-confirm', page)
  get(`${ENDPOINTS.end_session}/success`, 'end-session-success', page)
  get('/oauth/interaction/:uid', 'interaction', step('show'))
  for (const task of ['sign-in', 'second-factor'] as const) post(`/oauth/interaction/:uid/${task}`, task, step(task), 'sensitive')
  for (const task of ['consent', 'cancel'] as const) post(`/oauth/interaction/:uid/${task}`, task, step(task))
  get(STYLE_ASSET.path, 'style', async (_, reply) => reply.send(200, STYLE_ASSET.headers, STYLE_ASSET.bytes))

  return {
    clients,
    revokeGrantOfSession: (sessionId) => artifacts.endGrant(sessionId, 'signed_out'),
    endBrowsersOf: (accountId) => artifacts.endBrowsers(accountId),
  }
}

/** How a page names an error of ours. */
function nameOf({ code, status }: PlinthError): string {
  if (code === 'AUTH_CROSS_SITE') return 'cross_site'
  if (status >= 500) return 'server_error'
  return status === 429 ? 'too_many_codes' : 'invalid_request'
}

/** `my-blog` is `My blog`. */
export function toTitle(name: string): string {
  const words = name.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
