/**
 * A statement is fixed text and, for each parameter, a function that reads its value from the input of one run.
 * Text is made once and kept; a run only binds. Values never become text.
 */

/** What a driver can bind. */
export type BoundValue = string | number | boolean | null | readonly BoundValue[]

export interface Statement<Input> {
  /** The name under which the server keeps the plan; equal texts have equal names. */
  readonly name: string
  readonly text: string
  bind(input: Input): BoundValue[]
}

/** Gives the SQL text that stands for a value which is known only when the statement runs. */
export type Binder<Input> = (key: string, sqlType: string, read: (input: Input) => BoundValue) => string

/**
 * Collects the parameters of one statement: the same key gives the same placeholder.
 *
 * @example
 * const writer = new StatementWriter<{ id: string }>()
 * const text = `SELECT "title" FROM "posts" WHERE "id" = ${writer.bind('id', 'uuid', ({ id }) => id)}`
 * writer.finish('posts_title', text).bind({ id: '01890a5d-ac96-774b-bcce-b302099a8057' }) // one value, for $1
 */
export class StatementWriter<Input> {
  readonly #placeholders = new Map<string, string>()
  readonly #readers: ((input: Input) => BoundValue)[] = []

  /** Stands for a value: `$1::uuid`. The type is stated so that the plan never depends on what was sent first. */
  readonly bind: Binder<Input> = (key, sqlType, read) => {
    const known = this.#placeholders.get(key)
    if (known !== undefined) return known
    this.#readers.push(read)
    const placeholder = `$${this.#readers.length}::${sqlType}`
    this.#placeholders.set(key, placeholder)
    return placeholder
  }

  /** @param label says in pg_stat_activity and in logs what the statement is for: `posts_get` */
  finish(label: string, text: string): Statement<Input> {
    const readers = this.#readers
    return {
      // PostgreSQL keeps 63 bytes of a name; the digest comes first, so that what is cut is the label.
      name: `${digest(text)}_${label}`.slice(0, 63),
      text,
      bind: (input) => readers.map((read) => read(input)),
    }
  }
}

/**
 * 53 bits that name a text: two multiplicative hashes of 32 bits, mixed. Not for secrets. Of ten thousand texts two meet once in
 * 10^8 services, and then loudly: the driver refuses one name for two texts. @see
 * https://github.com/aappleby/smhasher/wiki/MurmurHash3
 */
export function digest(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    high = Math.imul(high ^ unit, 2_654_435_761)
    low = Math.imul(low ^ unit, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return (4_294_967_296 * (2_097_151 & low) + (high >>> 0)).toString(36)
}
