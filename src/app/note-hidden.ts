/** Writes to the security log who asked for a record that is there and hidden from them, without saying which. */
import type { HiddenRecordOptions } from '../engine/index.ts'
import { createDenialLog, createUserHash, type Logger } from '../observe/index.ts'
import type { LaterTasks } from './later.ts'

export function noteHidden(logger: Logger, later: LaterTasks, userHashKey: Uint8Array): HiddenRecordOptions {
  const denials = createDenialLog(logger)
  const hashUserId = createUserHash(userHashKey)
  return {
    later: later.follow,
    monotonicMs: () => performance.now(),
    onHidden: ({ resource, operation, context }) =>
      denials.note(
        {
          operation: `${resource.plural}.${operation}`,
          code: 'NOT_FOUND_RECORD',
          status: 404,
          requestId: context.requestId,
        },
        performance.now(),
        { userId: hashUserId(context.actor) },
      ),
  }
}
