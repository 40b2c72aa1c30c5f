/** Prints an error as those who called see it: as the envelope, unless their route has a form of its own, and its headers. */
import { CATALOGUE, type PlinthError } from '../kernel/index.ts'
import type { HttpRequest } from './handle.ts'
import { type HeaderBlock, JSON_HEADERS } from './header-block.ts'

/** The answer to a request that failed, but for its status and the headers that belong to the error. */
export interface FailureAnswer {
  /** What goes out, where the form of the route has a status of its own; log and metrics have that of the error. Default: the error's. */
  readonly status?: number
  readonly headers: HeaderBlock
  readonly body: string | Uint8Array
}

/**
 * Prints a failure in the form that the callers of a route understand. The message of a 500 is not for them.
 *
 * @param request for routes whose callers say in a header which form they understand
 */
export type RenderFailure = (error: PlinthError, requestId: string, request: Pick<HttpRequest, 'header'>) => FailureAnswer

type RenderEnvelope = (error: PlinthError, requestId: string) => FailureAnswer & { readonly body: string }

export type RenderField = (field: string) => string
/** Where a code is explained. Never derived from the `Host` header, which the caller writes. */
export type DocsUrl = (code: string) => string

/** What a fault of ours looks like from outside, whatever its own message says. */
const FAULT_STATUS = 500
const WWW_AUTHENTICATE = 'www-authenticate'

/** Prints the envelope. The message of a 500 is the catalogue's: what happened is in the log, under the request id. */
export function envelopeRenderer(docsUrl: DocsUrl, renderField: RenderField): RenderEnvelope {
  return (error, requestId) => {
    const isFault = error.status === FAULT_STATUS
    const body = JSON.stringify({
      error: {
        code: error.code,
        message: isFault ? CATALOGUE.INTERNAL_ERROR.message : error.message,
        details: isFault ? [] : error.details.map(({ field, code, message }) => ({ field: renderField(field), code, message })),
        request_id: requestId,
        docs_url: docsUrl(error.code),
      },
    })
    return { headers: JSON_HEADERS, body }
  }
}

/** What an error says in headers, whatever the form of its answer: names and values in turn. */
export function errorHeaders(error: PlinthError): string[] {
  const headers: string[] = []
  if (error.status === 401) headers.push(WWW_AUTHENTICATE, challenge(error))
  if (error.retryAfterS !== undefined) headers.push('retry-after', String(Math.max(1, Math.ceil(error.retryAfterS))))
  return headers
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-3 and, for a sign-in that is too old, https://www.rfc-editor.org/rfc/rfc9470#section-3 */
function challenge({ code, proofAgeSMax }: PlinthError): string {
  if (code === 'AUTH_TOKEN_EXPIRED')
    return 'Bearer realm="api", error="invalid_token", error_description="The access token expired"'
  if (code === 'AUTH_TOKEN_INVALID') return 'Bearer realm="api", error="invalid_token"'
  if (code === 'AUTH_STEP_UP_REQUIRED') {
    const age = proofAgeSMax === undefined ? '' : `, max_age="${proofAgeSMax}"`
    return `Bearer realm="api", error="insufficient_user_authentication"${age}`
  }
  return 'Bearer realm="api"'
}
