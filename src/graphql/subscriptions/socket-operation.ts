/** One operation that came over a socket: let in, counted and logged as a request is. Knows nothing of the protocol around it. */
import type { Caller, WatchContext } from '../../engine/index.ts'
import type { CallArrival, OpenCall, OpenCalls } from '../../http/index.ts'
import { type PlinthError, toPlinthError } from '../../kernel/index.ts'
import type { AnswerError } from '../answer-errors.ts'
import type { ReadyOperation } from '../document/ready-operation.ts'
import { OPERATIONS } from '../endpoint/operations.ts'
import { readBodyRequest } from '../endpoint/read-request.ts'
import type { EventsScope } from './serve-events.ts'

/** nginx's word for a client that went away. */
const CLIENT_GONE_STATUS = 499
const OK_STATUS = 200

/** Opens the call of an operation by what it turns out to be. */
export type OperationDoors = Readonly<Record<ReadyOperation['type'], (arrival: CallArrival) => OpenCall>>

export function operationDoors(calls: OpenCalls, path: string): OperationDoors {
  const open = (operation: string, limit: 'read' | 'write') => calls({ operation, surface: 'graphql', path, limit })
  return {
    query: open(OPERATIONS.query, 'read'),
    mutation: open(OPERATIONS.mutation, 'write'),
    subscription: open(OPERATIONS.subscription, 'read'),
  }
}

export interface SocketOperationScope extends EventsScope {
  readonly doors: OperationDoors
  readonly nowMs: () => number
}

/** The socket, and whom it speaks for. */
export interface SocketCaller {
  readonly arrival: CallArrival
  readonly renew: NonNullable<WatchContext['renew']>
}

/** What is to be told to the client: one answer, or what is wrong with the document. */
export type Told = { readonly answer: string } | { readonly refused: readonly AnswerError[] }

/**
 * Runs what is asked; the next change of a subscription is looked at when the next answer is asked for.
 *
 * @param payload as a body of HTTP has it
 * @throws `AUTH_*`, `RATE_LIMIT_*`, `VALIDATION_*`, `NOT_FOUND_DOCUMENT`, `DEPENDENCY_*`, later what ends a subscription
 */
export async function* runSocketOperation(
  scope: SocketOperationScope,
  { arrival, renew }: SocketCaller,
  payload: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): AsyncIterable<Told> {
  const { executor, subscriptions, doors, nowMs } = scope
  let call = doors.query(arrival)
  try {
    await call.admit()
    const readiness = executor.read(readBodyRequest({ body: payload }))
    if (readiness.kind === 'refused') {
      const error = worstOf(readiness.errors)
      call.end(error?.status ?? OK_STATUS, error)
      yield { refused: readiness.errors }
      return
    }
    const { ready } = readiness
    if (ready.type !== 'query') {
      // What it is shows when it is read, and that needs to be let in: it is then taken from its own budget, and counted once.
      call.release()
      call = doors[ready.type](arrival)
      await call.admit()
    }
    if (ready.cost > 1) await call.charge(ready.cost)
    const { actor, address, requestId } = call
    const context = { actor, nowMs: nowMs(), address, requestId, caller: listener(signal), renew }
    if (ready.type === 'subscription') {
      const answers = await subscriptions.run(ready, context, signal, (cost) => call.charge(cost))
      call.release()
      for await (const answer of answers) yield { answer }
      call.end(signal.aborted ? CLIENT_GONE_STATUS : OK_STATUS)
      return
    }
    const outcome = await executor.run(ready, context)
    call.end(OK_STATUS, worstOf(outcome.errors))
    yield { answer: executor.render(outcome, call.requestId) }
  } catch (thrown) {
    const error = toPlinthError(thrown)
    call.end(error.status, error)
    throw error
  } finally {
    call.end(CLIENT_GONE_STATUS)
  }
}

/** Whoever listens at the socket until `signal` is aborted. */
function listener(signal: AbortSignal): Caller {
  return {
    get isGone() {
      return signal.aborted
    },
  }
}

/** The one that the log is told of: a fault, if there is one. */
function worstOf(errors: readonly AnswerError[]): PlinthError | undefined {
  return (errors.find(({ error }) => error.status >= 500) ?? errors[0])?.error
}
