/**
 * Remembers tokens that were good, in two generations: at least the `max / 2` used last, never more than `max`, with no list to
 * keep in order.
 *
 * Invariant: an entry is found by the whole token. The key is only the end of its signature, because hashing 500 characters
 * costs 1.4 µs and hashing 43 costs 0.15; the token itself is then compared, so that two tokens with one end are two tokens.
 */
/** Characters of the signature that serve as key: 258 bits. */
const KEY_LENGTH = 43

interface Entry<Value> {
  readonly token: string
  readonly value: Value
}

export class RecentTokens<Value> {
  readonly #half: number
  #young = new Map<string, Entry<Value>>()
  #old = new Map<string, Entry<Value>>()

  /** @param max entries in total; about 1 KiB each */
  constructor(max: number) {
    this.#half = Math.max(1, Math.floor(max / 2))
  }

  get(token: string): Value | undefined {
    const key = token.slice(-KEY_LENGTH)
    const young = this.#young.get(key)
    if (young !== undefined) return young.token === token ? young.value : undefined
    const old = this.#old.get(key)
    if (old?.token !== token) return undefined
    this.set(token, old.value)
    return old.value
  }

  set(token: string, value: Value): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(token.slice(-KEY_LENGTH), { token, value })
  }

  /** Forgets those of which `isLost` is true. Cost: one look at each. */
  forget(isLost: (value: Value) => boolean): void {
    for (const generation of [this.#young, this.#old])
      for (const [key, { value }] of generation) if (isLost(value)) generation.delete(key)
  }
}
