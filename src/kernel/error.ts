/** The one error that an operation throws, and the one door through which foreign errors become it. */
import { CATALOGUE, type CatalogueRow, type ErrorCode, type GrpcCode, REFUSAL_GRPC, REFUSAL_STATUS } from './catalogue.ts'

/** One thing that is wrong with a request: where, which rule, and a sentence for a person. */
export interface ErrorDetail {
  /** Path of the field as the model spells it (camelCase, dots between); a surface maps it to its own custom. */
  readonly field: string
  /** The rule that was broken: `required`, `type`, `too_long`, `unknown`, `unique` … */
  readonly code: string
  readonly message: string
}

export interface PlinthErrorOptions {
  readonly details?: readonly ErrorDetail[]
  /** Seconds a client should wait; surfaces print it as `Retry-After`. */
  readonly retryAfterS?: number
  /** How old the sign-in or the second factor may be, in seconds, where an older one is why; surfaces print it as RFC 9470 says. */
  readonly proofAgeSMax?: number
  /** What went wrong beneath. It reaches the log and never a client. */
  readonly cause?: unknown
}

/**
 * An error from the catalogue, or a refusal by a rule of the domain.
 *
 * The message is shown to clients: no secrets, no SQL, no paths. What a client must not see belongs in `cause`.
 *
 * @example
 * throw new PlinthError('NOT_FOUND_RECORD', 'Cannot find post "post_01h455vb4pex5vsknk084sn02q"')
 */
export class PlinthError extends Error {
  override readonly name = 'PlinthError'
  readonly code: string
  readonly status: number
  readonly grpc: GrpcCode
  readonly isRetryable: boolean
  readonly details: readonly ErrorDetail[]
  readonly retryAfterS: number | undefined
  readonly proofAgeSMax: number | undefined

  constructor(code: ErrorCode | Refusal, message?: string, options: PlinthErrorOptions = {}) {
    const row: CatalogueRow = typeof code === 'string' ? CATALOGUE[code] : code
    super(message ?? row.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = typeof code === 'string' ? code : code.code
    this.status = row.status
    this.grpc = row.grpc
    this.isRetryable = row.isRetryable
    this.details = options.details ?? []
    // A second is the least that the header can say, and enough for a pool to recover.
    this.retryAfterS = options.retryAfterS ?? (row.isRetryable ? 1 : undefined)
    this.proofAgeSMax = options.proofAgeSMax
  }
}

/** A rule of the domain that can refuse a request: a catalogue row of the domain's own. */
export interface Refusal extends CatalogueRow {
  readonly code: string
}

/** Makes the catalogue row of a domain's own refusal: always 422, never worth a retry. */
export function refusal(code: string, message: string, cure: string): Refusal {
  return { code, message, cause: message, cure, status: REFUSAL_STATUS, grpc: REFUSAL_GRPC, isRetryable: false }
}

/** Turns anything that was thrown into a `PlinthError`; what is not one already becomes `INTERNAL_ERROR`. */
export function toPlinthError(thrown: unknown): PlinthError {
  if (thrown instanceof PlinthError) return thrown
  return new PlinthError('INTERNAL_ERROR', undefined, { cause: thrown })
}

/** A 400 with the given findings. The message names the first field, so that a bare log line is of use. */
export function invalid(details: readonly ErrorDetail[]): PlinthError {
  const first = details[0]
  const more = details.length > 1 ? ` (and ${details.length - 1} more)` : ''
  return new PlinthError('VALIDATION_FAILED', first === undefined ? undefined : `${first.message}${more}`, { details })
}
