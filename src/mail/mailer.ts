/** The port to whatever carries letters, and the one error of it. */

/** A letter to one person. */
export interface Letter {
  /** One plain address, such as `ada@example.com`. */
  readonly to: string
  /** One line, at most 250 characters. */
  readonly subject: string
  /** At most 256 KiB, as `html`. */
  readonly text: string
  readonly html?: string
}

export interface Mailer {
  /**
   * Hands the letter over; settles when the next station has taken it.
   *
   * @throws `MailError`; `RATE_LIMIT_OVERLOADED` when too many letters wait already
   */
  send(letter: Letter): Promise<void>
  /** Takes no more letters, and settles when those under way have gone or failed. */
  close(): Promise<void>
}

/** A letter could not be handed over. The message names neither the address nor any secret, so that it can be logged. */
export class MailError extends Error {
  override readonly name = 'MailError'
  /** Whether the same letter may go through later. */
  readonly retry: boolean

  constructor(message: string, options: { readonly retry: boolean }) {
    super(message)
    this.retry = options.retry
  }
}
