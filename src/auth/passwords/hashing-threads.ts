/**
 * A few threads that hash and do nothing else. The pool of libuv is left to files and DNS, and hashing can stand behind the event loop and the
 * database where they want the same core. Decision 0022 has the figures. Knows the calls of argon2, neither accounts nor costs.
 */
import { Worker } from 'node:worker_threads'
import type { Options } from '@node-rs/argon2'
import type { HashingResult, HashingTask } from './hashing-thread.ts'

/** The next task waits in the thread itself, so that a thread does not stand still until the event loop has heard of the last one. */
export const TASKS_AT_ONCE = 2

/** The hashes are no objects of V8; what is left is a message at a time. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 }
/** As the source runs, or as it was built. */
const PROGRAM = new URL(`./hashing-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

type Unsent<Task> = Task extends unknown ? Omit<Task, 'id'> : never
type Work = Unsent<HashingTask>

interface Waiting {
  readonly resolve: (value: string | boolean) => void
  readonly reject: (error: Error) => void
}

export class HashingThreads {
  readonly #countMax: number
  readonly #threads = new Set<HashingThread>()

  /** @param countMax how many there may be; each starts when it is needed for the first time, and holds the memory of one hash from then on */
  constructor(countMax: number) {
    this.#countMax = countMax
  }

  async hash(password: Uint8Array, options: Options): Promise<string> {
    return String(await this.#choose().run({ kind: 'hash', password, options }))
  }

  async verify(kept: string, password: Uint8Array): Promise<boolean> {
    return (await this.#choose().run({ kind: 'verify', password, kept })) === true
  }

  /** Ends the threads; what they were at is refused. */
  async stop(): Promise<void> {
    await Promise.all([...this.#threads].map((thread) => thread.stop()))
  }

  /** The one with the least to do; a new one where all are busy and there may be more. */
  #choose(): HashingThread {
    const [least] = [...this.#threads].sort((left, right) => left.load - right.load)
    if (least !== undefined && (least.load === 0 || this.#threads.size >= this.#countMax)) return least
    const started: HashingThread = new HashingThread(() => this.#threads.delete(started))
    this.#threads.add(started)
    return started
  }
}

class HashingThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  constructor(onEnd: () => void) {
    // Nothing of the environment: it holds the secrets of the service.
    this.#worker = new Worker(PROGRAM, { env: {}, execArgv: [], resourceLimits: RESOURCE_LIMITS })
    this.#worker.unref()
    this.#worker.on('message', (result: HashingResult) => this.#settle(result))
    const end = (cause?: unknown): void => {
      onEnd()
      for (const id of this.#waiting.keys()) this.#settle({ id, failure: 'the thread has ended' }, cause)
    }
    this.#worker.once('error', end).once('exit', () => end())
  }

  get load(): number {
    return this.#waiting.size
  }

  run(work: Work): Promise<string | boolean> {
    const id = ++this.#lastId
    // A process that waits for a hash only must not end before it has it.
    this.#worker.ref()
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.postMessage({ ...work, id } satisfies HashingTask)
    })
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle(result: HashingResult, cause?: unknown): void {
    const waiting = this.#waiting.get(result.id)
    this.#waiting.delete(result.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ('value' in result) waiting?.resolve(result.value)
    else waiting?.reject(new Error(`Cannot hash: ${result.failure}, expected a result of argon2`, { cause }))
  }
}
