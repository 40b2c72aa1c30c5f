/** An exact decimal number, as money needs it: a string on the wire, since JSON numbers are binary floats to most readers. */
import { type Kind, Misfit, ORDERED } from '../kind.ts'

export interface DecimalOptions {
  /** Digits in total; 1 to 38. */
  readonly digits: number
  /** Digits behind the point; default 2. */
  readonly scale?: number
  /** Least value, as `'0'`; default the negative of all nines. */
  readonly min?: string
  /** Greatest value; default all nines. */
  readonly max?: string
}

const DECIMAL_FORM = /^(-?)(0|[1-9][0-9]{0,37})(?:\.([0-9]{1,38}))?$/

/** Counts in units of the last digit: exact, and quick to compare. */
function toUnits(text: string, scale: number): bigint {
  const isNegative = text.startsWith('-')
  const [whole = '0', fraction = ''] = (isNegative ? text.slice(1) : text).split('.')
  const units = BigInt(whole + fraction.padEnd(scale, '0').slice(0, scale))
  return isNegative ? -units : units
}

export function decimalKind(options: DecimalOptions): Kind<string> {
  const { digits, scale = 2 } = options
  const nines = `${'9'.repeat(Math.max(digits - scale, 1))}${scale > 0 ? `.${'9'.repeat(scale)}` : ''}`
  const { min = `-${nines}`, max = nines } = options
  const minUnits = toUnits(min, scale)
  const maxUnits = toUnits(max, scale)

  const read = (input: unknown): string | Misfit => {
    const parts = typeof input === 'string' ? DECIMAL_FORM.exec(input) : null
    if (parts === null) return new Misfit('type', 'must be a decimal number in quotes, such as "12.50"')
    const [text, sign = '', whole = '0', fraction = ''] = parts
    if (fraction.length > scale) return new Misfit('too_precise', `must have at most ${scale} digits behind the point`)
    const units = toUnits(text, scale)
    if (units < minUnits) return new Misfit('too_small', `must be at least ${min}`)
    if (units > maxUnits) return new Misfit('too_large', `must be at most ${max}`)
    const isNegative = sign === '-' && units !== 0n
    return `${isNegative ? '-' : ''}${whole}${scale > 0 ? `.${fraction.padEnd(scale, '0')}` : ''}`
  }
  return {
    name: 'decimal',
    sqlType: `numeric(${digits},${scale})`,
    graphqlType: 'Decimal',
    protobufType: 'string',
    schema: { type: 'string', format: 'decimal', pattern: `^-?(?:0|[1-9][0-9]*)(?:\\.[0-9]{1,${Math.max(scale, 1)}})?$`, maxLength: digits + 2 },
    operators: ORDERED,
    isSortable: true,
    isSearchable: false,
    read,
    readText: read,
    toSql: (value) => value,
    toJson: (value) => value,
    fromJson: (json) => json as string,
    compare: (left, right) => {
      const difference = toUnits(left, scale) - toUnits(right, scale)
      return difference === 0n ? 0 : difference < 0n ? -1 : 1
    },
    sqlJson: (column) => `${column}::text`,
  }
}
