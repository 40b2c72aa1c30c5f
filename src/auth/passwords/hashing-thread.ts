/** The program of a thread that hashes: one task after another, behind all else that the machine has to do. Knows nothing of queues and costs. */
import { constants, getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync, type Options, verifySync } from '@node-rs/argon2'

export type HashingTask = { readonly id: number } & (
  | { readonly kind: 'hash'; readonly password: Uint8Array; readonly options: Options }
  | { readonly kind: 'verify'; readonly password: Uint8Array; readonly kept: string }
)

/** The hash, or whether the password matches; or the message of what went wrong. */
export type HashingResult = { readonly id: number } & ({ readonly value: string | boolean } | { readonly failure: string })

yieldToOthers()
parentPort?.on('message', (task: HashingTask) => parentPort?.postMessage(runTask(task)))

/**
 * On Linux a priority belongs to a thread; elsewhere it belongs to the process, which keeps its own. A sandbox may forbid the call: then hashes
 * compete with the rest, as they would have anyway.
 */
function yieldToOthers(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL))
  } catch {}
}

function runTask(task: HashingTask): HashingResult {
  const { id } = task
  try {
    const value = task.kind === 'hash' ? hashSync(task.password, task.options) : verifySync(task.kept, task.password)
    return { id, value }
  } catch (error) {
    return { id, failure: String(error) }
  }
}
