/** Reads a length of time as people write it: `90s`, `10m`, `2h`, `1d`. */
import { UsageError } from './command.ts'

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const
const FORM = /^([0-9]{1,9})([smhd])$/

/** In seconds. @throws UsageError for anything else */
export function readDurationS(option: string, text: string | boolean): number {
  const [, count, unit] = FORM.exec(String(text)) ?? []
  if (count === undefined || unit === undefined)
    throw new UsageError(`Cannot use ${option} "${text}": expected a number with its unit, as 90s, 10m, 2h or 1d`)
  return Number(count) * SECONDS[unit as keyof typeof SECONDS]
}
