/**
 * Mounts the GraphQL surface of a domain on a server, as GraphQL over HTTP has it: POST for all operations, GET for queries.
 * @see https://graphql.github.io/graphql-over-http/draft/
 */
import type { WatchContext } from '../engine/index.ts'
import { type HttpReply, type HttpRequest, type HttpServer, headerBlock, type RenderFailure, readOnceKey } from '../http/index.ts'
import { type Clock, PlinthError } from '../kernel/index.ts'
import type { OperationRequest, ReadyOperation } from './document/ready-operation.ts'
import { chooseMediaType, GRAPHQL_TYPE, JSON_TYPE, type MediaType, wantsPage } from './endpoint/media-type.ts'
import { OPERATIONS } from './endpoint/operations.ts'
import { readBodyRequest, readUrlRequest } from './endpoint/read-request.ts'
import { refuseSimpleRequest } from './endpoint/refuse-simple-request.ts'
import { Executor, type ExecutorOptions } from './executor.ts'
import { mountEditorFiles, sendEditor } from './graphiql/mount-graphiql.ts'
import { mountSockets } from './subscriptions/mount-sockets.ts'
import { type EventsScope, serveEvents, wantsEvents } from './subscriptions/serve-events.ts'
import { Subscriptions } from './subscriptions/subscriptions.ts'

export interface GraphqlOptions extends Omit<ExecutorOptions, 'docsUrl'> {
  readonly server: HttpServer
  /** The wall clock that policies read. Default the system's. */
  readonly clock?: Pick<Clock, 'now'>
  /** How the service is reached from outside (`https://api.example.com`), for the links in errors. Default: a path without origin. */
  readonly origin?: string | undefined
}

const PATH = '/graphql'
const VARY = 'accept, authorization, origin'
const HEADERS = {
  [GRAPHQL_TYPE]: headerBlock({ 'content-type': `${GRAPHQL_TYPE}; charset=utf-8`, vary: VARY }),
  [JSON_TYPE]: headerBlock({ 'content-type': `${JSON_TYPE}; charset=utf-8`, vary: VARY }),
}

/**
 * Adds `/graphql` to a server that does not listen yet.
 *
 * @returns the executor, for other transports of the same schema
 * @throws `DeclarationError` where two parts of the declaration would have one name in the schema; `TypeError` for declared documents or
 * weights that the schema does not allow
 * @example
 * mountGraphql({ domain, engine, server })
 * await server.listen({ port: 3000 })
 */
export function mountGraphql(options: GraphqlOptions): Executor {
  const { server, clock = Date, origin = '' } = options
  const executor = new Executor({ ...options, docsUrl: (code) => `${origin.replace(/\/$/, '')}/docs/errors#${code}` })
  const live = { executor, subscriptions: new Subscriptions({ schema: executor.schema, engine: options.engine, clock }) }
  const renderFailure: RenderFailure = (error, requestId) => ({
    headers: HEADERS[JSON_TYPE],
    body: executor.renderRefusal([{ error }], requestId),
  })
  const shared = {
    path: PATH,
    operation: OPERATIONS.query,
    surface: 'graphql',
    limit: 'read',
    variants: { [OPERATIONS.mutation]: { limit: 'write' }, [OPERATIONS.subscription]: {} },
    renderFailure,
  } as const
  const answer = async (request: HttpRequest, reply: HttpReply, asked: OperationRequest): Promise<void> => {
    refuseSimpleRequest(request)
    const type = chooseMediaType(request.header('accept'))
    const readiness = executor.read(asked)
    if (readiness.kind === 'refused') {
      const [first] = readiness.errors
      if (first !== undefined) reply.note(first.error)
      const status = type === GRAPHQL_TYPE || wantsEvents(request.header('accept')) ? (first?.error.status ?? 400) : 200
      reply.send(status, HEADERS[type], executor.renderRefusal(readiness.errors, request.requestId))
      return
    }
    await run({ ...live, server, clock }, request, reply, readiness.ready, type)
  }
  server.route({ ...shared, method: 'POST', handle: (request, reply) => answer(request, reply, readBodyRequest(request)) })
  server.route({
    ...shared,
    method: 'GET',
    handle(request, reply) {
      const isLook = options.isOpen === true && request.url === PATH && wantsPage(request.header('accept'))
      return isLook ? sendEditor(reply) : answer(request, reply, readUrlRequest(request))
    },
  })
  if (options.isOpen === true) mountEditorFiles(server)
  mountSockets(server, PATH, live, clock)
  return executor
}

interface RunScope extends EventsScope {
  readonly server: HttpServer
  readonly clock: Pick<Clock, 'now'>
}

async function run(
  scope: RunScope,
  request: HttpRequest,
  reply: HttpReply,
  ready: ReadyOperation,
  type: MediaType,
): Promise<void> {
  const { executor, clock, server } = scope
  const isStream = wantsEvents(request.header('accept'))
  if (ready.type !== 'query') {
    // A browser's own client of events can do nothing but GET.
    if (request.method !== 'POST' && !(isStream && ready.type === 'subscription'))
      throw new PlinthError('VALIDATION_METHOD_NOT_ALLOWED', `A ${ready.type} cannot come by ${request.method}, expected POST`)
    await reply.turnInto(OPERATIONS[ready.type])
  }
  if (ready.cost > 1) await reply.charge(ready.cost)
  const context: WatchContext = {
    actor: request.actor,
    nowMs: clock.now(),
    address: request.address,
    requestId: request.requestId,
    caller: request.waiter,
    renew: () => server.authenticate(request.header('authorization')),
  }
  const onceKey = ready.type === 'mutation' ? readOnceKey(request, OPERATIONS.mutation, fingerprintOf(ready)) : undefined
  if (isStream) return serveEvents(scope, ready, context, reply, onceKey)
  const outcome = await executor.run(ready, context, onceKey)
  for (const { error } of outcome.errors) reply.note(error)
  const extra = outcome.isReplay === true ? ['idempotency-replayed', 'true'] : []
  reply.send(200, HEADERS[type], executor.render(outcome, request.requestId), extra)
}

/** All that the outcome of a mutation depends on. */
function fingerprintOf({ request, operation }: ReadyOperation): readonly unknown[] {
  return [request.text ?? null, request.documentId ?? null, operation.name, request.variables]
}
