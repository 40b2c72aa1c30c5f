/** A day of the calendar, without time or zone: `2026-01-31`. */
import { type Kind, Misfit, ORDERED } from '../kind.ts'
import { TEXT_CODEC } from './text.ts'
import { isCalendarDate } from './timestamp.ts'

const DATE_FORM = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/

export function dateKind(): Kind<string> {
  const read = (input: unknown): string | Misfit => {
    const parts = typeof input === 'string' ? DATE_FORM.exec(input) : null
    const month = Number(parts?.[2])
    const isReal = parts !== null && month >= 1 && month <= 12 && isCalendarDate(Number(parts[1]), month, Number(parts[3]))
    return isReal ? parts[0] : new Misfit('date', 'must be a date such as 2026-01-31')
  }
  return {
    name: 'date',
    sqlType: 'date',
    graphqlType: 'Date',
    protobufType: 'string',
    schema: { type: 'string', format: 'date', maxLength: 10 },
    operators: ORDERED,
    isSortable: true,
    isSearchable: false,
    read,
    readText: read,
    ...TEXT_CODEC,
  }
}
