/** The wall clock of a time zone, for conditions on hours and days. */

export interface WallClock {
  readonly minuteOfDay: number
  /** Monday 1 … Sunday 7. */
  readonly weekday: number
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const MS_PER_MINUTE = 60_000

interface Formatter {
  readonly format: Intl.DateTimeFormat
  minute: number
  clock: WallClock
}

/** One for each zone that policies name: making a formatter takes 50 times as long as asking it. */
const formatters = new Map<string, Formatter>()

/** What a clock on the wall shows in this zone of the IANA database. The answer is kept for the minute that it holds. */
export function wallClock(zone: string, nowMs: number): WallClock {
  const minute = Math.floor(nowMs / MS_PER_MINUTE)
  let formatter = formatters.get(zone)
  if (formatter === undefined) {
    const format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      weekday: 'short',
      hourCycle: 'h23',
    })
    formatter = { format, minute: Number.NaN, clock: { minuteOfDay: 0, weekday: 1 } }
    formatters.set(zone, formatter)
  }
  if (formatter.minute !== minute) {
    const parts = new Map(formatter.format.formatToParts(nowMs).map(({ type, value }) => [type, value]))
    formatter.minute = minute
    formatter.clock = {
      minuteOfDay: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
      weekday: WEEKDAYS.indexOf(parts.get('weekday') ?? '') + 1,
    }
  }
  return formatter.clock
}
