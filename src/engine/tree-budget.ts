/** How large a tree may be: counts what it asks for while it is planned, and ends it where that is too much. */
import { invalid, type PlinthError } from '../kernel/index.ts'

/** Each level is a subquery, and the planner's work grows with their number: 50 take it about 10 ms, once for each shape. */
const LEVELS_MAX = 50
/** Keys of the answer's objects, each counted once however often it is printed. */
const PARTS_MAX = 1_000
/** Records that the answer can hold, if every page is full: two pages of the greatest size within one another, and as many references. */
const RECORDS_MAX = 20_000

export class TreeBudget {
  #levels = 0
  #parts = 0
  #records = 0

  /**
   * @param records how many the level can have at the most
   * @returns the number of the level
   * @throws `VALIDATION_FAILED`
   */
  claimLevel(records: number): number {
    this.#records += records
    if (this.#records > RECORDS_MAX) throw tooMuch(`could hold more than ${RECORDS_MAX} records`)
    if (this.#levels === LEVELS_MAX) throw tooMuch(`asks for more than ${LEVELS_MAX} lists and records`)
    return this.#levels++
  }

  /** @throws `VALIDATION_FAILED` */
  claimPart(): void {
    this.#parts++
    if (this.#parts > PARTS_MAX) throw tooMuch(`asks for more than ${PARTS_MAX} values`)
  }
}

function tooMuch(how: string): PlinthError {
  const message = `Cannot read this tree: it ${how}`
  return invalid([{ field: '', code: 'too_many', message: `${message}, expected fewer or smaller pages` }])
}
