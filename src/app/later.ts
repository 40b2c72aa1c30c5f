/**
 * Work that goes on after the answer. What anybody can start is bounded, so that a flood cannot pile it up; what follows a change that is
 * made is never refused. A stopping service waits for both.
 *
 * It begins in a later turn of the event loop, when the answer has been written: what it does first would lengthen the answer otherwise, and tell
 * known names from unknown ones.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RunLater } from '../auth/index.ts'
import { PlinthError } from '../kernel/index.ts'
import type { Logger } from '../observe/index.ts'

/** Letters and registrations under way at once: each holds a connection for a moment. */
const TASKS_MAX = 200

export interface LaterTasks {
  /** For what anybody can ask for. @throws `RATE_LIMIT_OVERLOADED` while too much is under way */
  readonly run: RunLater
  /** For what follows a change that is durable: its refusal would come too late, and hide that the change was made. */
  readonly follow: RunLater
  /** Resolves when all that was begun has ended. */
  drain(): Promise<void>
}

export function createLater(logger: Pick<Logger, 'error'>): LaterTasks {
  const tasks = new Set<Promise<void>>()
  const follow: RunLater = (work) => {
    const task = nextTurn()
      .then(work)
      .catch((error: unknown) => logger.error('Work that went on after its answer failed', { error }))
      .finally(() => tasks.delete(task))
    tasks.add(task)
  }
  return {
    run(work) {
      if (tasks.size >= TASKS_MAX) throw new PlinthError('RATE_LIMIT_OVERLOADED')
      follow(work)
    },
    follow,
    async drain() {
      while (tasks.size > 0) await Promise.all(tasks)
    },
  }
}
