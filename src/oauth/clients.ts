/**
 * The clients of the authorization server: who may ask for tokens, by which way, for what.
 *
 * A secret is shown once, when it is made, and kept as a digest. What is read of a client is remembered for a few seconds, since each token
 * asks for it; a change on this instance counts at once.
 */
import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Vault } from '../auth/index.ts'
import { type Clock, decodeTypeId, type ErrorDetail, encodeTypeId, invalid, PlinthError, type Uuid } from '../kernel/index.ts'
import type { SqlDatabase } from '../sql/index.ts'
import { CLIENT_KINDS, type ClientKind, judgeRedirectUri } from './redirect-uri.ts'
import { IDENTITY_SCOPES, type Scopes } from './scopes.ts'

export interface OAuthClient {
  /** `client_…`, the `client_id` of requests. */
  readonly id: string
  readonly name: string
  readonly kind: ClientKind
  readonly redirectUris: readonly string[]
  /** Grant types, as OAuth names them. */
  readonly grants: readonly string[]
  /** Permissions and scopes of OpenID Connect that it may ask for. */
  readonly scopes: readonly string[]
  readonly hasSecret: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
  /** Since when all its tokens are refused. */
  readonly disabledAt: Date | null
}

export interface ClientOrder {
  /** What people read when they are asked: 1 to 100 characters. */
  readonly name: string
  readonly kind: ClientKind
  readonly redirectUris?: readonly string[]
  readonly scopes: readonly string[]
}

/** A client with the secret that nobody will see again; null for a client that cannot keep one. */
export interface ClientWithSecret {
  readonly client: OAuthClient
  readonly secret: string | null
}

/** Who changes a client, for the journal. */
export interface ClientChanger {
  readonly actor: string | null
  readonly requestId: string
}

export interface OAuthClientsParts {
  readonly sql: SqlDatabase
  readonly clock: Pick<Clock, 'now'>
  readonly newId: () => Uuid
  readonly vault: Pick<Vault, 'makeSecret' | 'digest'>
  readonly scopes: Scopes
  /** Told of a client that was disabled or enabled, on this instance, before the caller has the answer. */
  readonly onChanged?: (clientId: string) => void
}

const ID_PREFIX = 'client'
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const GRANTS: Readonly<Record<ClientKind, readonly string[]>> = {
  web: ['authorization_code', 'refresh_token'],
  native: ['authorization_code', 'refresh_token'],
  service: ['client_credentials'],
  device: [DEVICE_GRANT, 'refresh_token'],
}
/** Kinds that can keep a secret. */
const WITH_SECRET: ReadonlySet<ClientKind> = new Set(['web', 'service'])
const WITH_REDIRECT: ReadonlySet<ClientKind> = new Set(['web', 'native'])
const REDIRECT_URIS_MAX = 20
const NAME_LENGTH_MAX = 100
/** Letters, marks, digits, punctuation and spaces; nothing that turns the direction of a line or hides in it. */
const NAME_FORM = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u
/** A disabled client is refused within five seconds everywhere (ASVS 10.4). */
const FRESH_MS = 5_000
const REMEMBERED_MAX = 1_000

const COLUMNS =
  'client_id, name, kind, redirect_uris, grants, scopes, secret_digest IS NOT NULL AS has_secret, created_at, updated_at, disabled_at'
/** The feed that standings follow knows a client by its id in `changed`. */
const JOURNAL = `INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id, changed)
SELECT $2::timestamptz, 'plinth.client', '00000000-0000-0000-0000-000000000000', $3::text, 0, $4::text, $5::text, jsonb_build_object('id', w.client_id) FROM w`
const INSERT = `WITH w AS (INSERT INTO plinth_oauth_clients (client_id, name, secret_digest, kind, redirect_uris, grants, scopes, created_at, updated_at)
VALUES ($1::text, $6::text, $7::text, $8::text, $9::text[], $10::text[], $11::text[], $2::timestamptz, $2::timestamptz) RETURNING ${COLUMNS}),
j AS (${JOURNAL}) SELECT * FROM w`
const SET_SECRET = `WITH w AS (UPDATE plinth_oauth_clients SET secret_digest = $6::text, updated_at = $2::timestamptz
WHERE client_id = $1::text AND secret_digest IS NOT NULL RETURNING ${COLUMNS}), j AS (${JOURNAL}) SELECT * FROM w`
const SET_DISABLED = `WITH w AS (UPDATE plinth_oauth_clients SET disabled_at = CASE WHEN $6::boolean THEN coalesce(disabled_at, $2::timestamptz) END, updated_at = $2::timestamptz
WHERE client_id = $1::text RETURNING ${COLUMNS}), j AS (${JOURNAL}),
s AS (UPDATE plinth_sessions SET ended_at = $2::timestamptz, end_reason = 'client_disabled' WHERE $6::boolean AND client_id = $1::text AND ended_at IS NULL)
SELECT * FROM w`
const FIND = `SELECT ${COLUMNS}, secret_digest FROM plinth_oauth_clients WHERE client_id = $1::text`
const LIST = `SELECT ${COLUMNS} FROM plinth_oauth_clients ORDER BY created_at, client_id LIMIT 1000`

