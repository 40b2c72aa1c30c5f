/**
 * Counts failures in a row and makes the next attempt wait, longer each time: for a name, an address, a second factor.
 *
 * Invariant: an attempt is counted before it is judged, in one statement, and taken back when it succeeds. Of a thousand guesses at once
 * only as many are judged as the count allows; a count that followed the judgement would let all of them through.
 */
import { isoTime, PlinthError } from '../kernel/index.ts'
import type { IdentityScope } from './ports.ts'

export interface FailurePolicy {
  /** So many attempts in a row do not wait. */
  readonly freeAttempts: number
  /** The wait after the attempt that follows them; each further one doubles it. */
  readonly firstDelayS: number
  readonly delayMaxS: number
  /** After so long without an attempt all is forgotten. */
  readonly forgetAfterS: number
}

/** What attempts are counted by. */
export type FailureKind = 'account' | 'device' | 'address' | 'factor' | 'letter'

/** Whom a password is guessed at: a name, from anywhere, or from a browser that its owner has signed in with. */
export interface Guessed {
  readonly kind: 'account' | 'device'
  readonly name: string
}

/**
 * NIST SP 800-63B allows 100 attempts in a row; ten in the first quarter of an hour and four an hour after are far below. The wait ends by
 * itself; who keeps guessing at a name can make its owner wait again, but for the browsers that the owner has signed in with, which count for
 * themselves. Many people can stand behind one address, hence its larger share.
 */
const POLICIES: Readonly<Record<FailureKind, FailurePolicy>> = {
  account: { freeAttempts: 5, firstDelayS: 2, delayMaxS: 900, forgetAfterS: 86_400 },
  device: { freeAttempts: 5, firstDelayS: 2, delayMaxS: 900, forgetAfterS: 86_400 },
  factor: { freeAttempts: 5, firstDelayS: 2, delayMaxS: 900, forgetAfterS: 86_400 },
  address: { freeAttempts: 50, firstDelayS: 1, delayMaxS: 900, forgetAfterS: 3_600 },
  // Five letters of a kind to one account, then four an hour: nobody's letter box is flooded by asking in their name. The wait is half as
  // long as the secret of a letter lives, and letters leave those before them in force: who asks in somebody's name leaves them one that serves.
  letter: { freeAttempts: 4, firstDelayS: 900, delayMaxS: 900, forgetAfterS: 3_600 },
}

/**
 * Counts by one subject; the time is `$1`, and five values stand from place `at`: the subject, free attempts, first delay, longest delay, time
 * to forget.
 *
 * An attempt may be timed before another and counted after it, by a millisecond here and by more where the clocks of instances differ. So what
 * does not wait is blocked until a time long ago, not until its own.
 */
function renderCount(at: number, where = ''): string {
  const [subject, free, firstDelay, delayMax, forgetAfter] = Array.from({ length: 5 }, (_, index) => `$${at + index}`)
  const isForgotten = `f.last_at < $1::timestamptz - ${forgetAfter}::integer * interval '1 second'`
  return `INSERT INTO plinth_failures AS f (subject, count, last_at, blocked_until) SELECT ${subject}::text, 1, $1::timestamptz, 'epoch'::timestamptz ${where}
ON CONFLICT (subject) DO UPDATE SET
  count = CASE WHEN ${isForgotten} THEN 1 ELSE f.count + 1 END,
  last_at = greatest(f.last_at, $1::timestamptz),
  blocked_until = CASE
    WHEN ${isForgotten} OR f.count < ${free}::integer THEN 'epoch'
    ELSE $1::timestamptz + least(${delayMax}::float8, ${firstDelay}::float8 * power(2::float8, least(f.count - ${free}::integer, 30))) * interval '1 second'
  END
WHERE f.blocked_until <= $1::timestamptz
RETURNING subject`
}

const COUNT = renderCount(2)
/** Rows are locked in this order everywhere, so that nobody waits in a circle. */
const COUNT_BOTH = `WITH o AS (${renderCount(2)}), i AS (${renderCount(7, 'WHERE EXISTS (SELECT FROM o)')})
SELECT subject FROM o UNION ALL SELECT subject FROM i`
const WAIT =
  'SELECT extract(epoch FROM blocked_until - $2::timestamptz)::float8 AS wait_s FROM plinth_failures WHERE subject = $1::text'
