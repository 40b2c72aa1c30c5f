/** What can go wrong with migrations, as an operator reads it. Never shown to clients, so it is not from their catalogue. */

export type MigrationErrorCode =
  | 'FILE_INVALID'
  | 'FILE_EDITED'
  | 'FILE_MISSING'
  | 'FILE_LATE'
  | 'HALF_REVERTED'
  | 'TARGET_UNKNOWN'
  | 'RUNNER_BUSY'
  | 'RUNNER_LOCK_LOST'
  | 'LOCK_TIMEOUT'
  | 'STATEMENT_FAILED'
  | 'CONNECTION_LOST'
  | 'NOT_SCRATCH'

/** `message` is `Cannot <do> <what>: <what is>, expected <what should be>`; `hint` is how to mend it, and is printed below. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  readonly code: MigrationErrorCode
  readonly hint: string
  /** Name of the migration at fault, without suffix; undefined when it is not about one. */
  readonly migration: string | undefined

  constructor(code: MigrationErrorCode, message: string, options: { hint: string; migration?: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.migration = options.migration
  }
}

/** The five characters with which PostgreSQL says what happened; undefined for what the server did not say. */
export function sqlState(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return undefined
  return /^[0-9A-Z]{5}$/.test(thrown.code) ? thrown.code : undefined
}

/** Whether the session is gone: ended by the server (class 57P, 08) or without a word from it (no SQLSTATE). */
export function isConnectionLoss(thrown: unknown): boolean {
  const state = sqlState(thrown)
  return state === undefined || state.startsWith('57P') || state.startsWith('08')
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
