/**
 * Lets a request in, or refuses it: takes from the budgets that count, around the look at its token.
 *
 * All of it happens at once when the store of the limits is at hand and the token is known; only what has to wait is a promise.
 */
import { PlinthError } from '../kernel/index.ts'
import type { Actor } from '../model/index.ts'
import type { RateOutcome } from '../resilience/index.ts'
import type { Caller } from './caller-address.ts'
import { type Budget, type Budgets, clientOf } from './rate-limits.ts'
import type { Route, ServerState } from './route.ts'

/** Who wants to be let in, whatever transport they came over. */
export interface Asker {
  readonly authorization: string | undefined
  readonly caller: Caller
  /** Of the monotonic clock. */
  readonly startedAtMs: number
  /** Set once it is known. */
  actor: Actor
  /** Throws when nothing could be taken. */
  judge(budget: Budget, outcome: RateOutcome | undefined, isTold: boolean): void
  /** Called with what is thrown later. */
  fail(thrown: unknown): void
}

/** Calls `enter` once it is known who asks. Throws, or fails the asker later, when the caller is not let in. */
export function admit(
  state: Pick<ServerState, 'authenticate'>,
  route: Pick<Route, 'budgets' | 'isPublic'>,
  asker: Asker,
  enter: () => void,
): void {
  const { budgets } = route
  if (budgets === undefined) {
    if (route.isPublic) enter()
    else identify(state, undefined, asker, enter)
  } else if (route.isPublic) {
    takeThen(asker, budgets.address, asker.caller.key, true, enter)
  } else if (asker.authorization === undefined) {
    takeThen(asker, budgets.address, asker.caller.key, true, () => identify(state, budgets, asker, enter))
  } else {
    takeThen(asker, budgets.addressCeiling, asker.caller.key, false, () => identify(state, budgets, asker, enter))
  }
}

function identify(state: Pick<ServerState, 'authenticate'>, budgets: Budgets | undefined, asker: Asker, enter: () => void): void {
  let actor: Actor | Promise<Actor>
  try {
    actor = state.authenticate(asker.authorization)
  } catch (error) {
    countRefusal(error, budgets, asker)
    return
  }
  if (actor instanceof Promise) {
    actor
      .then(
        (known) => countActor(known, budgets, asker, enter),
        (error: unknown) => countRefusal(error, budgets, asker),
      )
      .catch((error: unknown) => asker.fail(error))
  } else {
    countActor(actor, budgets, asker, enter)
  }
}

function countActor(actor: Actor, budgets: Budgets | undefined, asker: Asker, enter: () => void): void {
  asker.actor = actor
  if (budgets === undefined || actor.subject === null) {
    enter()
    return
  }
  const client = clientOf(actor)
  const next = client === null ? enter : () => takeThen(asker, budgets.client, client, false, enter)
  takeThen(asker, budgets.account, actor.subject, true, next)
}

/** Who sends bad tokens is counted with those who send none. */
function countRefusal(error: unknown, budgets: Budgets | undefined, asker: Asker): void {
  if (budgets === undefined || !(error instanceof PlinthError) || error.status !== 401) throw error
  takeThen(asker, budgets.address, asker.caller.key, true, () => {
    throw error
  })
}

/** Takes one more from the budgets of another class, of those who have one of their own: the address, or the account and its client. */
export function takeFrom(budgets: Budgets | undefined, asker: Asker): Promise<void> {
  return takeAll(budgets, asker, async (budget, key, isTold) =>
    asker.judge(budget, await budget.take(key, performance.now(), 1), isTold),
  )
}

/**
 * Takes what a request costs beyond the one that was taken when it was let in. What costs more than a whole budget costs that.
 *
 * @param cost in requests, that one included
 */
export function takeRest(budgets: Budgets | undefined, asker: Asker, cost: number): Promise<void> {
  return takeAll(budgets, asker, async (budget, key, isTold) => {
    const rest = Math.min(cost, budget.burst) - 1
    if (rest <= 0) return
    const outcome = await budget.take(key, performance.now(), rest)
    // Whoever asks again is let in first, and has to have that one too.
    const isRefused = outcome?.isAllowed === false
    asker.judge(budget, isRefused ? { ...outcome, retryAfterS: outcome.retryAfterS + budget.unitS } : outcome, isTold)
  })
}

type TakeOne = (budget: Budget, key: string, isTold: boolean) => Promise<void>

async function takeAll(budgets: Budgets | undefined, { actor, caller }: Asker, take: TakeOne): Promise<void> {
  if (budgets === undefined) return
  if (actor.subject === null) return take(budgets.address, caller.key, true)
  await take(budgets.account, actor.subject, true)
  const client = clientOf(actor)
  if (client !== null) await take(budgets.client, client, false)
}

function takeThen(asker: Asker, budget: Budget, key: string, isTold: boolean, next: () => void): void {
  const taking = budget.take(key, asker.startedAtMs)
  if (taking instanceof Promise) {
    taking
      .then((outcome) => {
        asker.judge(budget, outcome, isTold)
        next()
      })
      .catch((error: unknown) => asker.fail(error))
  } else {
    asker.judge(budget, taking, isTold)
    next()
  }
}
