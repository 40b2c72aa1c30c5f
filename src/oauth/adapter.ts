/** What the library asks of its store, answered from the clients, the artifacts, and the access tokens that nobody stores. */
import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { Artifacts } from './artifacts.ts'
import type { KnownClient, OAuthClients } from './clients.ts'
import { INTERACTION_LIFETIME_S } from './grant-sessions.ts'
import type { AccessTokenReader } from './read-access-token.ts'
import { isNative } from './redirect-uri.ts'
import { IDENTITY_SCOPES } from './scopes.ts'

/** Errors of the library, which is loaded late. */
export interface AdapterErrors {
  readonly InvalidGrant: new () => Error
  readonly SlowDown: new () => Error
}

export interface AdapterParts {
  readonly artifacts: Artifacts
  readonly clients: OAuthClients
  readonly tokens: AccessTokenReader
  readonly errors: AdapterErrors
  /** The route that the current request came by: `token`, `introspection` … */
  readonly currentRoute: () => string | undefined
}

/** RFC 8628, 3.5: what a device has to wait when it was told nothing else. */
const POLL_INTERVAL_S = 5

export function createAdapter(kind: string, parts: AdapterParts): Adapter {
  switch (kind) {
    case 'Client':
      return clientAdapter(parts)
    case 'AccessToken':
    case 'ClientCredentials':
      return accessTokenAdapter(kind, parts)
    case 'DeviceCode':
      return deviceCodeAdapter(parts)
    case 'Grant':
      return {
        ...storedAdapter(kind, parts),
        destroy: (id) => parts.artifacts.endGrant(id, parts.currentRoute() === 'token' ? 'refresh_reused' : 'signed_out'),
      }
    case 'Session':
      return sessionAdapter(parts)
    default:
      return storedAdapter(kind, parts)
  }
}

/**
 * A browser that nobody has signed in with is remembered for as long as a step takes: anybody can make as many of those as they like. One that
 * was signed out has ended: the library writes a session back behind every request, and one that was under way would sign it in again.
 */
function sessionAdapter(parts: AdapterParts): Adapter {
  const stored = storedAdapter('Session', parts)
  return {
    ...stored,
    upsert: (id, payload, lifetimeS) =>
      stored.upsert(
        id,
        payload,
        payload.accountId === undefined ? Math.min(lifetimeS ?? INTERACTION_LIFETIME_S, INTERACTION_LIFETIME_S) : lifetimeS,
      ),
    destroy: (id) => parts.artifacts.end('Session', id),
  }
}

function storedAdapter(kind: string, { artifacts, errors }: AdapterParts): Adapter {
  return {
    upsert: (id, payload, lifetimeS) => artifacts.upsert(kind, id, payload, lifetimeS),
    find: (id) => artifacts.find(kind, id) as Promise<AdapterPayload | undefined>,
    findByUid: (uid) => artifacts.findByUid(kind, uid) as Promise<AdapterPayload | undefined>,
    findByUserCode: (code) => artifacts.findByUserCode(kind, code) as Promise<AdapterPayload | undefined>,
    async consume(id) {
      if (!(await artifacts.consume(kind, id))) throw new errors.InvalidGrant()
    },
    destroy: (id) => artifacts.destroy(kind, id),
    revokeByGrantId: (grantId) => artifacts.revokeByGrantId(kind, grantId),
  }
}

function deviceCodeAdapter(parts: AdapterParts): Adapter {
  const stored = storedAdapter('DeviceCode', parts)
  return {
    ...stored,
    async find(id) {
      const payload = (await stored.find(id)) as AdapterPayload | undefined
      const isWaiting = payload !== undefined && payload.accountId === undefined && payload.error === undefined
      if (isWaiting && parts.currentRoute() === 'token' && !(await parts.artifacts.poll(id, POLL_INTERVAL_S)))
        throw new parts.errors.SlowDown()
      return payload
    },
  }
}

/** Tokens for the API are signed and not stored; those that open nothing but `/oauth/userinfo` are stored and not signed. */
function accessTokenAdapter(kind: 'AccessToken' | 'ClientCredentials', parts: AdapterParts): Adapter {
  const stored = storedAdapter(kind, parts)
  return {
    ...stored,
    find: (id) => (parts.tokens.isSigned(id) ? parts.tokens.read(kind, id, parts.currentRoute()) : stored.find(id)),
    async destroy(id) {
      await parts.tokens.revoke(id)
      await stored.destroy(id)
    },
  }
}

function clientAdapter({ clients }: AdapterParts): Adapter {
  const refuse = (): never => {
    throw new TypeError('Cannot write a client here: clients are registered by those who run the service')
  }
  return {
    async find(id) {
      const known = await clients.known(id)
      return known === null ? undefined : readMetadata(known)
    },
    upsert: async () => refuse(),
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    consume: async () => refuse(),
    destroy: async () => refuse(),
    revokeByGrantId: async () => refuse(),
  }
}

function readMetadata({ client, secretDigest }: KnownClient): AdapterPayload {
  const hasRedirect = client.redirectUris.length > 0
  return {
    client_id: client.id,
    client_name: client.name,
    // Compared by its digest: see `compareClientSecret` in provider.ts.
    ...(secretDigest !== null && { client_secret: secretDigest }),
    token_endpoint_auth_method: secretDigest === null ? 'none' : 'client_secret_basic',
    application_type: isNative(client.kind) ? 'native' : 'web',
    redirect_uris: [...client.redirectUris],
    grant_types: [...client.grants],
    response_types: hasRedirect ? ['code'] : [],
    response_modes: ['query'],
    // An empty list would mean no limit, and `openid` alone tells nothing that the token does not.
    scope: ['openid', ...IDENTITY_SCOPES.filter((scope) => scope !== 'openid' && client.scopes.includes(scope))].join(' '),
  }
}
