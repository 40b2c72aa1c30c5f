/** The endpoints of the authorization server: who calls each, what it takes, and in which form it answers, failures too. */
import { DEVICE_COOKIE, type Failures } from '../auth/index.ts'
import { type Asset, type HttpRequest, type HttpRoute, type HttpServer, JSON_HEADERS, type Pairs } from '../http/index.ts'
import { PlinthError } from '../kernel/index.ts'
import { addressKey } from '../resilience/index.ts'
import { renderMachineFailure, sendAnswer, sendPage, sendRedirect } from './answer.ts'
import { ENDPOINTS } from './configuration.ts'
import type { CurrentProvider } from './current-provider.ts'
import type { Interactions, Task } from './interactions.ts'
import { pageFailures, renderScriptFailure } from './page-failures.ts'
import { type PageFrame, STYLE_ASSET } from './pages/layout.ts'
import { PASSKEY_ASSET } from './pages/passkey.ts'
import { markSigned } from './read-access-token.ts'
import { readOwnForm } from './read-form.ts'
import { type ProviderAnswer, ProviderRequest } from './run-provider.ts'
import type { Step } from './step.ts'

export interface EndpointsParts {
  readonly server: HttpServer
  /** The public origin: only its own pages may send forms. */
  readonly issuer: string
  readonly frame: PageFrame
  readonly provider: CurrentProvider
  readonly interactions: Interactions
  readonly failures: Pick<Failures, 'attempt' | 'takeBack'>
}

/** What follows for a route from who calls it. */
interface Endpoint extends Required<Pick<HttpRoute, 'renderFailure' | 'handle'>> {
  /** What it takes in a POST. */
  readonly body: 'bytes' | 'form'
}

/** Bodies here are short: a form with a token in it. */
const BODY_BYTES_MAX = 16_384
const USER_CODE_LENGTH_MAX = 20

