/** Decides what the log and the metrics keep of a failure besides the line of its request: faults, refusals of access, limits. */
import type { PlinthError } from '../kernel/index.ts'
import type { Actor } from '../model/index.ts'
import type { TraceContext } from '../observe/index.ts'
import type { Route, ServerState } from './route.ts'

/** Refusals of a sign-in, which has events of its own. Every other 401 and 403 is a refusal of access. */
const SIGN_IN_CODES: ReadonlySet<string> = new Set([
  'AUTH_CREDENTIALS_INVALID',
  'AUTH_FACTOR_INVALID',
  'AUTH_TICKET_INVALID',
  'AUTH_REFRESH_INVALID',
])

/** Whose failure it is. */
export interface FailedRequest {
  readonly requestId: string
  readonly trace: TraceContext
  readonly actor: Actor
}

export function noteFailure(
  server: Pick<ServerState, 'logger' | 'denials' | 'hashUserId'>,
  { operation, limit, metrics }: Pick<Route, 'operation' | 'limit' | 'metrics'>,
  { requestId, trace, actor }: FailedRequest,
  error: PlinthError,
): void {
  const { code, status } = error
  if (code === 'RATE_LIMIT_OVERLOADED') return
  if (status >= 500) {
    server.logger.error(
      error.message,
      { request_id: requestId, operation, code, error: error.cause ?? error },
      { trace, userId: server.hashUserId(actor) },
    )
  } else if (isDenial(error)) {
    metrics.recordDenied(code)
    server.denials.note({ operation, code, status, requestId }, performance.now(), { trace, userId: server.hashUserId(actor) })
  } else if (code === 'RATE_LIMIT_EXCEEDED') metrics.recordLimited(limit)
}

function isDenial({ status, code }: PlinthError): boolean {
  return (status === 401 || status === 403) && !SIGN_IN_CODES.has(code)
}
