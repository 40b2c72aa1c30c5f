/** Lets pages of named origins call the API. Off unless origins are given; they are compared as a whole, and `null` is none. */

export interface Cors {
  /** Appends what a browser needs to see; nothing for an origin that is not on the list. */
  addHeaders(origin: string | undefined, headers: string[]): void
  /** The same for the question that a browser asks first. */
  addPreflightHeaders(origin: string | undefined, allow: string, headers: string[]): void
}

const EXPOSED =
  'etag, location, link, retry-after, ratelimit, ratelimit-policy, x-request-id, deprecation, sunset, idempotency-replayed, ' +
  'grpc-status, grpc-message, grpc-status-details-bin'
const REQUEST_HEADERS =
  'authorization, content-type, if-match, if-none-match, idempotency-key, x-request-id, traceparent, tracestate, ' +
  // Of Connect and gRPC-Web.
  'connect-protocol-version, connect-timeout-ms, grpc-timeout, x-grpc-web, x-user-agent'
/** Chromium keeps a preflight for two hours at the most; ten minutes lets a change of the list arrive. */
const PREFLIGHT_AGE_S = '600'

/** @param origins exact, as `https://app.example.com`; no patterns, so that no suffix can be bought */
export function createCors(origins: readonly string[]): Cors | undefined {
  if (origins.length === 0) return undefined
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new TypeError(`Cannot allow origin "${origin}": expected scheme, host and port only, as "https://app.example.com"`)
    }
  }
  const allowed = new Set(origins)
  const addHeaders = (origin: string | undefined, headers: string[]): void => {
    if (origin === undefined || !allowed.has(origin)) return
    headers.push('access-control-allow-origin', origin, 'access-control-expose-headers', EXPOSED)
  }
  return {
    addHeaders,
    addPreflightHeaders(origin, allow, headers) {
      if (origin === undefined || !allowed.has(origin)) return
      headers.push('access-control-allow-methods', allow, 'access-control-allow-headers', REQUEST_HEADERS)
      headers.push('access-control-max-age', PREFLIGHT_AGE_S)
    },
  }
}
