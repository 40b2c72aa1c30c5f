/**
 * One request and its answer, as one object under two interfaces: what a handler may read, and how it answers.
 *
 * Everything that a handler may not need (query, abort signal) is made on first use; everything that does not change between
 * requests was made at start and is held by the route.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PlinthError, toPlinthError } from '../kernel/index.ts'
import { type Actor, NOBODY } from '../model/index.ts'
import { readTraceContext, type TraceContext } from '../observe/index.ts'
import type { RateOutcome } from '../resilience/index.ts'
import { type Asker, takeFrom, takeRest } from './admit.ts'
import { type AnswerStream, type EndableStream, openAnswerStream } from './answer-stream.ts'
import { abandonBody, hasBody } from './body.ts'
import type { Caller } from './caller-address.ts'
import { type Cookies, readCookies } from './cookies.ts'
import { type EventStream, openEventStream } from './event-stream.ts'
import type { HttpReply, HttpRequest } from './handle.ts'
import type { HeaderBlock } from './header-block.ts'
import type { JsonObject } from './json.ts'
import { noteFailure } from './note-failure.ts'
import { type Query, readQuery } from './query.ts'
import type { Budget } from './rate-limits.ts'
import { errorHeaders } from './render-error.ts'
import type { Route, ServerState } from './route.ts'
import { clearHeaders, type TakenOver, takeOver } from './take-over.ts'
import { Waiter } from './waiter.ts'
import { splitLines, writeAnswer } from './write-answer.ts'

const NO_BODY: JsonObject = Object.freeze({})
const NO_BYTES = Buffer.alloc(0)
const NO_EXTRA: readonly string[] = Object.freeze([])
/** nginx's word for a client that went away before its answer began. */
const CLIENT_GONE_STATUS = 499

export class Exchange implements HttpRequest, HttpReply, Asker {
  readonly raw: IncomingMessage
  readonly params: Readonly<Record<string, string>>
  readonly requestId: string
  readonly trace: TraceContext
  readonly startedAtMs: number
  actor: Actor = NOBODY
  body: JsonObject = NO_BODY
  bytes: Buffer = NO_BYTES
  isSent = false
  /** False from when somebody reads the body. */
  isBodyUntouched = true
  readonly #response: ServerResponse
  #route: Route
  readonly #server: ServerState
  #caller: Caller | undefined
  /** How the caller stands with its limit, as header lines. */
  #limitLines = ''
  #query: Query | undefined
  #cookies: Cookies | undefined
  #abort: AbortController | undefined
  #isTakenOver = false
  /** Counted as under way no more, though its answer goes on. */
  #isReleased = false
  #isCutOff = false
  /** The first failure that the answer tells in its own way. */
  #noted: PlinthError | undefined
  #waiter: Waiter | undefined
  /** What a response that was taken over is counted under. */
  #errorCode: string | null = null

  constructor(server: ServerState, route: Route, raw: IncomingMessage, response: ServerResponse, params: unknown) {
    const headers = raw.headers
    this.startedAtMs = performance.now()
    this.raw = raw
    this.params = params as Readonly<Record<string, string>>
    this.#response = response
    this.#route = route
    this.#server = server
    this.requestId = server.readRequestId(headers['x-request-id'] as string | undefined)
    this.trace = readTraceContext(headers['traceparent'] as string | undefined, headers['tracestate'] as string | undefined)
  }

  get method(): string {
    return this.raw.method ?? 'GET'
  }

  get url(): string {
    return this.raw.url ?? '/'
  }

  get path(): string {
    const at = this.url.indexOf('?')
    return at < 0 ? this.url : this.url.slice(0, at)
  }

  get query(): Query {
    if (this.#query === undefined) {
      const at = this.url.indexOf('?')
      this.#query = readQuery(at < 0 ? '' : this.url.slice(at + 1))
    }
    return this.#query
  }

  get cookies(): Cookies {
    this.#cookies ??= readCookies(this.raw.headers.cookie)
    return this.#cookies
  }

