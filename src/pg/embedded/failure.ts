/**
 * The one error that the embedded database throws at whoever starts it: a sentence that says what is wrong and how to mend it.
 */

/**
 * - `LOCKED`: another live process uses the folder
 * - `BINARIES`: the PostgreSQL binaries are absent, or this system cannot run them
 * - `FOLDER`: the folder cannot be used by the user who must run the server
 * - `VERSION`: the data was written by another major version
 * - `START`: the server was started and did not become ready
 */
export type EmbeddedPostgresFailure = 'LOCKED' | 'BINARIES' | 'FOLDER' | 'VERSION' | 'START'

export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
  readonly code: EmbeddedPostgresFailure

  constructor(code: EmbeddedPostgresFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
