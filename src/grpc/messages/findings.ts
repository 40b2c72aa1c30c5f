/** Collects what is wrong with a request, so that all of it can be told at once. */
import { type ErrorDetail, invalid } from '../../kernel/index.ts'

/** A request with more faults is not read to its end. */
const FINDINGS_MAX = 20

export class Findings {
  readonly #all: ErrorDetail[] = []

  /** @param rest continues a sentence that begins with the field: `must be a whole number` */
  add(field: string, code: string, rest: string): void {
    if (this.#all.length < FINDINGS_MAX) this.#all.push({ field, code, message: `${field} ${rest}` })
  }

  /** Whether no more is told, so that there is no use in looking further. */
  get isFull(): boolean {
    return this.#all.length >= FINDINGS_MAX
  }

  /** @throws `VALIDATION_FAILED` with all findings, if there are any */
  expectNone(): void {
    if (this.#all.length > 0) throw invalid(this.#all)
  }
}
