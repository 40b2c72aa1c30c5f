/**
 * Remembers tokens that were good, in two generations: at least the `max / 2` used last, never more than `max`, with no list to
 * keep in order.
 *
 * Invariant: an entry is found by the whole token. The key is only the end of its signature, because hashing 500 characters
 * costs 1.4 µs and hashing 43 costs 0.15; the token itself is then compared, so that two tokens with one end are two tokens.
 */
import type { AccessToken } from './claims.ts'

/** Characters of the signature that serve as key: 258 bits. */
const KEY_LENGTH = 43

interface Entry {
  readonly token: string
  readonly access: AccessToken
}

export class RecentTokens {
  readonly #half: number
  #young = new Map<string, Entry>()
  #old = new Map<string, Entry>()

  /** @param max entries in total; about 1 KiB each */
  constructor(max: number) {
    this.#half = Math.max(1, Math.floor(max / 2))
  }

  get(token: string): AccessToken | undefined {
    const key = token.slice(-KEY_LENGTH)
    const young = this.#young.get(key)
    if (young !== undefined) return young.token === token ? young.access : undefined
    const old = this.#old.get(key)
    if (old?.token !== token) return undefined
    this.set(token, old.access)
    return old.access
  }

  set(token: string, access: AccessToken): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(token.slice(-KEY_LENGTH), { token, access })
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }
}
