/** Routes under `/auth/clients` for those who look after clients. Nobody lends what they do not have. */
import { expectFreshProof, type IdentityRoute, type IdentityScope, listSchema, objectSchema, TIME_SCHEMA } from '../auth/index.ts'
import type { HttpRequest } from '../http/index.ts'
import { type Clock, type ErrorDetail, invalid, PlinthError, type Uuid } from '../kernel/index.ts'
import { choice, type Json, type JsonSchema, list, text } from '../model/index.ts'
import type { ClientChanger, OAuthClient, OAuthClients } from './clients.ts'
import { CLIENT_KINDS, type ClientKind } from './redirect-uri.ts'
import { IDENTITY_SCOPES } from './scopes.ts'

export interface ClientRoutesParts {
  readonly clients: OAuthClients
  readonly clock: Pick<Clock, 'now'>
  /** Whether an account has one, which then has to be fresh too. */
  readonly hasSecondFactor: (accountId: Uuid) => Promise<boolean>
  readonly report: IdentityScope['report']
}

const READ = 'clients:read'
const WRITE = 'clients:write'

const TEXT: JsonSchema = { type: 'string', maxLength: 1_000 }
const TEXTS = listSchema(TEXT, 256)
const PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  id: TEXT,
  name: TEXT,
  kind: { type: 'string', enum: [...CLIENT_KINDS] },
  redirect_uris: TEXTS,
  grants: TEXTS,
  scopes: TEXTS,
  has_secret: { type: 'boolean' },
  created_at: TIME_SCHEMA,
  updated_at: TIME_SCHEMA,
  disabled_at: { ...TIME_SCHEMA, type: ['string', 'null'] },
}
const CLIENT = objectSchema(PROPERTIES)
const WITH_SECRET = objectSchema({ ...PROPERTIES, secret: { type: ['string', 'null'], maxLength: 64 } })
const READ_ERRORS = ['AUTH_REQUIRED', 'AUTH_FORBIDDEN']
const WRITE_ERRORS = [...READ_ERRORS, 'AUTH_STEP_UP_REQUIRED']

/** What the routes take and answer, without a service behind them: for documents. Their handlers must not be called. */
export function describeClientRoutes(): readonly IdentityRoute[] {
  // What is in their parts is asked when they run.
  return clientRoutes({} as never)
}

