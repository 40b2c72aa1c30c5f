/** What a run tells whoever watches it, as data: printing is the command line's business. */
import type { Origin } from './files.ts'

export type MigrationEvent =
  /** Another runner holds the lock; told once, then the run waits up to `waitMsMax`. */
  | { readonly kind: 'waiting'; readonly holderPid: number | undefined; readonly waitMsMax: number }
  /** `again`: an earlier run of this file was cut off, so it runs from its top once more. */
  | { readonly kind: 'applying' | 'reverting'; readonly origin: Origin; readonly name: string; readonly again: boolean }
  | { readonly kind: 'applied' | 'reverted'; readonly origin: Origin; readonly name: string; readonly durationMs: number }
  /** A lock was not to be had; nothing is changed, and the next attempt follows after `waitMs`. */
  | {
      readonly kind: 'retrying'
      readonly origin: Origin
      readonly name: string
      readonly reason: 'lock_timeout' | 'deadlock'
      readonly attempt: number
      readonly attemptsMax: number
      readonly waitMs: number
    }
  /** A build that was cut off left this index behind, unused and in the way. */
  | { readonly kind: 'dropping_invalid_index'; readonly origin: Origin; readonly name: string; readonly index: string }

export type OnEvent = (event: MigrationEvent) => void
