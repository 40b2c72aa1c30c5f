/**
 * Calls that come over another transport than HTTP/1 and are let in, counted and logged as requests are: the same tokens, the same budgets,
 * one line in the log.
 */
import { PlinthError } from '../kernel/index.ts'
import { type Actor, NOBODY } from '../model/index.ts'
import { type Logger, type OperationMetrics, readTraceContext, type TraceContext } from '../observe/index.ts'
import type { RateOutcome } from '../resilience/index.ts'
import { type Asker, admit, takeRest } from './admit.ts'
import type { Arrival, Caller } from './caller-address.ts'
import { noteFailure } from './note-failure.ts'
import type { Budget, LimitClass } from './rate-limits.ts'
import type { Route, ServerState } from './route.ts'
import { isOverloaded } from './run.ts'
import { splitLines } from './write-answer.ts'

/** What is called, for log and metrics. */
export interface CalledOperation {
  /** `posts.get`. */
  readonly operation: string
  /** `grpc`. */
  readonly surface: string
  readonly path: string
  readonly limit: LimitClass
}

/** What a call brings with it; each value once. */
export interface CallArrival extends Arrival {
  readonly authorization: string | undefined
  readonly requestId: string | undefined
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
}

/** One call, from its arrival to its end. */
export interface OpenCall {
  readonly requestId: string
  readonly trace: TraceContext
  readonly address: string
  /** Who asks, once the call is let in. */
  readonly actor: Actor
  /** How the caller stands with its limit: names and values in turn. */
  readonly limitHeaders: readonly string[]
  /**
   * Lets the call in.
   *
   * @throws `AUTH_*` for a token that is not believed, `RATE_LIMIT_*`, `DEPENDENCY_UNAVAILABLE`
   */
  admit(): Promise<void>
  /** Takes what the call costs beyond one, as a request does. @throws `RATE_LIMIT_EXCEEDED` */
  charge(cost: number): Promise<void>
  /** Counts it as under way no more, though its answer goes on: a stream. */
  release(): void
  /**
   * Counts and logs it. The second time is without effect.
   *
   * @param status as HTTP has it, on all surfaces; 499 where the caller went away
   */
  end(status: number, error?: PlinthError): void
}

/** Makes the door for the calls of one operation. */
export type OpenCalls = (operation: CalledOperation) => (arrival: CallArrival) => OpenCall

/** One for all: thousands of them in a second must cost little. */
const OVERLOADED = new PlinthError('RATE_LIMIT_OVERLOADED')

export function createCalls(
  state: ServerState,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: OperationMetrics },
): OpenCalls {
  return ({ operation, surface, path, limit }) => {
    const route: CallRoute = {
      operation,
      limit,
      isPublic: false,
      budgets: state.budgets.get(limit),
      metrics: metrics.operation(operation, surface),
      accessLog: logger.accessLog({ operation, surface, method: 'POST', path }),
    }
    return (arrival) => new Call(state, route, arrival)
  }
}

type CallRoute = Pick<Route, 'operation' | 'limit' | 'isPublic' | 'budgets' | 'metrics' | 'accessLog'>

class Call implements OpenCall, Asker {
  readonly startedAtMs = performance.now()
  readonly authorization: string | undefined
  readonly requestId: string
  readonly trace: TraceContext
  readonly caller: Caller
  actor: Actor = NOBODY
  readonly #state: ServerState
  readonly #route: CallRoute
  #limitLines = ''
  #isUnderWay = true
  #isEnded = false
  #refuse: (thrown: unknown) => void = () => undefined

  constructor(state: ServerState, route: CallRoute, arrival: CallArrival) {
    this.#state = state
    this.#route = route
    this.authorization = arrival.authorization
    this.requestId = state.readRequestId(arrival.requestId)
    this.trace = readTraceContext(arrival.traceparent, arrival.tracestate)
    this.caller = state.readCaller(arrival)
    state.inFlight += 1
  }

  get address(): string {
    return this.caller.address
  }

  get limitHeaders(): readonly string[] {
    return splitLines(this.#limitLines)
  }

  admit(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#refuse = reject
      if (this.#state.isDraining || isOverloaded(this.#state, this.startedAtMs)) throw OVERLOADED
      admit(this.#state, this.#route, this, resolve)
    })
  }

  judge(budget: Budget, outcome: RateOutcome | undefined, isTold: boolean): void {
    if (outcome === undefined || (outcome.isAllowed && !isTold)) return
    this.#limitLines = budget.renderLines(outcome)
    if (!outcome.isAllowed) throw budget.exceeded(outcome)
  }

  fail(thrown: unknown): void {
    this.#refuse(thrown)
  }

  charge(cost: number): Promise<void> {
    return takeRest(this.#route.budgets, this, cost)
  }

  release(): void {
    if (!this.#isUnderWay) return
    this.#isUnderWay = false
    this.#state.inFlight -= 1
  }

  end(status: number, error?: PlinthError): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.release()
    const { metrics, accessLog } = this.#route
    if (error !== undefined) noteFailure(this.#state, this.#route, this, error)
    const durationMs = performance.now() - this.startedAtMs
    const code = error?.code ?? null
    metrics.record(status, durationMs, code)
    accessLog(status, durationMs, this.requestId, this.trace, this.#state.hashUserId(this.actor), code)
  }
}
