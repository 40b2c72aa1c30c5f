/**
 * Makes a POST with an `Idempotency-Key` happen once: what came first answers for all that repeat it.
 *
 * A key belongs to its caller and its path. Callers who are not known cannot be told apart, so they cannot have keys: one would
 * be given the answer of another. Only answers of requests that succeeded are kept; one that was refused has changed nothing, and
 * may be sent again.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
import { createHash } from 'node:crypto'
import type { Engine, KeptAnswer, OnceKey, ResourceOperations } from '../engine/index.ts'
import type { HeaderBlock, HttpReply, HttpRequest } from '../http/index.ts'
import { invalid, PlinthError } from '../kernel/index.ts'
import type { RestRoute } from './routes.ts'

/** Visible ASCII, as the draft's string without its quotes; a UUID is the usual choice. */
const KEY_FORM = /^[\x21-\x7e]{1,255}$/

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
  const key = readOnceKey(route, request)
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
function readOnceKey(route: RestRoute, request: HttpRequest): OnceKey | undefined {
  const key = request.header('idempotency-key')
  if (key === undefined) return undefined
  if (!KEY_FORM.test(key)) {
    throw invalid([
      { field: 'idempotency-key', code: 'format', message: 'idempotency-key must be 1 to 255 visible ASCII characters' },
    ])
  }
  const { kind, subject } = request.actor
  if (kind === 'nobody' || subject === null)
    throw new PlinthError('AUTH_REQUIRED', 'Sign in to use an Idempotency-Key: it belongs to its caller')
  const actor = `${kind}:${subject}`
  const path = `${route.operation} ${renderPath(route, request)}`
  return { key, actor, route: path, fingerprint: fingerprint(request, actor, path) }
}

/** The path by its parameters: two spellings of one address (`%70ost_…`) are one route. */
function renderPath(route: RestRoute, request: HttpRequest): string {
  return route.path.replace(/:([a-z_]+)/g, (_, name: string) => request.params[name] ?? '')
}

/** The caller's rights are part of it: what was answered to an admin is not given again to the same person as a viewer. */
function fingerprint(request: HttpRequest, actor: string, path: string): string {
  const { roles, permissions } = request.actor
  const rights = [roles.toSorted(), permissions.toSorted()]
  const asked = JSON.stringify([request.method, path, actor, rights, request.header('if-match') ?? null, sortKeys(request.body)])
  return createHash('sha256').update(asked).digest('hex')
}

/** The same value with the keys of all objects in order: what JSON calls equal prints equal. The body's depth is bounded. */
function sortKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sortKeys)
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}
