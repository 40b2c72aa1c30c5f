/** Work that goes on after the answer. Bounded, so that a flood cannot pile it up; a stopping service waits for what is under way. */
import type { RunLater } from '../auth/index.ts'
import { PlinthError } from '../kernel/index.ts'
import type { Logger } from '../observe/index.ts'

/** Letters and registrations under way at once: each holds a connection for a moment. */
const TASKS_MAX = 200

export interface LaterTasks {
  readonly run: RunLater
  /** Resolves when all that was begun has ended. */
  drain(): Promise<void>
}

export function createLater(logger: Pick<Logger, 'error'>): LaterTasks {
  const tasks = new Set<Promise<void>>()
  return {
    run(work) {
      if (tasks.size >= TASKS_MAX) throw new PlinthError('RATE_LIMIT_OVERLOADED')
      const task = work()
        .catch((error: unknown) => logger.error('Work that went on after its answer failed', { error }))
        .finally(() => tasks.delete(task))
      tasks.add(task)
    },
    async drain() {
      while (tasks.size > 0) await Promise.all(tasks)
    },
  }
}
