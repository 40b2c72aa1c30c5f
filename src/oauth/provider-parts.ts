/** What a provider is made of: the library, the parts of this server that it asks, and the pages that it shows. */
import type { Adapter, KoaContextWithOIDC } from 'oidc-provider'
import type { Accounts, SigningKeys } from '../auth/index.ts'
import type { Uuid } from '../kernel/index.ts'
import type { AdapterErrors } from './adapter.ts'
import type { OAuthClients } from './clients.ts'
import type { GrantSessions } from './grant-sessions.ts'
import type { ProviderRequest } from './run-provider.ts'

/** The library, which is loaded late. */
export type Library = typeof import('oidc-provider')

/** What people see; each returns a whole page. */
export interface ProviderPages {
  error(
    ctx: KoaContextWithOIDC,
    out: { readonly error: string; readonly error_description?: string | undefined },
    fault: Error,
  ): string
  enterCode(ctx: KoaContextWithOIDC, fault: Error | undefined): string
  confirmCode(ctx: KoaContextWithOIDC, clientName: string, userCode: string): string
  deviceDone(ctx: KoaContextWithOIDC, clientName: string): string
  signOut(ctx: KoaContextWithOIDC): string
  signedOut(ctx: KoaContextWithOIDC): string
  /** Where the library would post a form by script: the same form with a button. */
  goOn(ctx: KoaContextWithOIDC): string
}

export interface ProviderParts {
  readonly origin: string
  readonly audience: string
  readonly roles: Readonly<Record<string, readonly string[]>>
  readonly permissions: readonly string[]
  readonly accountPrefix: string
  readonly newId: () => Uuid
  readonly keys: Pick<SigningKeys, 'signer' | 'privateJwks'>
  readonly accounts: Pick<Accounts, 'findById'>
  readonly clients: OAuthClients
  readonly grants: GrantSessions
  readonly pages: ProviderPages
  readonly createAdapter: (kind: string, errors: AdapterErrors, currentRoute: () => string | undefined) => Adapter
  readonly onFault: (error: unknown, request: ProviderRequest | undefined) => void
}
