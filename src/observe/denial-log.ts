/**
 * Writes each refusal of access to the security log, and stays small under a flood: of each code a few lines a second, with the number
 * of those that were left out. The metrics count all of them.
 */
import type { LogContext, Logger } from './logger.ts'

export interface Denial {
  readonly operation: string
  /** Of the catalogue. */
  readonly code: string
  readonly status: number
  readonly requestId: string
}

export interface DenialLog {
  /** @param nowMs of a monotonic clock */
  note(denial: Denial, nowMs: number, context: LogContext): void
}

/** A person who tries doors stays below it; a script does not, and twenty lines tell what it does. */
const LINES_PER_SECOND_MAX = 20
const WINDOW_MS = 1_000

interface Window {
  beganAtMs: number
  lines: number
  suppressed: number
}

/** Makes the log of refusals of a server. */
export function createDenialLog(logger: Pick<Logger, 'security'>): DenialLog {
  // Codes are those of the catalogue, so there are few.
  const windows = new Map<string, Window>()
  return {
    note({ operation, code, status, requestId }, nowMs, context) {
      let window = windows.get(code)
      if (window === undefined) {
        window = { beganAtMs: nowMs, lines: 0, suppressed: 0 }
        windows.set(code, window)
      }
      if (nowMs - window.beganAtMs >= WINDOW_MS) {
        window.beganAtMs = nowMs
        window.lines = 0
      }
      if (window.lines >= LINES_PER_SECOND_MAX) {
        window.suppressed++
        return
      }
      window.lines++
      const { suppressed } = window
      window.suppressed = 0
      const fields = { operation, code, status, request_id: requestId, ...(suppressed > 0 && { suppressed }) }
      logger.security('access.denied', fields, { ...context, level: 'warn' })
    },
  }
}