  get authorization(): string | undefined {
    return this.raw.headers.authorization
  }

  get caller(): Caller {
    this.#caller ??= this.#server.readCaller(this.raw)
    return this.#caller
  }

  get address(): string {
    return this.caller.address
  }

  get deadlineAtMs(): number {
    return this.startedAtMs + this.#server.requestBudgetMs
  }

  get isGone(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished
  }

  get waiter(): Waiter {
    this.#waiter ??= new Waiter(() => this.isGone)
    return this.#waiter
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController()
      this.#abort = abort
      if (this.#response.destroyed) abort.abort()
      else {
        this.#response.on('close', () => {
          if (!this.#response.writableFinished) abort.abort()
        })
      }
    }
    return this.#abort.signal
  }

  header(name: string): string | undefined {
    const value = this.raw.headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }

  send(status: number, headers: HeaderBlock, body?: string | Uint8Array, extra: readonly string[] = NO_EXTRA): void {
    this.#write(status, headers, body, extra, this.#noted?.code ?? null)
  }

  async turnInto(operation: string): Promise<void> {
    const variant = this.#route.variants.get(operation)
    if (variant === undefined)
      throw new TypeError(
        `Cannot turn the request into "${operation}": expected one of ${[...this.#route.variants.keys()].join(', ')}`,
      )
    const isLimitedApart = variant.limit !== this.#route.limit
    this.#route = variant
    if (isLimitedApart) await takeFrom(variant.budgets, this)
  }

  charge(cost: number): Promise<void> {
    return takeRest(this.#route.budgets, this, cost)
  }

  note(thrown: unknown): PlinthError {
    const error = toPlinthError(thrown)
    this.#noted ??= error
    noteFailure(this.#server, this.#route, this, error)
    return error
  }

  takeOver(): TakenOver {
    if (this.isSent) throw new PlinthError('INTERNAL_ERROR', 'Cannot take the answer over: the request has its answer already')
    this.isSent = true
    this.#isTakenOver = true
    return takeOver(this.raw, this.#response, {
      headers: [...this.#ownHeaders(), ...splitLines(this.#limitLines)],
      isDraining: () => this.#server.isDraining,
      beforeEnd: () => void this.#settleBody(),
      closed: () => this.#countTakenOver(),
      failed: (error) => this.fail(error),
    })
  }

  openEvents(): EventStream {
    this.#server.streams.expectRoom(this.caller.key)
    const stream = openEventStream(this.takeOver().response)
    this.#goOn(stream)
    return stream
  }

  openStream(contentType: string): AnswerStream {
    this.#server.streams.expectRoom(this.caller.key)
    const { stream, endable } = openAnswerStream(this.takeOver().response, contentType)
    this.#goOn(endable)
    return stream
  }

  /** Throws when nothing could be taken. What a limit says of itself goes out with the answer if it `isTold`, or refused. */
  judge(budget: Budget, outcome: RateOutcome | undefined, isTold: boolean): void {
    if (outcome === undefined || (outcome.isAllowed && !isTold)) return
    this.#limitLines = budget.renderLines(outcome)
    if (!outcome.isAllowed) throw budget.exceeded(outcome)
  }

  fail(thrown: unknown): void {
    const error = toPlinthError(thrown)
    if (this.#isTakenOver && !this.#response.writableEnded) {
      this.#failTakenOver(error)
      return
    }
    if (this.isSent) {
      if (this.#isCutOff) return
      this.#server.logger.error(
        'A handler failed after it had answered',
        { request_id: this.requestId, error: thrown },
        { trace: this.trace },
      )
      return
    }
    if (this.isGone && error.code === 'VALIDATION_REQUEST_TIMEOUT') {
      this.isSent = true
      this.#count(CLIENT_GONE_STATUS, null)
      return
    }
    noteFailure(this.#server, this.#route, this, error)
    const { allow, renderFailure } = this.#route
    const { body, headers, status = error.status } = renderFailure(error, this.requestId, this)
    const extra = errorHeaders(error)
    this.#put(status, headers, body, error.status === 405 ? [...extra, 'allow', allow] : extra, error.code)
    this.isSent = true
    this.#count(error.status, error.code)
  }

  /** Refuses a request in the middle of its body, whoever reads it; what its handler then stumbles over is no fault. */
  cutOff(error: PlinthError): void {
    this.#isCutOff = true
    if (!this.isSent || this.#isTakenOver) this.fail(error)
  }

  #write(
    status: number,
    block: HeaderBlock,
    body: string | Uint8Array | undefined,
    extra: readonly string[],
    errorCode: string | null,
  ): void {
    if (this.isSent) throw new PlinthError('INTERNAL_ERROR', 'Cannot answer twice: the request has its answer already')
    this.#put(status, block, body, extra, errorCode)
    this.isSent = true
    this.#count(status, errorCode)
  }

  /** An answer that goes on is no request under way, and ends when the server stops. */
  #goOn(stream: EndableStream): void {
    const server = this.#server
    this.#isReleased = true
    server.inFlight -= this.#route.isExempt ? 0 : 1
    server.streams.add(stream, this.caller.key)
    if (server.isDraining) stream.end()
  }

  /** The failure while nothing has gone out; half an answer is cut off, so that nobody takes it for a whole one. */
  #failTakenOver(error: PlinthError): void {
    const response = this.#response
    if (response.destroyed || this.#errorCode !== null) return
    this.#errorCode = error.code
    noteFailure(this.#server, this.#route, this, error)
    if (response.headersSent) {
      response.destroy()
      return
    }
    clearHeaders(response)
    const { body, headers, status = error.status } = this.#route.renderFailure(error, this.requestId, this)
    this.#put(status, headers, body, errorHeaders(error), error.code)
  }

  #countTakenOver(): void {
    const { headersSent, statusCode } = this.#response
    // A failure behind the head of the answer has its own status in log and metrics, whatever the head said.
    const status = headersSent ? (this.#noted?.status ?? statusCode) : CLIENT_GONE_STATUS
    this.#count(status, this.#errorCode ?? this.#noted?.code ?? (status >= 500 ? 'INTERNAL_ERROR' : null))
  }

  #put(
    status: number,
    block: HeaderBlock,
    body: string | Uint8Array | undefined,
    extra: readonly string[],
    errorCode: string | null,
  ): void {
    const headers = this.#ownHeaders()
    for (const part of extra) headers.push(part)
    const bytes = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
    if (status !== 204 && status !== 304) headers.push('content-length', String(bytes))
    // The connection goes with a body that stays on it: a client that was not told would send its next request into it.
    const isAbandoned = (this.isBodyUntouched || errorCode !== null) && this.#settleBody()
    if (isAbandoned || this.#server.isDraining) headers.push('connection', 'close')
    writeAnswer(this.#response, status, block, this.#limitLines, headers, body, bytes)
  }

  #ownHeaders(): string[] {
    const headers = ['x-request-id', this.requestId]
    if (this.#server.cors !== undefined) this.#server.cors.addHeaders(this.raw.headers.origin, headers)
    return headers
  }

  #count(status: number, errorCode: string | null): void {
    const server = this.#server
    if (!this.isGone) this.#waiter?.release()
    server.inFlight -= this.#route.isExempt || this.#isReleased ? 0 : 1
    const durationMs = performance.now() - this.startedAtMs
    this.#route.metrics.record(status, durationMs, errorCode)
    if (!this.#route.isQuiet) {
      this.#route.accessLog(status, durationMs, this.requestId, this.trace, server.hashUserId(this.actor), errorCode)
    }
  }

  /** A body that nobody will read is discarded when it is short, and left on the wire when it is long or of unknown length. */
  #settleBody(): boolean {
    if (this.raw.complete || !hasBody(this.raw)) return false
    const declared = Number(this.raw.headers['content-length'] ?? Number.POSITIVE_INFINITY)
    if (declared <= this.#route.bodyBytesMax) return false
    abandonBody(this.raw)
    return true
  }
}
