/**
 * UUID version 7: 48 bits of Unix milliseconds, then random bits, so that ids made later sort later.
 *
 * Invariant: ids made by one generator strictly grow, even within one millisecond and when the clock steps back; the
 * 12 bits of `rand_a` count within the millisecond, and overflow borrows from the future. The failure it prevents: index pages
 * written out of order, and pages of a list that swap neighbours. @see https://www.rfc-editor.org/rfc/rfc9562#section-6.2
 */
import type { Brand } from './brand.ts'
import type { Clock, Randomness } from './clock.ts'

/** 36 characters, lower case, with hyphens, as PostgreSQL prints it. */
export type Uuid = Brand<string, 'Uuid'>

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const COUNTER_MAX = 0xfff
/** Random bytes are fetched for this many ids at a time: one system call instead of 64. */
const BATCH = 64
const TAIL_BYTES = 8

/**
 * Returns a function that makes ids which strictly grow.
 *
 * @param clock its wall clock is read for each id, in milliseconds
 * @param randomness asked for 512 bytes at a time
 * @example
 * const newId = uuidGenerator({ now: () => Date.now(), monotonicMs: () => performance.now() }, { fill: (bytes) => void randomFillSync(bytes) })
 * newId() < newId() // true
 */
export function uuidGenerator(clock: Clock, randomness: Randomness): () => Uuid {
  const pool = new Uint8Array(BATCH * TAIL_BYTES)
  let at = pool.length
  let lastMs = 0
  let counter = 0

  return () => {
    if (at === pool.length) {
      randomness.fill(pool)
      at = 0
    }
    const nowMs = Math.floor(clock.now())
    if (nowMs > lastMs) {
      lastMs = nowMs
      // Half of the counter's room is left for ids of the same millisecond.
      counter = ((pool[at] ?? 0) << 3) & 0x7ff
    } else if (++counter > COUNTER_MAX) {
      lastMs += 1
      counter = 0
    }
    const high = Math.floor(lastMs / 0x1_0000)
      .toString(16)
      .padStart(8, '0')
    const low = (lastMs % 0x1_0000).toString(16).padStart(4, '0')
    const middle = (0x7000 | counter).toString(16)
    const byte = (offset: number): number => pool[at + offset] ?? 0
    const variant = HEX[(byte(0) & 0x3f) | 0x80]
    const text = `${high}-${low}-${middle}-${variant}${HEX[byte(1)]}-${HEX[byte(2)]}${HEX[byte(3)]}${HEX[byte(4)]}${HEX[byte(5)]}${HEX[byte(6)]}${HEX[byte(7)]}`
    at += TAIL_BYTES
    return text as Uuid
  }
}

const UUID_FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function isUuid(text: string): text is Uuid {
  return UUID_FORM.test(text)
}
