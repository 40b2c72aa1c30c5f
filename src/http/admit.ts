/**
 * Lets a request in, or refuses it: takes from the budgets that count, around the look at its token.
 *
 * All of it happens at once when the store of the limits is at hand and the token is known; only what has to wait is a promise.
 */
import { PlinthError } from '../kernel/index.ts'
import type { Actor } from '../model/index.ts'
import type { Exchange } from './exchange.ts'
import { type Budget, type Budgets, clientOf } from './rate-limits.ts'
import type { Route, ServerState } from './route.ts'

/** Calls `enter` once it is known who asks. Throws, or fails the exchange later, when the caller is not let in. */
export function admit(state: ServerState, route: Route, exchange: Exchange, enter: () => void): void {
  const { budgets } = route
  if (budgets === undefined) {
    if (route.isPublic) enter()
    else identify(state, undefined, exchange, enter)
  } else if (route.isPublic) {
    takeThen(exchange, budgets.address, exchange.caller.key, true, enter)
  } else if (exchange.raw.headers.authorization === undefined) {
    takeThen(exchange, budgets.address, exchange.caller.key, true, () => identify(state, budgets, exchange, enter))
  } else {
    takeThen(exchange, budgets.addressCeiling, exchange.caller.key, false, () => identify(state, budgets, exchange, enter))
  }
}

function identify(state: ServerState, budgets: Budgets | undefined, exchange: Exchange, enter: () => void): void {
  let actor: Actor | Promise<Actor>
  try {
    actor = state.authenticate(exchange.raw.headers.authorization)
  } catch (error) {
    countRefusal(error, budgets, exchange)
    return
  }
  if (actor instanceof Promise) {
    actor
      .then(
        (known) => countActor(known, budgets, exchange, enter),
        (error: unknown) => countRefusal(error, budgets, exchange),
      )
      .catch((error: unknown) => exchange.fail(error))
  } else {
    countActor(actor, budgets, exchange, enter)
  }
}

function countActor(actor: Actor, budgets: Budgets | undefined, exchange: Exchange, enter: () => void): void {
  exchange.actor = actor
  if (budgets === undefined || actor.subject === null) {
    enter()
    return
  }
  const client = clientOf(actor)
  const next = client === null ? enter : () => takeThen(exchange, budgets.client, client, false, enter)
  takeThen(exchange, budgets.account, actor.subject, true, next)
}

/** Who sends bad tokens is counted with those who send none. */
function countRefusal(error: unknown, budgets: Budgets | undefined, exchange: Exchange): void {
  if (budgets === undefined || !(error instanceof PlinthError) || error.status !== 401) throw error
  takeThen(exchange, budgets.address, exchange.caller.key, true, () => {
    throw error
  })
}

function takeThen(exchange: Exchange, budget: Budget, key: string, isTold: boolean, next: () => void): void {
  const taking = budget.take(key, exchange.startedAtMs)
  if (taking instanceof Promise) {
    taking
      .then((outcome) => {
        exchange.judge(budget, outcome, isTold)
        next()
      })
      .catch((error: unknown) => exchange.fail(error))
  } else {
    exchange.judge(budget, taking, isTold)
    next()
  }
}
