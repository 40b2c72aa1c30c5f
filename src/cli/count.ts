/** Reads how many records a person wants in the database: for `plinth seed` and `plinth dev --seed`. */
import { UsageError } from './command.ts'

/** More than this is a slip of the finger. */
const COUNT_MAX = 100_000_000

/** @throws UsageError for anything but a whole number from 1 */
export function readCount(text: string | boolean): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > COUNT_MAX)
    throw new UsageError(`Cannot seed "${text}" records: expected a whole number from 1 to ${COUNT_MAX}`)
  return count
}
