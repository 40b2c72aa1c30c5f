/** Keeps the answers that go on: bounds how many one address may have, as web sockets are bounded, and ends all when the service stops. */
import { PlinthError } from '../kernel/index.ts'
import type { EndableStream } from './answer-stream.ts'
import { STREAMS_PER_ADDRESS_MAX } from './socket-limits.ts'

export class OpenStreams {
  readonly #open = new Set<EndableStream>()
  readonly #perAddress = new Map<string, number>()
  readonly #perAddressMax: number

  constructor(perAddressMax = STREAMS_PER_ADDRESS_MAX) {
    this.#perAddressMax = perAddressMax
  }

  /** @param key of the address; an IPv6 one counts by its network. @throws `RATE_LIMIT_EXCEEDED` where it has as many as it may */
  expectRoom(key: string): void {
    if ((this.#perAddress.get(key) ?? 0) >= this.#perAddressMax)
      throw new PlinthError('RATE_LIMIT_EXCEEDED', 'Too many streams from this address')
  }

  /** Counts a stream until it is over. */
  add(stream: EndableStream, key: string): void {
    this.#open.add(stream)
    this.#perAddress.set(key, (this.#perAddress.get(key) ?? 0) + 1)
    stream.signal.addEventListener('abort', () => {
      if (!this.#open.delete(stream)) return
      const left = (this.#perAddress.get(key) ?? 1) - 1
      if (left > 0) this.#perAddress.set(key, left)
      else this.#perAddress.delete(key)
    })
  }

  endAll(): void {
    for (const stream of this.#open) stream.end()
  }
}