/** The routes, for `mountIdentityRoutes`; who calls them needs `clients:read` or `clients:write`. */
export function clientRoutes({ clients, clock, report, hasSecondFactor }: ClientRoutesParts): readonly IdentityRoute[] {
  const change = async <Changed>(
    request: HttpRequest,
    event: string,
    run: (by: ClientChanger) => Promise<Changed>,
    idOf: (changed: Changed) => string,
  ): Promise<Changed> => {
    expectPermission(request, WRITE)
    const { session, subject, id } = request.actor
    // A person has shown lately that it is they; a service has its secret and nothing else to show.
    if (request.actor.kind === 'user')
      expectFreshProof(
        { authenticatedAtMs: session?.authenticatedAtMs ?? null, secondFactorAtMs: session?.secondFactorAtMs ?? null },
        id !== null && (await hasSecondFactor(id)),
        clock.now(),
      )
    const changed = await run({ actor: subject, requestId: request.requestId })
    report({ event, subject, requestId: request.requestId, fields: { client_id: idOf(changed) } })
    return changed
  }
  const setDisabled = async (request: HttpRequest, isDisabled: boolean) => {
    const event = isDisabled ? 'admin.client_disabled' : 'admin.client_enabled'
    await change(
      request,
      event,
      (by) => clients.setDisabled(idOf(request), isDisabled, by),
      ({ id }) => id,
    )
    return { status: 204 }
  }

  return [
    {
      method: 'GET',
      path: '/auth/clients',
      operation: 'clients.list',
      summary: 'The OAuth clients, the oldest first.',
      caller: 'anybody',
      limit: 'read',
      answers: { 200: { description: 'At most 1,000.', data: listSchema(CLIENT, 1_000) } },
      errors: READ_ERRORS,
      async handle(request) {
        expectPermission(request, READ)
        return { status: 200, data: (await clients.list()).map(renderClient) }
      },
    },
    {
      method: 'POST',
      path: '/auth/clients',
      operation: 'clients.create',
      summary: 'Register an OAuth client. Its secret is in this answer and nowhere else.',
      caller: 'anybody',
      limit: 'sensitive',
      input: {
        name: text({ min: 1, max: 100 }),
        kind: choice([...CLIENT_KINDS]),
        redirectUris: list(text({ max: 1_000 }), { max: 20 }).optional(),
        scopes: list(text({ max: 128 }), { max: 256 }),
      },
      answers: { 201: { description: 'The client is registered.', data: WITH_SECRET } },
      errors: [...WRITE_ERRORS, 'VALIDATION_FAILED'],
      async handle(request, input) {
        const order = {
          name: String(input['name']),
          kind: input['kind'] as ClientKind,
          redirectUris: (input['redirectUris'] as readonly string[] | null | undefined) ?? [],
          scopes: input['scopes'] as readonly string[],
        }
        const create = (by: ClientChanger) => {
          expectOwnPermissions(request, order.scopes)
          return clients.create(order, by)
        }
        const { client, secret } = await change(request, 'admin.client_created', create, (made) => made.client.id)
        return {
          status: 201,
          data: { ...renderClient(client), secret },
          headers: ['location', `/auth/clients/${client.id}`],
        }
      },
    },
    {
      method: 'GET',
      path: '/auth/clients/:id',
      operation: 'clients.get',
      summary: 'One OAuth client.',
      caller: 'anybody',
      limit: 'read',
      answers: { 200: { description: 'The client.', data: CLIENT } },
      errors: [...READ_ERRORS, 'NOT_FOUND_RECORD'],
      async handle(request) {
        expectPermission(request, READ)
        return { status: 200, data: renderClient(await clients.show(idOf(request))) }
      },
    },
    {
      method: 'POST',
      path: '/auth/clients/:id/secret',
      operation: 'clients.rotate-secret',
      summary: 'Give an OAuth client a new secret; the old one serves no more.',
      caller: 'anybody',
      limit: 'sensitive',
      answers: { 200: { description: 'The client, with its new secret.', data: WITH_SECRET } },
      errors: [...WRITE_ERRORS, 'NOT_FOUND_RECORD'],
      async handle(request) {
        const rotate = async (by: ClientChanger) => {
          const { scopes } = await clients.show(idOf(request))
          // A new secret is the client itself: whoever gets it can do all that it may.
          expectOwnPermissions(request, scopes)
          return clients.rotateSecret(idOf(request), by)
        }
        const { client, secret } = await change(request, 'admin.client_secret_rotated', rotate, (made) => made.client.id)
        return { status: 200, data: { ...renderClient(client), secret } }
      },
    },
    {
      method: 'PUT',
      path: '/auth/clients/:id/suspension',
      operation: 'clients.disable',
      summary: 'Disable an OAuth client: it gets no tokens, and those that it has are refused.',
      caller: 'anybody',
      limit: 'write',
      answers: { 204: { description: 'The client is disabled.', data: null } },
      errors: [...WRITE_ERRORS, 'NOT_FOUND_RECORD'],
      handle: (request) => setDisabled(request, true),
    },
    {
      method: 'DELETE',
      path: '/auth/clients/:id/suspension',
      operation: 'clients.enable',
      summary: 'Enable an OAuth client again.',
      caller: 'anybody',
      limit: 'write',
      answers: { 204: { description: 'The client may be used again.', data: null } },
      errors: [...WRITE_ERRORS, 'NOT_FOUND_RECORD'],
      handle: (request) => setDisabled(request, false),
    },
  ]
}

/** A client as it is written down: names in snake_case, times in ISO 8601. */
function renderClient(client: OAuthClient) {
  return {
    id: client.id,
    name: client.name,
    kind: client.kind,
    redirect_uris: [...client.redirectUris],
    grants: [...client.grants],
    scopes: [...client.scopes],
    has_secret: client.hasSecret,
    created_at: client.createdAt.toISOString(),
    updated_at: client.updatedAt.toISOString(),
    disabled_at: client.disabledAt?.toISOString() ?? null,
  } satisfies Json
}

function idOf({ params }: HttpRequest): string {
  return params['id'] ?? ''
}

/** @throws `AUTH_REQUIRED` for nobody, `AUTH_FORBIDDEN` */
function expectPermission({ actor }: HttpRequest, permission: string): void {
  if (actor.permissions.includes(permission)) return
  throw actor.kind === 'nobody' ? new PlinthError('AUTH_REQUIRED') : new PlinthError('AUTH_FORBIDDEN')
}

/** @throws `VALIDATION_FAILED` that names what the caller cannot lend */
function expectOwnPermissions({ actor }: HttpRequest, scopes: readonly string[]): void {
  const details = scopes.flatMap((scope, at): ErrorDetail[] =>
    actor.permissions.includes(scope) || (IDENTITY_SCOPES as readonly string[]).includes(scope)
      ? []
      : [{ field: `scopes.${at}`, code: 'choice', message: `Cannot lend "${scope.slice(0, 100)}": you do not have it yourself` }],
  )
  if (details.length > 0) throw invalid(details)
}
