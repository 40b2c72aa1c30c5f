/** The way of a request through the server: bounds, load, rate limits and token, body, handler. Each step answers by throwing. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { invalid, PlinthError } from '../kernel/index.ts'
import { admit } from './admit.ts'
import { checkBodyHeaders, FORM_TYPE, hasBody, JSON_TYPE, limitBytes, readBytes } from './body.ts'
import { Exchange } from './exchange.ts'
import { readFormBody } from './form.ts'
import { readJsonBody } from './json.ts'
import { HEADER_COUNT_MAX, URL_LENGTH_MAX } from './limits.ts'
import { decideOverload } from './load.ts'
import type { Route, ServerState } from './route.ts'

/** Headers that mean one thing: two of them are two readings of one request. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-type',
  'content-length',
  'authorization',
  'idempotency-key',
  'traceparent',
  'x-request-id',
])
/** A cheap first look: only names of these lengths can be among them. */
const SINGLE_LENGTHS = new Uint8Array(64)
for (const name of SINGLE_HEADERS) SINGLE_LENGTHS[name.length] = 1

/** What a body that is read here must call itself; null: anything. */
const BODY_TYPES = { json: JSON_TYPE, optional: JSON_TYPE, form: FORM_TYPE, bytes: null, packed: null } as const

/** One for all: thousands of them in a second must cost little, and where they were made says nothing. */
const OVERLOADED = new PlinthError('RATE_LIMIT_OVERLOADED')

/** Runs a request to its answer. Never throws. */
export function runRoute(
  state: ServerState,
  route: Route,
  raw: IncomingMessage,
  response: ServerResponse,
  params: unknown,
): void {
  const exchange = new Exchange(state, route, raw, response, params)
  if (!route.isExempt) state.inFlight += 1
  try {
    checkHead(raw)
    if (!route.isExempt && isOverloaded(state, exchange.startedAtMs)) {
      exchange.fail(OVERLOADED)
      return
    }
    admit(state, route, exchange, () => runBody(route, exchange))
  } catch (error) {
    exchange.fail(error)
  }
}

/** Whether one more request is more than the process can do now. */
export function isOverloaded({ loop, inFlight, inFlightMax }: ServerState, nowMs: number): boolean {
  return decideOverload({ inFlight, inFlightMax, lateMs: loop.readLateMs(nowMs), debtMs: loop.debtMs })
}

function runBody(route: Route, exchange: Exchange): void {
  const { raw } = exchange
  const { bodyMode, bodyBytesMax } = route
  if (!hasBody(raw)) {
    if (bodyMode === 'json')
      throw new PlinthError('VALIDATION_BODY_MALFORMED', 'Cannot read the body: there is none, expected one JSON object')
    runHandle(route, exchange)
    return
  }
  if (bodyMode === 'none') {
    // An unknown address or method is the better news; its handler throws it.
    if (route.operation.startsWith('http.')) {
      runHandle(route, exchange)
      return
    }
    throw invalid([{ field: 'body', code: 'unknown', message: `Cannot read the request: ${exchange.method} takes no body here` }])
  }
  if (bodyMode === 'raw') {
    limitBytes(raw, bodyBytesMax, (error) => exchange.cutOff(error))
    runHandle(route, exchange)
    return
  }
  checkBodyHeaders(raw, BODY_TYPES[bodyMode], bodyBytesMax, bodyMode === 'packed')
  exchange.isBodyUntouched = false
  readBytes(
    raw,
    bodyBytesMax,
    (bytes) => {
      try {
        if (bodyMode === 'bytes' || bodyMode === 'packed') exchange.bytes = bytes
        else exchange.body = bodyMode === 'form' ? readFormBody(bytes) : readJsonBody(bytes)
        runHandle(route, exchange)
      } catch (error) {
        exchange.fail(error)
      }
    },
    (error) => exchange.fail(error),
  )
}

function runHandle(route: Route, exchange: Exchange): void {
  const outcome = route.handle(exchange, exchange)
  if (outcome instanceof Promise) outcome.catch((error: unknown) => exchange.fail(error))
}

/** What must hold of the head of any request. */
export function checkHead(raw: IncomingMessage): void {
  if ((raw.url?.length ?? 0) > URL_LENGTH_MAX) {
    throw new PlinthError('VALIDATION_URL_TOO_LONG', `Cannot read the URL: it is longer than ${URL_LENGTH_MAX} characters`)
  }
  const pairs = raw.rawHeaders
  if (pairs.length > 2 * HEADER_COUNT_MAX) {
    throw new PlinthError('VALIDATION_HEADERS_TOO_LARGE', `Cannot read the headers: there are more than ${HEADER_COUNT_MAX}`)
  }
  let seen: string[] | undefined
  let hasHost = false
  for (let at = 0; at < pairs.length; at += 2) {
    const name = pairs[at] ?? ''
    if (SINGLE_LENGTHS[name.length] !== 1) continue
    const folded = name.toLowerCase()
    if (!SINGLE_HEADERS.has(folded)) continue
    if (folded === 'host') hasHost = true
    if (seen === undefined) seen = [folded]
    else if (seen.includes(folded))
      throw invalid([
        { field: folded, code: 'duplicate', message: `Cannot read the header "${folded}": it comes more than once` },
      ])
    else seen.push(folded)
  }
  if (!hasHost && raw.httpVersion === '1.1') {
    throw invalid([{ field: 'host', code: 'required', message: 'Cannot read the request: the header "Host" is missing' }])
  }
}
