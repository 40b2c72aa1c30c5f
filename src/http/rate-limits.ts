/**
 * From which budgets a request is taken: by class of its route, and by who asks.
 *
 * Who has no valid token is counted by address. Who has one is counted by account and by client, and the address has a wider limit of
 * its own before the token is looked at, so that a network of many people can work while nobody makes us verify without end.
 */
import { PlinthError } from '../kernel/index.ts'
import type { Actor } from '../model/index.ts'
import type { Logger } from '../observe/index.ts'
import { MemoryRateLimitStore, type RateLimit, RateLimiter, type RateLimitStore, type RateOutcome } from '../resilience/index.ts'
import { RATE_LIMIT_CEILING, RATE_LIMIT_WAIT_MS } from './limits.ts'

/** `sensitive`: what guesses at secrets, or sends messages to people. */
export const LIMIT_CLASSES = ['read', 'write', 'sensitive'] as const
export type LimitClass = (typeof LIMIT_CLASSES)[number]

/** `none`: not counted, for what costs nothing and holds nothing. */
export type RouteLimit = LimitClass | 'none'

/** A class that is left out has no limit. */
export type RateLimits = { readonly [Class in LimitClass]?: RateLimit | undefined }

/** Budgets by name, for what an address and an account do not tell: the name that somebody signs in with. */
export interface NamedLimits {
  /**
   * Takes from the budget of `key` in a class; apart from the budgets of addresses and accounts.
   *
   * @param cost in units, default 1
   * @throws `RATE_LIMIT_EXCEEDED` when it is used up; `DEPENDENCY_UNAVAILABLE` when nobody knows and the class is `sensitive`
   */
  take(limit: LimitClass, key: string, cost?: number): Promise<void>
}

/** What was taken: undefined when the store did not say, and the class lets pass what nobody counts. */
export type Taking = RateOutcome | undefined | Promise<RateOutcome | undefined>

/** One limit on one kind of caller. */
export interface Budget {
  /** What may be taken at once. */
  readonly burst: number
  /** How long one unit takes to come back. */
  readonly unitS: number
  /** @throws `DEPENDENCY_UNAVAILABLE`, also as a rejection, where nobody knows and the class is closed then */
  take(key: string, nowMs: number, cost?: number): Taking
  /** The error for a refusal. */
  exceeded(outcome: RateOutcome): PlinthError
  /** The header lines that tell the caller how it stands. */
  renderLines(outcome: RateOutcome): string
}

/** The budgets of one class of routes. */
export interface Budgets {
  readonly address: Budget
  /** For addresses whose callers have a token. */
  readonly addressCeiling: Budget
  readonly account: Budget
  /** For an OAuth client, over all its users. */
  readonly client: Budget
  readonly name: Budget
}

export interface RequestLimitsOptions {
  readonly rateLimits?: RateLimits | undefined
  /** Default: in the memory of this process. */
  readonly rateLimitStore?: RateLimitStore | undefined
  readonly logger: Logger
}

/** How often the log says that the store is away. */
const WARN_EVERY_MS = 10_000

/** Makes the budgets of all classes that have a limit. */
export function createBudgets(options: RequestLimitsOptions): ReadonlyMap<RouteLimit, Budgets> {
  const { rateLimits = {}, rateLimitStore: store = new MemoryRateLimitStore() } = options
  const warn = createWarning(options.logger)
  const budgets = new Map<RouteLimit, Budgets>()
  for (const limit of LIMIT_CLASSES) {
    const own = rateLimits[limit]
    if (own === undefined) continue
    const wide = { perMinute: own.perMinute * RATE_LIMIT_CEILING, burst: own.burst * RATE_LIMIT_CEILING }
    const make = (part: string, of: RateLimit, who: string): Budget =>
      createBudget(new RateLimiter({ name: `${limit}:${part}`, store, ...of }), limit, who, warn)
    budgets.set(limit, {
      address: make('address', own, 'from this address'),
      addressCeiling: make('address-ceiling', wide, 'from this address'),
      account: make('account', own, 'by this account'),
      client: make('client', wide, 'by this client'),
      name: make('name', own, 'of this kind'),
    })
  }
  return budgets
}

export function createNamedLimits(budgets: ReadonlyMap<RouteLimit, Budgets>): NamedLimits {
  return {
    async take(limit, key, cost) {
      const budget = budgets.get(limit)?.name
      const outcome = await budget?.take(key, performance.now(), cost)
      if (budget !== undefined && outcome?.isAllowed === false) throw budget.exceeded(outcome)
    },
  }
}

/** Under which client a request is counted; a service that acts for itself has one budget, not two. */
export function clientOf({ session, subject }: Actor): string | null {
  const client = session?.clientId ?? null
  return client === subject ? null : client
}

function createBudget(limiter: RateLimiter, limit: LimitClass, who: string, warn: (error: unknown) => void): Budget {
  const { perMinute, burst, unitMs } = limiter.policy
  const lines = `ratelimit-policy: "${limit}";q=${Math.ceil(perMinute)};w=60\r\nratelimit: "${limit}";r=`
  const onUnknown = (error: unknown): undefined => {
    warn(error)
    if (limit === 'sensitive') throw new PlinthError('DEPENDENCY_UNAVAILABLE', undefined, { cause: error })
  }
  return {
    burst,
    unitS: unitMs / 1_000,
    take(key, nowMs, cost) {
      let outcome: RateOutcome | Promise<RateOutcome>
      try {
        outcome = limiter.take(key, nowMs, cost)
      } catch (error) {
        return onUnknown(error)
      }
      return outcome instanceof Promise ? withinTime(outcome).catch(onUnknown) : outcome
    },
    exceeded: ({ retryAfterS }) => new PlinthError('RATE_LIMIT_EXCEEDED', `Too many requests ${who}`, { retryAfterS }),
    renderLines: ({ remaining, resetS }) => `${lines}${remaining};t=${Math.ceil(resetS)}\r\n`,
  }
}

async function withinTime(outcome: Promise<RateOutcome>): Promise<RateOutcome> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Cannot count: the store of rate limits did not answer within ${RATE_LIMIT_WAIT_MS} ms`)),
      RATE_LIMIT_WAIT_MS,
    )
  })
  try {
    return await Promise.race([outcome, late])
  } finally {
    clearTimeout(timer)
  }
}

function createWarning(logger: Logger): (error: unknown) => void {
  let quietUntilMs = 0
  return (error) => {
    const nowMs = performance.now()
    if (nowMs < quietUntilMs) return
    quietUntilMs = nowMs + WARN_EVERY_MS
    logger.warn('The store of rate limits fails: reads and writes pass uncounted, sensitive operations are refused', { error })
  }
}
