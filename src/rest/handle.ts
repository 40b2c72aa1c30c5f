/**
 * What each kind of route does, as ordered steps: read, run, render. All that its requests share is made once, when the route is
 * mounted.
 */
import type { Engine, RequestContext, ResourceOperations, StoredRecord } from '../engine/index.ts'
import type { HttpReply, HttpRequest, HttpRoute } from '../http/index.ts'
import { type Clock, PlinthError, type Uuid } from '../kernel/index.ts'
import type { Deprecation } from '../model/index.ts'
import { answerOnce } from './once.ts'
import { NO_PARAMETERS } from './query-parameters.ts'
import { bodyReader } from './read-body.ts'
import { emptyListQuery, listParameters } from './read-list-query.ts'
import { readId, readParent } from './read-path.ts'
import { type ExpectedVersions, NO_VERSION, readIfMatch, readIfNoneMatch } from './read-preconditions.ts'
import { emptyRecordQuery, recordQueryParameters } from './read-record-query.ts'
import { renderEtag } from './render-etag.ts'
import { type ReplyHeaders, replyHeaders } from './render-headers.ts'
import { renderCursorPage, renderNumberedPage } from './render-page.ts'
import { type RecordRenderer, recordRenderer } from './render-record.ts'
import type { RestRoute } from './routes.ts'

type Handle = HttpRoute['handle']

/** What handlers of one route share. */
export interface HandleScope {
  readonly route: RestRoute
  readonly engine: Engine
  readonly clock: Pick<Clock, 'now'>
  readonly deprecation: Deprecation | undefined
}

/** Makes the handler of a route. */
export function handlerOf(scope: HandleScope): Handle {
  switch (scope.route.kind) {
    case 'list':
      return listHandler(scope)
    case 'get':
      return getHandler(scope)
    case 'create':
      return createHandler(scope)
    case 'update':
    case 'replace':
      return changeHandler(scope, scope.route.kind)
    case 'delete':
      return deleteHandler(scope)
    case 'restore':
      return restoreHandler(scope)
    case 'act':
      return actionHandler(scope)
  }
}

function listHandler(scope: HandleScope): Handle {
  const { route, engine } = scope
  const { resource, nesting } = route
  const operations = engine.resource(resource.name)
  const parameters = listParameters(resource)
  const headers = headersOf(scope)
  const renderPage = resource.list.pages === 'numbered' ? renderNumberedPage : renderCursorPage
  return async (request, reply) => {
    const parent = readParent(request, nesting)
    const query = parameters.readInto(request, emptyListQuery(resource))
    const page = await operations.list(contextOf(scope, request), { ...query, parent })
    const path = nesting === undefined ? route.path : route.path.replace(':id', request.params['id'] ?? '')
    reply.send(200, headers.private, renderPage(request, path, query, page))
  }
}

function getHandler(scope: HandleScope): Handle {
  const { route, engine } = scope
  const { resource, nesting, idParameter = 'id' } = route
  const operations = engine.resource(resource.name)
  const parameters = recordQueryParameters(resource)
  const headers = headersOf(scope)
  const render = recordRenderer(resource)
  return async (request, reply) => {
    const parent = readParent(request, nesting)
    const id = readId(request, idParameter, resource)
    const { fields, includesDeleted } = parameters.readInto(request, emptyRecordQuery())
    const record = await operations.get(contextOf(scope, request), { id, fields, parent, includesDeleted })

    const { fieldSets } = operations.compiled
    const shown =
      fields === undefined ? fieldSets.readable(request.actor) : fieldSets.select(request.actor, fields.names, fields.byName)
    const etag = renderEtag(record.version, includesDeleted ? fieldSets.withDeletion(shown) : shown, fieldSets.all)
    const isAnonymous = request.actor.kind === 'nobody' && request.header('authorization') === undefined && !includesDeleted
    const block = (isAnonymous ? headers.public : undefined) ?? headers.private
    if (readIfNoneMatch(request, etag)) reply.send(304, block, undefined, ['etag', etag])
    else reply.send(200, block, render.body(record, render.self(record), request.requestId), ['etag', etag])
  }
}

function createHandler(scope: HandleScope): Handle {
  const { route, engine } = scope
  const { resource, nesting } = route
  const readValues = bodyReader(resource.fields, 'create')
  const headers = headersOf(scope)
  const render = recordRenderer(resource)
  return (request, reply) => {
    NO_PARAMETERS.readInto(request, undefined)
    const parent = readParent(request, nesting)
    const values = readValues(request, parent)
    const context = contextOf(scope, request)
    return answerOnce({ route, engine, headers: headers.private, request, reply }, async (operations) => {
      const record = await operations.create(context, { values, parent })
      const self = render.self(record)
      return {
        status: 201,
        headers: { location: self, etag: etagOf(operations, request, record) },
        body: render.body(record, self, request.requestId),
      }
    })
  }
}

