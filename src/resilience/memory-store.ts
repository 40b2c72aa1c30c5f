/**
 * Keeps the moments of keys in the memory of the process, never more than a fixed number for each policy.
 *
 * What a bounded table forgets is a fresh budget for somebody, so it must not be the attacker who chooses. A hand goes round the table
 * (CLOCK, Corbató 1968): each new key looks at some entries under it. Those that are full again are forgotten, at no loss; in
 * a table without room, the one goes that has the least to come back. A key that used up its budget stays, whatever number of others
 * comes, until as many are as far behind as it is. Policies have tables of their own: reads cannot push sign-ins out.
 */
import { decideRate, type RateOutcome } from './gcra.ts'
import type { RateLimitStore } from './rate-limit-store.ts'
import type { RatePolicy } from './rate-policy.ts'

interface Entry {
  readonly key: string
  fullAtMs: number
}

interface Table {
  readonly entries: Map<string, Entry>
  hand: Iterator<Entry>
}

/** About 15 MB for a policy whose table is full. */
const KEYS_MAX = 100_000
/** Two for one: the table shrinks to what is in use. */
const LOOKS = 2
const LOOKS_WITHOUT_ROOM = 8
/** An e-mail address has at most 254 characters. What is longer shares a budget with what begins alike. */
const KEY_LENGTH_MAX = 256

/** The store of one process; its answers are there at once. */
export class MemoryRateLimitStore implements RateLimitStore {
  readonly #keysMax: number
  readonly #tables = new Map<string, Table>()

  /** @param options.keysMax for each policy; integer ≥ 1, default 100,000 */
  constructor({ keysMax = KEYS_MAX }: { readonly keysMax?: number } = {}) {
    if (!Number.isSafeInteger(keysMax) || keysMax < 1)
      throw new TypeError(`Cannot keep ${keysMax} keys: expected a whole number of at least 1`)
    this.#keysMax = keysMax
  }

  /** How many keys are kept, over all policies. */
  get size(): number {
    let size = 0
    for (const { entries } of this.#tables.values()) size += entries.size
    return size
  }

  take(key: string, policy: RatePolicy, nowMs: number, cost: number): RateOutcome {
    const kept = key.length > KEY_LENGTH_MAX ? key.slice(0, KEY_LENGTH_MAX) : key
    const table = this.#tableOf(policy)
    const entry = table.entries.get(kept)
    const { outcome, fullAtMs } = decideRate(policy, entry?.fullAtMs, nowMs, cost)
    if (entry !== undefined) entry.fullAtMs = fullAtMs
    else if (fullAtMs > nowMs) this.#add(table, { key: copyOf(kept), fullAtMs }, nowMs)
    return outcome
  }

  #tableOf({ name }: RatePolicy): Table {
    const known = this.#tables.get(name)
    if (known !== undefined) return known
    const entries = new Map<string, Entry>()
    const table = { entries, hand: entries.values() }
    this.#tables.set(name, table)
    return table
  }

  #add(table: Table, entry: Entry, nowMs: number): void {
    const { entries } = table
    const hasRoom = entries.size < this.#keysMax
    let fullest: Entry | undefined
    for (let look = hasRoom ? LOOKS : LOOKS_WITHOUT_ROOM; look > 0; look--) {
      const seen = nextUnderHand(table)
      if (seen === undefined) break
      if (seen.fullAtMs <= nowMs) entries.delete(seen.key)
      else if (fullest === undefined || seen.fullAtMs < fullest.fullAtMs) fullest = seen
    }
    if (entries.size >= this.#keysMax && fullest !== undefined) entries.delete(fullest.key)
    entries.set(entry.key, entry)
  }
}

/** The hand stays in the table between calls: to begin anew each time would pass all that was deleted at its front. */
function nextUnderHand(table: Table): Entry | undefined {
  const next = table.hand.next()
  if (next.done !== true) return next.value
  table.hand = table.entries.values()
  return table.hand.next().value
}

/** V8 keeps the whole body alive for a piece that was cut out of it; the copy keeps nothing but itself. */
function copyOf(key: string): string {
  return JSON.parse(JSON.stringify(key)) as string
}
