/**
 * Makes a POST with an `Idempotency-Key` happen once: what came first answers for all that repeat it.
 *
 * Only answers of requests that succeeded are kept; one that was refused has changed nothing, and
 * may be sent again.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
import type { Engine, KeptAnswer, OnceKey, ResourceOperations } from '../engine/index.ts'
import { type HeaderBlock, type HttpReply, type HttpRequest, readOnceKey } from '../http/index.ts'
import type { RestRoute } from './routes.ts'

export interface OnceScope {
  readonly route: RestRoute
  readonly engine: Engine
  /** Those that every answer of the route has. */
  readonly headers: HeaderBlock
  readonly request: HttpRequest
  readonly reply: HttpReply
}

/** Runs the work of a POST, once if the caller gave a key, and sends its answer. */
export async function answerOnce(
  { route, engine, headers, request, reply }: OnceScope,
  work: (operations: ResourceOperations) => Promise<KeptAnswer>,
): Promise<void> {
  const { name } = route.resource
  const key = readKey(route, request)
  if (key === undefined) {
    send(reply, headers, await work(engine.resource(name)), false)
    return
  }
  const { answer, isReplay } = await engine.once(key, (resource) => work(resource(name)))
  send(reply, headers, answer, isReplay)
}

function send(reply: HttpReply, headers: HeaderBlock, answer: KeptAnswer, isReplay: boolean): void {
  const extra: string[] = []
  for (const name in answer.headers) extra.push(name, answer.headers[name] ?? '')
  if (isReplay) extra.push('idempotency-replayed', 'true')
  reply.send(answer.status, headers, answer.body, extra)
}

/** @throws `VALIDATION_FAILED` for a key of another form, `AUTH_REQUIRED` for a key of nobody */
function readKey(route: RestRoute, request: HttpRequest): OnceKey | undefined {
  const path = `${route.operation} ${renderPath(route, request)}`
  return readOnceKey(request, path, [request.method, request.header('if-match') ?? null, request.body])
}

/** The path by its parameters: two spellings of one address (`%70ost_…`) are one route. */
function renderPath(route: RestRoute, request: HttpRequest): string {
  return route.path.replace(/:([a-z_]+)/g, (_, name: string) => request.params[name] ?? '')
}