function changeHandler(scope: HandleScope, kind: 'update' | 'replace'): Handle {
  const { resource } = scope.route
  const operations = scope.engine.resource(resource.name)
  const readValues = bodyReader(resource.fields, kind)
  const headers = headersOf(scope)
  const render = recordRenderer(resource)
  return async (request, reply) => {
    const { id, parent, versions } = readTarget(scope.route, request)
    const values = readValues(request, parent)
    const context = contextOf(scope, request)
    const expectedVersion = await chooseVersion(versions, () => operations.get(context, { id, parent }))
    const record = await operations[kind](context, { id, values, expectedVersion, parent })
    sendRecord(reply, headers, render, operations, request, record)
  }
}

function deleteHandler(scope: HandleScope): Handle {
  const operations = scope.engine.resource(scope.route.resource.name)
  const headers = headersOf(scope)
  return async (request, reply) => {
    const { id, parent, versions } = readTarget(scope.route, request)
    const context = contextOf(scope, request)
    const expectedVersion = await chooseVersion(versions, () => operations.get(context, { id, parent }))
    await operations.delete(context, { id, expectedVersion, parent })
    reply.send(204, headers.empty)
  }
}

interface Target {
  readonly id: Uuid
  readonly parent: ReturnType<typeof readParent>
  readonly versions: ExpectedVersions
}

/** Which record a change is about, and in which version. */
function readTarget({ resource, nesting, idParameter = 'id' }: RestRoute, request: HttpRequest): Target {
  NO_PARAMETERS.readInto(request, undefined)
  const parent = readParent(request, nesting)
  return { parent, id: readId(request, idParameter, resource), versions: readIfMatch(request) }
}

function restoreHandler(scope: HandleScope): Handle {
  const readValues = bodyReader([], 'update')
  return postHandler(scope, readValues, (operations, context, { id, versions }) =>
    chooseVersion(versions, () => operations.get(context, { id, includesDeleted: true })).then((expectedVersion) =>
      operations.restore(context, { id, expectedVersion }),
    ),
  )
}

function actionHandler(scope: HandleScope): Handle {
  const { action } = scope.route
  if (action === undefined) throw new TypeError(`Cannot mount ${scope.route.path}: the route names no action`)
  const readValues = bodyReader(action.input, 'create')
  return postHandler(scope, readValues, (operations, context, { id, versions, values }) =>
    chooseVersion(versions, () => operations.get(context, { id })).then((expectedVersion) =>
      operations.act(context, { id, action, values, expectedVersion }),
    ),
  )
}

interface PostInput {
  readonly id: Uuid
  readonly versions: ExpectedVersions
  readonly values: ReturnType<ReturnType<typeof bodyReader>>
}

/** A POST on one record: an action, or its return. */
function postHandler(
  scope: HandleScope,
  readValues: ReturnType<typeof bodyReader>,
  run: (operations: ResourceOperations, context: RequestContext, input: PostInput) => Promise<StoredRecord>,
): Handle {
  const { route, engine } = scope
  const { resource } = route
  const headers = headersOf(scope)
  const render = recordRenderer(resource)
  return (request, reply) => {
    NO_PARAMETERS.readInto(request, undefined)
    const input = { id: readId(request, 'id', resource), versions: readIfMatch(request), values: readValues(request) }
    const context = contextOf(scope, request)
    return answerOnce({ route, engine, headers: headers.private, request, reply }, async (operations) => {
      const record = await run(operations, context, input)
      return {
        status: 200,
        headers: { etag: etagOf(operations, request, record) },
        body: render.body(record, render.self(record), request.requestId),
      }
    })
  }
}

function sendRecord(
  reply: HttpReply,
  headers: ReplyHeaders,
  render: RecordRenderer,
  operations: ResourceOperations,
  request: HttpRequest,
  record: StoredRecord,
): void {
  reply.send(200, headers.private, render.body(record, render.self(record), request.requestId), [
    'etag',
    etagOf(operations, request, record),
  ])
}

/** The tag of an answer that holds all that the caller may see. */
function etagOf(operations: ResourceOperations, request: HttpRequest, record: StoredRecord): string {
  const { fieldSets } = operations.compiled
  return renderEtag(record.version, fieldSets.readable(request.actor), fieldSets.all)
}

function contextOf(scope: HandleScope, request: HttpRequest): RequestContext {
  const { actor, address, requestId } = request
  return { actor, nowMs: scope.clock.now(), address, requestId, caller: request.waiter }
}

function headersOf({ route, deprecation }: HandleScope): ReplyHeaders {
  return replyHeaders(route.resource, deprecation)
}

/**
 * The one version that the store is to expect. Of several, the current one: should it change meanwhile, the write is stale all
 * the same.
 */
async function chooseVersion(versions: ExpectedVersions, read: () => Promise<StoredRecord>): Promise<number | null> {
  if (versions === null) return null
  const [first = NO_VERSION] = versions
  if (versions.length === 1) return first
  const { version } = await read()
  if (!versions.includes(version)) throw new PlinthError('CONFLICT_VERSION')
  return version
}
