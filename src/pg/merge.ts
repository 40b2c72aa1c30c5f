/**
 * Merges point reads: those of one shape that arrive in one turn of the event loop become one statement, whoever asks.
 *
 * Flushed by `setImmediate`, when the turn's input has been read, never by a timer: a lone read goes out in the same turn, as
 * itself.
 */
import type { GetPlan, StoredRecord } from '../engine/index.ts'
import { PlinthError } from '../kernel/index.ts'
import type { Row } from './driver.ts'
import type { MergedGetStatement } from './statements/get.ts'

/** More would make one answer late for the sake of the next; 128 keys are still one index walk each. */
const BATCH_MAX = 128

interface Waiting {
  readonly plan: GetPlan
  resolve(record: StoredRecord | undefined): void
  reject(error: unknown): void
}

export interface Reads {
  alone(plan: GetPlan): Promise<StoredRecord | undefined>
  merged(plans: readonly GetPlan[]): Promise<readonly (StoredRecord | undefined)[]>
}

/** Gathers the reads of one shape. */
export class ReadMerger {
  readonly #reads: Reads
  #waiting: Waiting[] = []

  constructor(reads: Reads) {
    this.#reads = reads
  }

  get(plan: GetPlan): Promise<StoredRecord | undefined> {
    return new Promise((resolve, reject) => {
      const count = this.#waiting.push({ plan, resolve, reject })
      if (count === 1) setImmediate(this.#flush)
      else if (count === BATCH_MAX) this.#flush()
    })
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting
    const [first] = waiting
    if (first === undefined) return
    this.#waiting = []
    if (waiting.length === 1) {
      this.#readAlone(first)
      return
    }
    this.#reads.merged(waiting.map(({ plan }) => plan)).then(
      (records) => {
        for (const [at, one] of waiting.entries()) one.resolve(records[at])
      },
      (error: unknown) => {
        // A database that is away is away for all. Anything else may be the fault of one, and the others shall not suffer for it.
        if (error instanceof PlinthError && error.code.startsWith('DEPENDENCY_')) for (const one of waiting) one.reject(error)
        else for (const one of waiting) this.#readAlone(one)
      },
    )
  }

  #readAlone({ plan, resolve, reject }: Waiting): void {
    try {
      this.#reads.alone(plan).then(resolve, reject)
    } catch (error) {
      // Nothing may be thrown into the event loop: it would end the process.
      reject(error)
    }
  }
}

/** Puts the rows of a merged answer where their plans stand. */
export function placeRows(
  rows: readonly Row[],
  count: number,
  statement: MergedGetStatement,
): readonly (StoredRecord | undefined)[] {
  const records = new Array<StoredRecord | undefined>(count).fill(undefined)
  for (const row of rows) records[statement.positionOf(row)] = statement.columns.read(row)
  return records
}
