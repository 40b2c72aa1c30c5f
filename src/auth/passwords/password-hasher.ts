/** Hashes and verifies passwords with argon2id, off the event loop, in a bounded queue. Knows nothing of accounts. */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { type Clock, invalid } from '../../kernel/index.ts'
import { type Argon2Parameters, HASH_BYTES, isWeaker, readKeptHash, renderArgon2Text, SALT_BYTES } from './argon2-text.ts'
import { HashingThreads, TASKS_AT_ONCE } from './hashing-threads.ts'
import { PASSWORD_FAULTS, readPassword } from './password-text.ts'
import { WorkQueue } from './work-queue.ts'

/** @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id */
const OWASP: Argon2Parameters = { memoryKib: 19_456, passes: 2, lanes: 1 }

/**
 * Each thread keeps the 19 MiB of a hash and some 5 of its own. And a hash on every core competes with the event loop and the database: on two
 * cores the loop's 99th percentile of delay was 8 ms with one hash at a time, 9 ms with two and 15 ms with four, beside a resolution of 5 ms.
 */
const CONCURRENCY_MAX = 3
const QUEUE_MAX = 100

export interface PasswordHasherOptions {
  /** What a new hash costs; default 19 MiB, 2 passes, 1 lane (OWASP). */
  readonly parameters?: Argon2Parameters
  /** How many hashes run at once, each in a thread of its own; default one fewer than there are cores, from 1 to 3. Each takes `memoryKib`. */
  readonly concurrency?: number
  /** How many wait behind them and the next of each thread; default 100. */
  readonly queueMax?: number
  readonly clock: Pick<Clock, 'monotonicMs'>
}

export interface PasswordVerdict {
  readonly isMatch: boolean
  /** Whether the password was right and its hash is weaker than one made now: hash it again and keep that. */
  readonly needsRehash: boolean
}

export interface PasswordHasher {
  /**
   * Makes the PHC text to keep, some 97 characters, with a salt of its own.
   *
   * @throws `VALIDATION_FAILED` at `password` when the text is empty, longer than 256 characters or not well-formed; `RATE_LIMIT_OVERLOADED`
   * when the queue is full; the reason of `signal` when it aborts before its turn
   */
  hash(plain: string, signal?: AbortSignal): Promise<string>
  /**
   * Says whether `plain` is the password of which `kept` was made. Without a kept hash, or with one that is no argon2id, the same work is done
   * for nothing, so that time does not tell which accounts exist. What cannot be a password never matches.
   *
   * @throws `RATE_LIMIT_OVERLOADED` when the queue is full; the reason of `signal` when it aborts before its turn
   */
  verify(plain: string, kept: string | undefined, signal?: AbortSignal): Promise<PasswordVerdict>
}

/** A hasher with its threads, for whoever starts and stops a service. */
export interface OwnPasswordHasher extends PasswordHasher {
  /** Gives back the threads and their memory. A hash that is under way is refused; a later one starts a thread anew. */
  stop(): Promise<void>
}

const NO_MATCH: PasswordVerdict = { isMatch: false, needsRehash: false }

/**
 * Makes the one hasher of a service: its queue bounds the processor time and memory that sign-in can take.
 *
 * @example
 * const passwords = createPasswordHasher({ clock })
 * const kept = await passwords.hash('correct horse battery staple')
 * const { isMatch } = await passwords.verify('correct horse battery staple', kept)
 */
export function createPasswordHasher(options: PasswordHasherOptions): OwnPasswordHasher {
  const parameters = checkParameters(options.parameters ?? OWASP)
  const concurrency = options.concurrency ?? hashesAtOnce(availableParallelism())
  const threads = new HashingThreads(concurrency)
  const queue = new WorkQueue({
    concurrency: concurrency * TASKS_AT_ONCE,
    queueMax: options.queueMax ?? QUEUE_MAX,
    clock: options.clock,
  })
  // Random bytes in the place of a hash: nobody knows a password for it, and it costs what a real one does.
  const dummy = renderArgon2Text(parameters, randomBytes(SALT_BYTES), randomBytes(HASH_BYTES))
  const cost = { memoryCost: parameters.memoryKib, timeCost: parameters.passes, parallelism: parameters.lanes }
  return {
    async hash(plain, signal) {
      const password = readPassword(plain)
      if (typeof password === 'string') throw invalid([{ field: 'password', code: password, message: PASSWORD_FAULTS[password] }])
      return queue.run(
        () => threads.hash(Buffer.from(password.text), { ...cost, outputLen: HASH_BYTES, salt: randomBytes(SALT_BYTES) }),
        signal,
      )
    },
    async verify(plain, kept, signal) {
      const password = readPassword(plain)
      if (typeof password === 'string') return NO_MATCH
      const found = kept === undefined ? undefined : readKeptHash(kept)
      const text = kept === undefined || found === undefined ? dummy : kept
      const isMatch = await queue.run(() => threads.verify(text, Buffer.from(password.text)), signal)
      return found === undefined || !isMatch ? NO_MATCH : { isMatch, needsRehash: isWeaker(found, parameters) }
    },
    stop: () => threads.stop(),
  }
}

/** How many hashes run at once on a machine of so many cores, where nobody says otherwise. */
export function hashesAtOnce(cores: number): number {
  return Math.min(Math.max(cores - 1, 1), CONCURRENCY_MAX)
}

function checkParameters(parameters: Argon2Parameters): Argon2Parameters {
  const { memoryKib, passes, lanes } = parameters
  const dummy = renderArgon2Text(parameters, new Uint8Array(SALT_BYTES), new Uint8Array(HASH_BYTES))
  if (readKeptHash(dummy) === undefined)
    throw new Error(
      `Cannot hash with memoryKib ${memoryKib}, passes ${passes}, lanes ${lanes}: argon2id has no such cost, expected whole numbers, such as 19456, 2 and 1`,
    )
  return parameters
}