interface Row {
  readonly client_id: string
  readonly name: string
  readonly kind: ClientKind
  readonly redirect_uris: readonly string[]
  readonly grants: readonly string[]
  readonly scopes: readonly string[]
  readonly has_secret: boolean
  readonly created_at: Date
  readonly updated_at: Date
  readonly disabled_at: Date | null
}

interface SecretRow extends Row {
  readonly secret_digest: string | null
}

/** A client as the server uses it: with the digest of its secret. */
export interface KnownClient {
  readonly client: OAuthClient
  readonly secretDigest: string | null
}

export class OAuthClients {
  readonly #parts: OAuthClientsParts
  readonly #known = new LRUCache<string, { readonly found: KnownClient | null; readonly untilMs: number }>({
    max: REMEMBERED_MAX,
  })

  constructor(parts: OAuthClientsParts) {
    this.#parts = parts
  }

  /**
   * Registers a client. Its grant types follow from its kind.
   *
   * @throws `VALIDATION_FAILED` that names each field that is wrong
   * @example
   * const { client, secret } = await clients.create({ name: 'Nightly export', kind: 'service', scopes: ['posts:read'] }, by)
   */
  async create(order: ClientOrder, by: ClientChanger): Promise<ClientWithSecret> {
    const { name, kind, redirectUris = [], scopes } = order
    const faults = this.#judge({ name, kind, redirectUris, scopes })
    if (faults.length > 0) throw invalid(faults)
    const clientId = encodeTypeId(ID_PREFIX, this.#parts.newId())
    const secret = WITH_SECRET.has(kind) ? this.#parts.vault.makeSecret() : null
    const [row] = await this.#parts.sql.query<Row>(INSERT, [
      ...this.#change(clientId, 'create', by),
      name,
      secret === null ? null : this.#parts.vault.digest(secret),
      kind,
      [...new Set(redirectUris)],
      [...GRANTS[kind]],
      [...new Set(scopes)].sort(),
    ])
    if (row === undefined) throw new PlinthError('INTERNAL_ERROR', 'Cannot register a client: the database returned nothing')
    this.#forget(clientId)
    return { client: toClient(row), secret }
  }

  /** All clients, the oldest first; at most 1,000. */
  async list(): Promise<readonly OAuthClient[]> {
    return (await this.#parts.sql.query<Row>(LIST)).map(toClient)
  }

  /** @throws `NOT_FOUND_RECORD` */
  async show(clientId: string): Promise<OAuthClient> {
    const [row] = await this.#parts.sql.query<SecretRow>(FIND, [clientId])
    if (row === undefined) throw notFound()
    return toClient(row)
  }

  /**
   * Makes a new secret; the old one serves no more.
   * @throws `NOT_FOUND_RECORD`, also for a client that has no secret
   */
  async rotateSecret(clientId: string, by: ClientChanger): Promise<ClientWithSecret> {
    const secret = this.#parts.vault.makeSecret()
    const values = [...this.#change(clientId, 'rotate-secret', by), this.#parts.vault.digest(secret)]
    const [row] = await this.#parts.sql.query<Row>(SET_SECRET, values)
    if (row === undefined) {
      const { kind } = await this.show(clientId)
      throw new PlinthError('NOT_FOUND_RECORD', `The client has no secret: it is of kind "${kind}", which keeps none`)
    }
    this.#forget(clientId)
    return { client: toClient(row), secret }
  }

  /**
   * Disables a client, or enables it again. While it is disabled it gets no tokens, and those that it has are refused; what people lent it ends, and
   * does not come back with it.
   * @throws `NOT_FOUND_RECORD`
   */
  async setDisabled(clientId: string, isDisabled: boolean, by: ClientChanger): Promise<OAuthClient> {
    const values = [...this.#change(clientId, isDisabled ? 'disable' : 'enable', by), isDisabled]
    const [row] = await this.#parts.sql.query<Row>(SET_DISABLED, values)
    if (row === undefined) throw notFound()
    this.#forget(clientId)
    return toClient(row)
  }

  /** The client as the server uses it, at most five seconds old; null where there is none or it is disabled. */
  async known(clientId: string): Promise<KnownClient | null> {
    const nowMs = this.#parts.clock.now()
    const remembered = this.#known.get(clientId)
    if (remembered !== undefined && nowMs < remembered.untilMs) return remembered.found
    if (decodeTypeId(ID_PREFIX, clientId) === undefined) return null
    const [row] = await this.#parts.sql.query<SecretRow>(FIND, [clientId])
    const found =
      row === undefined || row.disabled_at !== null ? null : { client: toClient(row), secretDigest: row.secret_digest }
    this.#known.set(clientId, { found, untilMs: nowMs + FRESH_MS })
    return found
  }

  /** Compares in constant time. */
  isSecret(secretDigest: string, secret: string): boolean {
    return timingSafeEqual(Buffer.from(this.#parts.vault.digest(secret)), Buffer.from(secretDigest))
  }

  #change(clientId: string, operation: string, by: ClientChanger) {
    return [clientId, new Date(this.#parts.clock.now()).toISOString(), operation, by.actor, by.requestId] as const
  }

  #forget(clientId: string): void {
    this.#known.delete(clientId)
    this.#parts.onChanged?.(clientId)
  }

  #judge({ name, kind, redirectUris, scopes }: Required<ClientOrder>): ErrorDetail[] {
    const faults: ErrorDetail[] = []
    const add = (field: string, code: string, message: string): void => void faults.push({ field, code, message })
    if (name.trim() === '' || name.length > NAME_LENGTH_MAX || !NAME_FORM.test(name))
      add('name', 'format', `Cannot name a client: expected 1 to ${NAME_LENGTH_MAX} visible characters`)
    if (!CLIENT_KINDS.includes(kind)) {
      add('kind', 'choice', `Cannot register a client of kind "${kind}": expected one of ${CLIENT_KINDS.join(', ')}`)
      return faults
    }
    if (!WITH_REDIRECT.has(kind) && redirectUris.length > 0)
      add('redirectUris', 'unknown', `Cannot redirect to a client of kind "${kind}": it has no redirect URIs, expected none`)
    else if (WITH_REDIRECT.has(kind) && (redirectUris.length === 0 || redirectUris.length > REDIRECT_URIS_MAX))
      add('redirectUris', 'required', `Cannot register a client without a redirect URI: expected 1 to ${REDIRECT_URIS_MAX}`)
    for (const [at, uri] of redirectUris.entries()) {
      const fault = judgeRedirectUri(uri, kind)
      if (fault !== undefined) add(`redirectUris.${at}`, 'format', `Cannot redirect to "${uri.slice(0, 200)}": ${fault}`)
    }
    for (const [at, scope] of scopes.entries()) {
      if (!this.#parts.scopes.isKnown(scope))
        add(`scopes.${at}`, 'choice', `Cannot lend the scope "${scope.slice(0, 100)}": the domain has no such permission`)
      else if (kind === 'service' && (IDENTITY_SCOPES as readonly string[]).includes(scope))
        add(`scopes.${at}`, 'choice', `Cannot lend the scope "${scope}" to a service: there is no person behind it`)
    }
    return faults
  }
}

function notFound(): PlinthError {
  return new PlinthError('NOT_FOUND_RECORD', 'There is no such client')
}

function toClient(row: Row): OAuthClient {
  return {
    id: row.client_id,
    name: row.name,
    kind: row.kind,
    redirectUris: row.redirect_uris,
    grants: row.grants,
    scopes: row.scopes,
    hasSecret: row.has_secret,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    disabledAt: row.disabled_at,
  }
}
