/**
 * Makes the library's provider, and mends what it does otherwise than this server should.
 *
 * The library is loaded when the first provider is made, and a new provider is made for each change of the keys; requests under way keep
 * theirs.
 */
import type { EventEmitter } from 'node:events'
import type { Configuration, KoaContextWithOIDC, Provider as LibraryProvider } from 'oidc-provider'
import { createConfiguration } from './configuration.ts'
import { BROWSER_LIFETIME_S } from './grant-sessions.ts'
import type { Library, ProviderParts } from './provider-parts.ts'
import type { ProviderRequest } from './run-provider.ts'
import { IDENTITY_SCOPES } from './scopes.ts'

/** In the title of the library's pages that post themselves, which the content security policy stops. */
const SELF_POSTING = '<title>Submitting Callback</title>'

type ResponseMode = Parameters<LibraryProvider['registerResponseMode']>[1]
let library: Promise<Library> | undefined
let loaded: Library | undefined

/** Makes a provider for the keys as they are now. */
export async function createProvider(parts: ProviderParts): Promise<LibraryProvider> {
  // 300 ms and 40 MB that a service without OAuth clients never spends.
  library ??= import('oidc-provider')
  loaded = await library
  const { Provider } = loaded

  let byQuery: ResponseMode | undefined
  /**
   * Knows one way back to the client: the query of the redirect. A form that posts itself needs script, a fragment leaks. No client is
   * registered with these modes, but the library tells of an error by the mode that was asked for.
   */
  class PlinthProvider extends Provider {
    override registerResponseMode(name: string, handler: ResponseMode): void {
      // The library registers `query` first.
      byQuery ??= handler
      super.registerResponseMode(name, byQuery)
    }
  }

  const configuration = createConfiguration(parts, loaded)
  const provider = new PlinthProvider(parts.origin, configuration)
  mendSessions(provider, configuration.cookies?.long)
  const { clients } = parts
  provider.Client.prototype.compareClientSecret = function (this: { clientSecret?: string }, secret: string) {
    return clients.isSecret(this.clientSecret ?? '', secret)
  }
  provider.on('server_error', (ctx, error) => parts.onFault(error, ctx.req as unknown as ProviderRequest))
  // What Koa has nobody else for; without a listener it would print.
  ;(provider as EventEmitter).on('error', (error: unknown) => parts.onFault(error, undefined))
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.path.startsWith('/.well-known/') && typeof ctx.body === 'object' && ctx.body !== null)
      ctx.body = withOurWords(ctx.body as Readonly<Record<string, unknown>>, parts.permissions)
    if (typeof ctx.body === 'string' && ctx.body.includes(SELF_POSTING))
      ctx.body = parts.pages.goOn(ctx as unknown as KoaContextWithOIDC)
  })
  return provider
}

interface LibrarySession {
  readonly id: string
  readonly exp?: number
  save(ttl: number): Promise<unknown>
  persist(): Promise<unknown>
}

/**
 * Lets a browser without a session fail on the pages for devices.
 *
 * The library shows the form again, with a secret in a session that it has neither saved nor told the browser of, and then fails to save it.
 */
function mendSessions(provider: LibraryProvider, cookie: NonNullable<Configuration['cookies']>['long']): void {
  const prototype = provider.Session.prototype as unknown as LibrarySession
  const { persist } = prototype
  prototype.persist = async function (this: LibrarySession) {
    if (typeof this.exp === 'number') return persist.call(this)
    await this.save(BROWSER_LIFETIME_S)
    // The same as `Provider.ctx`, with the types of a route.
    const ctx = loaded?.Provider.ctx as KoaContextWithOIDC | undefined
    ctx?.oidc.cookies.set(provider.cookieName('session'), this.id, cookie)
    return undefined
  }
}

/** The request that the library is answering, for what happens deep within; undefined outside of one. */
export function currentRequest(): ProviderRequest | undefined {
  return loaded?.Provider.ctx?.req as ProviderRequest | undefined
}

/** The library writes of what it could do; this server can less. */
function withOurWords(document: Readonly<Record<string, unknown>>, permissions: readonly string[]) {
  return {
    ...document,
    response_modes_supported: ['query'],
    scopes_supported: [...IDENTITY_SCOPES, ...permissions],
    token_endpoint_auth_signing_alg_values_supported: undefined,
    claims_supported: ['sub', 'name', 'email', 'email_verified', 'iss', 'auth_time', 'amr'],
  }
}
