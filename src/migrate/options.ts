/** What a caller may set for a run, and what holds otherwise. */
import type { OnEvent } from './event.ts'

export interface MigrateOptions {
  /** Folder of the application's migrations. */
  readonly folder: string
  /** Schema for the tables, the ledger among them. Default `public`. */
  readonly schema?: string
  /** What the ledger notes as the one who applied: a version. Default `plinth`. */
  readonly appliedBy?: string
  readonly onEvent?: OnEvent
  /** Ends waits at once, and stops before the next file; a file under way is finished. */
  readonly signal?: AbortSignal
  /** How long a statement may wait for a lock, while others queue behind it. Default 5,000. */
  readonly lockTimeoutMs?: number
  /** The same for CONCURRENTLY statements, behind which nobody queues. Default 600,000. */
  readonly patientLockTimeoutMs?: number
  /** Tries in total when locks are not to be had, the first included. Default 6. */
  readonly attemptsMax?: number
  /** Before try n+1 the run waits up to `retryBaseMs * 2 ** n`, drawn at random, never above `retryWaitMsMax`. Default 500. */
  readonly retryBaseMs?: number
  /** Default 10,000. */
  readonly retryWaitMsMax?: number
  /** How long a statement may run; 0 is without end, since a backfill may take hours. Default 0. */
  readonly statementTimeoutMs?: number
  /** How long to wait for another runner. Default 300,000. */
  readonly runnerWaitMsMax?: number
  /** Apply files whose number comes before one that is applied already. Default false: refused by a sentence. */
  readonly allowsLate?: boolean
}

export type Settings = Required<Omit<MigrateOptions, 'signal'>> & { readonly signal: AbortSignal | undefined }

export function withDefaults(options: MigrateOptions): Settings {
  return {
    schema: 'public',
    appliedBy: 'plinth',
    onEvent: () => undefined,
    // Long enough for any short transaction to end, short enough that callers queued behind it do not time out.
    lockTimeoutMs: 5_000,
    patientLockTimeoutMs: 600_000,
    attemptsMax: 6,
    retryBaseMs: 500,
    retryWaitMsMax: 10_000,
    statementTimeoutMs: 0,
    runnerWaitMsMax: 300_000,
    allowsLate: false,
    ...options,
    signal: options.signal,
  }
}