export function mountEndpoints({ server, issuer, frame, provider, interactions, failures }: EndpointsParts): void {
  const renderPageFailure = pageFailures(frame)

  const makeRequest = (request: HttpRequest, accept: string, body?: Buffer, url = request.url): ProviderRequest => {
    // An absolute URI here would become the library's idea of where it is.
    if (!url.startsWith('/')) throw new PlinthError('NOT_FOUND_ROUTE')
    const userAgent = request.header('user-agent') ?? null
    const headers: Record<string, string | undefined> = { accept }
    for (const name of ['cookie', 'authorization', 'content-type']) headers[name] = request.header(name)
    const { method, address, requestId } = request
    return new ProviderRequest({ method, url, origin: issuer, headers, body, address, requestId, userAgent })
  }
  const makePageRequest = (request: HttpRequest, form: Pairs): ProviderRequest =>
    makeRequest(request, 'text/html', request.method === 'POST' ? writeForm(form) : undefined)

  /** Clients call it: JSON in the form of RFC 6749, whatever goes wrong. The library reads the body and says what is wrong with it. */
  const machine = (change = (body: Buffer): Buffer => body): Endpoint => ({
    body: 'bytes',
    renderFailure: renderMachineFailure,
    async handle(request, reply) {
      const body = request.method === 'POST' ? change(request.bytes) : undefined
      sendAnswer(reply, await provider.ask(makeRequest(request, 'application/json', body)))
    },
  })

  /** People's browsers call it. */
  const people = (
    run: (request: HttpRequest, form: Pairs) => Promise<ProviderAnswer>,
    targets: readonly string[] | null = [],
  ): Endpoint => ({
    body: 'form',
    renderFailure: renderPageFailure,
    handle: async (request, reply) => sendAnswer(reply, await run(request, readOwnForm(request, issuer)), targets),
  })

  const readStep = async (request: HttpRequest): Promise<Step> => ({
    form: readOwnForm(request, issuer),
    deviceToken: request.cookies.get(DEVICE_COOKIE),
    provider: await provider.get(),
    request: makeRequest(request, 'text/html'),
    uid: request.params['uid'] ?? '',
    signal: request.signal,
  })

  const step = (task: Task): Endpoint => ({
    body: 'form',
    renderFailure: renderPageFailure,
    async handle(request, reply) {
      const answer = await interactions.run(task, await readStep(request))
      if ('location' in answer)
        sendRedirect(
          reply,
          answer.location,
          (answer.cookies ?? []).flatMap((cookie) => ['set-cookie', cookie]),
        )
      else sendPage(reply, answer)
    },
  })

  /** The script of a page calls it. */
  const passkeyChallenge: Endpoint = {
    body: 'form',
    renderFailure: renderScriptFailure,
    async handle(request, reply) {
      const options = await interactions.passkeyOptions(await readStep(request))
      reply.send(200, JSON_HEADERS, JSON.stringify(options))
    },
  }

  const page = people((request, form) => provider.ask(makePageRequest(request, form)))
  // A change of account may end at the client, which is known to the library alone.
  const resume = people((request) => provider.ask(makeRequest(request, 'text/html')), null)

  const showDevice = people((request) => {
    // The library would post a code from the address by script. Here it is put into the field, and the person looks at it first.
    const made = makeRequest(request, 'text/html', undefined, request.path)
    noteUserCode(made, request.query)
    return provider.ask(made)
  })

  const takeDevice = people(async (request, form) => {
    const made = makePageRequest(request, form)
    noteUserCode(made, form)
    const name = `oauth user code ${addressKey(request.address)}`
    await failures.attempt('factor', name)
    const answer = await provider.ask(made)
    // Taken back and not cleared: a code of one's own must not pay for guesses at those of others.
    if (made.notes.isUserCodeGood === true || answer.location !== undefined) await failures.takeBack('factor', name)
    return answer
  })

  const shared = { surface: 'oauth', isPublic: true } as const
  /** @param limit `write` where a request leaves something behind, though it is a `GET` */
  const get = (path: string, operation: string, { handle, renderFailure }: Endpoint, limit: 'read' | 'write' = 'read'): void =>
    server.route({ ...shared, method: 'GET', path, operation: `oauth.${operation}`, handle, renderFailure, limit })
  const post = (path: string, operation: string, endpoint: Endpoint, limit: 'write' | 'sensitive' = 'write'): void =>
    server.route({
      ...shared,
      ...endpoint,
      method: 'POST',
      path,
      operation: `oauth.${operation}`,
      bodyBytesMax: BODY_BYTES_MAX,
      limit,
    })

  const file = (operation: string, { path, headers, bytes }: Asset): void =>
    server.route({
      ...shared,
      method: 'GET',
      path,
      operation: `oauth.${operation}`,
      handle: (_, reply) => reply.send(200, headers, bytes),
    })

  get('/.well-known/openid-configuration', 'discovery', machine())
  get('/.well-known/oauth-authorization-server', 'metadata', machine())
  get(ENDPOINTS.authorization, 'authorize', page, 'write')
  get(`${ENDPOINTS.authorization}/:uid`, 'resume', resume, 'write')
  post(ENDPOINTS.token, 'token', machine())
  post(ENDPOINTS.pushed_authorization_request, 'push', machine())
  post(ENDPOINTS.device_authorization, 'device-authorize', machine())
  post(ENDPOINTS.introspection, 'introspect', machine(markSigned))
  post(ENDPOINTS.revocation, 'revoke', machine(markSigned))
  get(ENDPOINTS.userinfo, 'userinfo', machine())
  post(ENDPOINTS.userinfo, 'userinfo-post', machine())
  get(ENDPOINTS.code_verification, 'device', showDevice, 'write')
  post(ENDPOINTS.code_verification, 'device-code', takeDevice, 'sensitive')
  get(`${ENDPOINTS.code_verification}/:uid`, 'device-resume', page, 'write')
  get(ENDPOINTS.end_session, 'end-session', page, 'write')
  post(`${ENDPOINTS.end_session}/confirm`, 'end-session-confirm', page)
  get(`${ENDPOINTS.end_session}/success`, 'end-session-success', page)
  get('/oauth/interaction/:uid', 'interaction', step('show'))
  for (const task of ['sign-in', 'second-factor'] as const) post(`/oauth/interaction/:uid/${task}`, task, step(task), 'sensitive')
  post('/oauth/interaction/:uid/passkey-challenge', 'passkey-challenge', passkeyChallenge, 'sensitive')
  for (const task of ['consent', 'cancel'] as const) post(`/oauth/interaction/:uid/${task}`, task, step(task))
  file('style', STYLE_ASSET)
  file('passkey-script', PASSKEY_ASSET)
}

function writeForm(form: Pairs): Buffer {
  return Buffer.from(new URLSearchParams(form).toString())
}

/** What was typed or linked to is shown again, when it is wrong. */
function noteUserCode({ notes }: ProviderRequest, { user_code: userCode }: Pairs): void {
  if (userCode !== undefined) notes.userCode = userCode.slice(0, USER_CODE_LENGTH_MAX)
}
