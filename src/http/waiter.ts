/**
 * Whoever waits for an answer, as those who work for it see them.
 *
 * Work outlives its request by a little, and garbage that has grown old holds on to what is young: without `release` each request, with its buffers,
 * would stay until the next great collection (80 MiB under load).
 */
export class Waiter {
  #isGone: (() => boolean) | undefined

  constructor(isGone: () => boolean) {
    this.#isGone = isGone
  }

  /** Whether they went away, or their time has passed, before they had their answer. */
  get isGone(): boolean {
    return this.#isGone?.() === true
  }

  /** They have their answer: nothing is held any more. */
  release(): void {
    this.#isGone = undefined
  }
}
