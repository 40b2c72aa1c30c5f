/** An exact decimal number, as money needs it: a string on the wire, since JSON numbers are binary floats to most readers. */
import { type Flaw, type Kind, Misfit, ORDERED } from '../kind.ts'

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

function fractionLength(text: string): number {
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.length - point - 1
}

export function decimalKind(options: DecimalOptions): Kind<string> {
  const { digits, scale = 2 } = options
  const flaws = findOptionFlaws(options)
  // Wrong options stop the start; until then the kind must not throw.
  const wholeDigits = flaws.length === 0 ? digits - scale : 1
  const fractionDigits = flaws.length === 0 ? scale : 0
  const nines = `${'9'.repeat(wholeDigits) || '0'}${fractionDigits > 0 ? `.${'9'.repeat(fractionDigits)}` : ''}`
  const { min = `-${nines}`, max = nines } = flaws.length === 0 ? options : {}
  const minUnits = toUnits(min, scale)
  const maxUnits = toUnits(max, scale)

  const read = (input: unknown): string | Misfit => {
    const parts = typeof input === 'string' ? DECIMAL_FORM.exec(input) : null
    if (parts === null) return new Misfit('type', 'must be a decimal number in quotes, such as "12.50"')
    const [text, sign = '', whole = '0', fraction = ''] = parts
    if (fraction.length > scale)
      return new Misfit(
        'too_precise',
        scale === 0 ? 'must have no digits behind the point' : `must have at most ${scale} digits behind the point`,
      )
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
    schema: {
      type: 'string',
      format: 'decimal',
      pattern: schemaPattern(wholeDigits, fractionDigits),
      maxLength: nines.length + 1,
    },
    operators: ORDERED,
    isSortable: true,
    isSearchable: false,
    read,
    readText: read,
    toSql: (value) => value,
    toJson: (value) => value,
    fromJson: (json) => json as string,
    compare: (left, right) => {
      // The other side may be of a finer kind: SQL compares all digits, and so must memory.
      const digits = Math.max(scale, fractionLength(left), fractionLength(right))
      const difference = toUnits(left, digits) - toUnits(right, digits)
      return difference === 0n ? 0 : difference < 0n ? -1 : 1
    },
    findFlaws: () => flaws,
    sqlJson: (column) => `${column}::text`,
  }
}

function schemaPattern(wholeDigits: number, fractionDigits: number): string {
  const whole = wholeDigits > 0 ? `(?:0|[1-9][0-9]{0,${wholeDigits - 1}})` : '0'
  return `^-?${whole}${fractionDigits > 0 ? `(?:\\.[0-9]{1,${fractionDigits}})?` : ''}$`
}

/** PostgreSQL's numeric holds more; 38 digits are what other databases and decimal libraries share. */
const DIGITS_MAX = 38

function findOptionFlaws({ digits, scale = 2, min, max }: DecimalOptions): readonly Flaw[] {
  if (!Number.isSafeInteger(digits) || digits < 1 || digits > DIGITS_MAX)
    return [{ what: `it has ${digits} digits`, mend: `digits: a whole number from 1 to ${DIGITS_MAX}` }]
  if (!Number.isSafeInteger(scale) || scale < 0 || scale > digits)
    return [{ what: `its scale is ${scale}`, mend: `scale: a whole number from 0 to ${digits}` }]
  const fits = (bound: string): boolean => new RegExp(schemaPattern(digits - scale, scale)).test(bound)
  const wrong = [min, max].filter((bound) => bound !== undefined && !fits(bound))
  if (wrong.length > 0)
    return wrong.map((bound) => ({
      what: `its bound "${bound}" does not fit ${digits} digits with ${scale} behind the point`,
      mend: `min: '${(0).toFixed(scale)}'`,
    }))
  const isEmpty = min !== undefined && max !== undefined && toUnits(min, scale) > toUnits(max, scale)
  return isEmpty ? [{ what: `its min ${min} is above its max ${max}`, mend: 'Swap the two.' }] : []
}
