/** A moment, to the millisecond. Finer digits are cut on the way in, so that what JavaScript holds equals what SQL holds. */
import { type Kind, Misfit, ORDERED } from '../kind.ts'

/** RFC 3339 with a zone: a time without one means a different moment to each reader. */
const TIMESTAMP_FORM =
  /^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,9}))?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$/

/** Days of the month in the proleptic Gregorian calendar, which RFC 3339 and PostgreSQL share. */
export function isCalendarDate(year: number, month: number, day: number): boolean {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
  return year >= 1 && day >= 1 && day <= days
}

export function timestampKind(): Kind<Date> {
  const read = (input: unknown): Date | Misfit => {
    const parts = typeof input === 'string' ? TIMESTAMP_FORM.exec(input) : null
    const isReal = parts !== null && isCalendarDate(Number(parts[1]), Number(parts[2]), Number(parts[3]))
    const moment = isReal ? new Date(parts[0].toUpperCase()) : undefined
    const year = moment?.getUTCFullYear() ?? 0
    // A zone can carry the last hours of 9999 into the year 10000, which no four digits print.
    if (moment === undefined || year < 1 || year > 9_999)
      return new Misfit('timestamp', 'must be a time with its zone, such as 2026-01-31T09:30:00Z')
    return moment
  }
  return {
    name: 'timestamp',
    sqlType: 'timestamp(3) with time zone',
    graphqlType: 'DateTime',
    protobufType: 'google.protobuf.Timestamp',
    schema: { type: 'string', format: 'date-time', maxLength: 35 },
    operators: ORDERED,
    isSortable: true,
    isSearchable: false,
    read,
    readText: read,
    toSql: (value) => value.toISOString(),
    toJson: (value) => value.toISOString(),
    fromJson: (json) => new Date(json as string),
    compare: (left, right) => left.getTime() - right.getTime(),
  }
}
