/** Text with a maximum length, counted in Unicode code points as PostgreSQL and JSON Schema count. */
import { EQUALITY, type JsonSchema, type Kind, Misfit, ORDERED } from '../kind.ts'

export interface TextOptions {
  /** Most characters (code points). There is no text without a bound. */
  readonly max: number
  /** Fewest characters; default 0. */
  readonly min?: number
  /** A regular expression that the whole text must match; keep it linear, it sees hostile input. */
  readonly pattern?: RegExp
}

/** Whether the text has at most `max` code points; counts only where UTF-16 units leave it open. */
function isWithin(text: string, max: number): boolean {
  if (text.length <= max) return true
  // A code point takes at most two units.
  if (text.length > max * 2) return false
  let points = 0
  for (const _ of text) points++
  return points <= max
}

function characters(count: number): string {
  return count === 1 ? '1 character' : `${count} characters`
}

/** Refuses what is no storable text: another type, a lone surrogate, a NUL (PostgreSQL keeps neither). */
export function readString(input: unknown): string | Misfit {
  if (typeof input !== 'string') return new Misfit('type', 'must be text')
  if (!input.isWellFormed()) return new Misfit('encoding', 'must be well-formed Unicode, without lone surrogates')
  if (input.includes('\0')) return new Misfit('encoding', 'must not contain the NUL character')
  return input
}

export function readBoundedString(input: unknown, min: number, max: number): string | Misfit {
  const text = readString(input)
  if (text instanceof Misfit) return text
  if (text.length < min) return new Misfit(text === '' ? 'required' : 'too_short', `must have at least ${characters(min)}`)
  if (!isWithin(text, max)) return new Misfit('too_long', `must have at most ${characters(max)}`)
  return text
}

/** Orders by code point, as the collation "C" does; only equality of texts is ever asked for in memory. */
export function compareText(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1
}

export function textKind(options: TextOptions): Kind<string> {
  const { max, min = 0, pattern } = options
  const anchored = pattern === undefined ? undefined : new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ''))
  const schema: JsonSchema = {
    type: 'string',
    maxLength: max,
    ...(min > 0 && { minLength: min }),
    ...(anchored !== undefined && { pattern: anchored.source }),
  }
  const read = (input: unknown): string | Misfit => {
    const text = readBoundedString(input, min, max)
    if (typeof text === 'string' && anchored !== undefined && !anchored.test(text)) {
      return new Misfit('pattern', `must match ${anchored.source}`)
    }
    return text
  }
  return {
    name: 'text',
    sqlType: 'text',
    graphqlType: 'String',
    protobufType: 'string',
    schema,
    operators: max <= 500 ? ORDERED : EQUALITY,
    isSortable: true,
    isSearchable: true,
    read,
    readText: read,
    toSql: (value) => value,
    toJson: (value) => value,
    fromJson: (json) => json as string,
    compare: compareText,
  }
}
