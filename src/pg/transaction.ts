/**
 * One transaction on a connection of its own: the operations on records, and the keys of requests that must have their effect
 * once.
 */
import type { KeptAnswer, OnceKey, Transaction } from '../engine/index.ts'
import { PlinthError } from '../kernel/index.ts'
import type { Runner } from './driver.ts'
import { readDatabaseError } from './errors.ts'
import { RecordOperations, type StatementCache } from './operations.ts'
import { CLAIM, KEEP, READ_KEPT } from './statements/once.ts'

export class PgTransaction extends RecordOperations implements Transaction {
  readonly #run: Runner

  constructor(run: Runner, cache: StatementCache) {
    super(run, cache)
    this.#run = run
  }

  async claim(key: OnceKey): Promise<KeptAnswer | undefined> {
    try {
      const [claimed] = await this.#run(CLAIM, key)
      if (claimed !== undefined) return undefined
      const [kept] = await this.#run(READ_KEPT, key)
      if (kept?.[3] !== key.fingerprint) throw new PlinthError('CONFLICT_KEY_REUSED')
      const [status, headers, body] = kept
      return { status: Number(status), headers: JSON.parse(headers ?? '{}') as Record<string, string>, body: body ?? '' }
    } catch (error) {
      throw readDatabaseError(error, undefined)
    }
  }

  async keep(key: OnceKey, answer: KeptAnswer): Promise<void> {
    try {
      await this.#run(KEEP, { key, answer })
    } catch (error) {
      throw readDatabaseError(error, undefined)
    }
  }
}