// The attempt that is taken back may be the one that began the wait.
const TAKE_BACK = `UPDATE plinth_failures SET count = greatest(count - 1, 0),
  blocked_until = CASE WHEN count - 1 <= $2::integer THEN 'epoch' ELSE blocked_until END WHERE subject = $1::text`
const SUCCEED = `WITH o AS (${TAKE_BACK} RETURNING subject)
DELETE FROM plinth_failures WHERE subject = $3::text AND (SELECT count(*) FROM o) >= 0`
const CLEAR = 'DELETE FROM plinth_failures WHERE subject = $1::text'

export class Failures {
  readonly #scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault'>
  readonly #policies: Readonly<Record<FailureKind, FailurePolicy>>

  constructor(
    scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault'>,
    policies: Partial<Readonly<Record<FailureKind, FailurePolicy>>> = {},
  ) {
    this.#scope = scope
    this.#policies = { ...POLICIES, ...policies }
  }

  /**
   * Counts an attempt, as a failure until it is cleared or taken back.
   *
   * @param name what was attacked, in one spelling: an account's name in lower case whether it exists or not, the key of an address
   * @throws `RATE_LIMIT_SIGN_IN` with `retryAfterS` while attempts have to wait; such an attempt is not counted
   */
  async attempt(kind: FailureKind, name: string): Promise<void> {
    const now = this.#now()
    if (!(await this.#count(kind, name, now))) await this.#refuse(this.#subject(kind, name), now)
  }

  /**
   * Counts a guess by what it is at and by the address that it comes from, in one statement.
   * @throws as `attempt`; where the address has to wait, the guess is not counted otherwise, and nobody locks an account out from there
   */
  async attemptBoth(address: string, guessed: Guessed): Promise<void> {
    const now = this.#now()
    const [outer, inner] = [this.#countValues('address', address), this.#countValues(guessed.kind, guessed.name)]
    const counted = await this.#scope.sql.query(COUNT_BOTH, [now, ...outer, ...inner])
    if (counted.length < 2) await this.#refuse(counted.length === 0 ? outer[0] : inner[0], now)
  }

  /** The attempt of `attemptBoth` succeeded: all failures at what it was at are forgotten, and the one of the address is taken back. */
  async succeedBoth(address: string, { kind, name }: Guessed): Promise<void> {
    const outer = [this.#subject('address', address), this.#policies.address.freeAttempts]
    await this.#scope.sql.query(SUCCEED, [...outer, this.#subject(kind, name)])
  }

  /** The same for what nobody is told of. @returns false while attempts have to wait */
  tryAttempt(kind: FailureKind, name: string): Promise<boolean> {
    return this.#count(kind, name, this.#now())
  }

  /** Forgets all failures: the attempt succeeded, and whoever made it is who they say. */
  async clear(kind: FailureKind, name: string): Promise<void> {
    await this.#scope.sql.query(CLEAR, [this.#subject(kind, name)])
  }

  /**
   * Takes one attempt back, and the wait that it began. For an attempt that was not judged; and for an address, where a success says nothing of
   * the other attempts from it.
   */
  async takeBack(kind: FailureKind, name: string): Promise<void> {
    await this.#scope.sql.query(TAKE_BACK, [this.#subject(kind, name), this.#policies[kind].freeAttempts])
  }

  async #count(kind: FailureKind, name: string, now: string): Promise<boolean> {
    return (await this.#scope.sql.query(COUNT, [now, ...this.#countValues(kind, name)])).length > 0
  }

  #countValues(kind: FailureKind, name: string) {
    const { freeAttempts, firstDelayS, delayMaxS, forgetAfterS } = this.#policies[kind]
    return [this.#subject(kind, name), freeAttempts, firstDelayS, delayMaxS, forgetAfterS] as const
  }

  async #refuse(subject: string, now: string): Promise<never> {
    const [row] = await this.#scope.sql.query<{ wait_s: number }>(WAIT, [subject, now])
    throw new PlinthError('RATE_LIMIT_SIGN_IN', undefined, { retryAfterS: Math.max(1, Math.ceil(row?.wait_s ?? 1)) })
  }

  #now(): string {
    return isoTime(this.#scope.clock.now())
  }

  #subject(kind: FailureKind, name: string): string {
    return `${kind}:${this.#scope.vault.keyedDigest(`failures ${kind} ${name}`)}`
  }
}
