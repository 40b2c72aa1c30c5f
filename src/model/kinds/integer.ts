/** A whole number that every protocol can carry without loss: within ±(2^53 − 1). */
import { type Kind, Misfit, ORDERED } from '../kind.ts'

export interface IntegerOptions {
  /** Least value; default −(2^53 − 1). */
  readonly min?: number
  /** Greatest value; default 2^53 − 1. */
  readonly max?: number
}

const INT4_MAX = 2_147_483_647
const INTEGER_FORM = /^-?(?:0|[1-9][0-9]{0,15})$/

export function integerKind(options: IntegerOptions = {}): Kind<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options
  const isSmall = min >= -INT4_MAX - 1 && max <= INT4_MAX
  const read = (input: unknown): number | Misfit => {
    if (typeof input !== 'number' || !Number.isSafeInteger(input)) return new Misfit('type', 'must be a whole number')
    if (input < min) return new Misfit('too_small', `must be at least ${min}`)
    if (input > max) return new Misfit('too_large', `must be at most ${max}`)
    // JSON keeps −0 apart; no column does.
    return input === 0 ? 0 : input
  }
  return {
    name: 'integer',
    sqlType: isSmall ? 'integer' : 'bigint',
    graphqlType: isSmall ? 'Int' : 'SafeInteger',
    protobufType: isSmall ? 'int32' : 'int64',
    schema: { type: 'integer', minimum: min, maximum: max, format: isSmall ? 'int32' : 'int64' },
    operators: ORDERED,
    isSortable: true,
    isSearchable: false,
    read,
    readText: (text) => (INTEGER_FORM.test(text) ? read(Number(text)) : new Misfit('type', 'must be a whole number')),
    toSql: (value) => value,
    toJson: (value) => value,
    fromJson: (json) => json as number,
    compare: (left, right) => left - right,
    findFlaws: () =>
      Number.isSafeInteger(min) && Number.isSafeInteger(max) && min <= max
        ? []
        : [
            {
              what: `its bounds are ${min} and ${max}`,
              mend: 'min and max: whole numbers within ±(2^53 − 1), the smaller first',
            },
          ],
  }
}
