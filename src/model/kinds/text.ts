/** Text with a maximum length, counted in Unicode code points as PostgreSQL and JSON Schema count. */
import { EQUALITY, type Flaw, type JsonSchema, type Kind, Misfit, ORDERED } from '../kind.ts'

export interface TextOptions {
  /** Most characters (code points). There is no text without a bound. */
  readonly max: number
  /** Fewest characters; default 0. */
  readonly min?: number
  /**
   * A regular expression that the whole text must match, with Unicode on (flag `u`) as JSON Schema has it; of other flags only
   * `v` counts. Keep it linear: it sees hostile input.
   */
  readonly pattern?: RegExp
}

/**
 * What is longer is compared and sorted by nothing: an index row of PostgreSQL holds 2704 bytes, a code point takes up to four.
 */
const ORDERED_LENGTH_MAX = 500

/** Whether the text has at least `min` code points; counts only where UTF-16 units leave it open. */
function reaches(text: string, min: number): boolean {
  // A code point takes at most two units.
  return text.length >= min && (text.length >= min * 2 || countPoints(text) >= min)
}

function isWithin(text: string, max: number): boolean {
  return text.length <= max || (text.length <= max * 2 && countPoints(text) <= max)
}

function countPoints(text: string): number {
  let points = 0
  for (const _ of text) points++
  return points
}

function characters(count: number): string {
  return count === 1 ? '1 character' : `${count} characters`
}

/** Refuses what is no storable text: another type, a lone surrogate, a NUL (PostgreSQL keeps neither). */
function readString(input: unknown): string | Misfit {
  if (typeof input !== 'string') return new Misfit('type', 'must be text')
  if (!input.isWellFormed()) return new Misfit('encoding', 'must be well-formed Unicode, without lone surrogates')
  if (input.includes('\0')) return new Misfit('encoding', 'must not contain the NUL character')
  return input
}

export function readBoundedString(input: unknown, min: number, max: number): string | Misfit {
  const text = readString(input)
  if (text instanceof Misfit) return text
  if (!reaches(text, min)) return new Misfit(text === '' ? 'required' : 'too_short', `must have at least ${characters(min)}`)
  if (!isWithin(text, max)) return new Misfit('too_long', `must have at most ${characters(max)}`)
  return text
}

/** Orders by UTF-16 unit: as SQL does for ASCII, and for other text only equality is ever asked for in memory. */
export function compareText(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1
}

/** What is wrong with the bounds of a text, or of anything else that is counted. */
export function findBoundFlaws(min: number, max: number, leastMax = 1): readonly Flaw[] {
  if (!Number.isSafeInteger(max) || max < leastMax)
    return [{ what: `its max is ${max}`, mend: `max: a whole number from ${leastMax}` }]
  if (!Number.isSafeInteger(min) || min < 0 || min > max)
    return [{ what: `its min is ${min}`, mend: `min: a whole number from 0 to ${max}` }]
  return []
}

/** The pattern for the whole text, read in the one way that JSON Schema knows; undefined when that cannot be. */
function anchor(pattern: RegExp): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern.source})$`, pattern.unicodeSets ? 'v' : 'u')
  } catch {
    return undefined
  }
}

/** How text passes through SQL and JSON: as it is. For every kind whose values are text. */
export const TEXT_CODEC: Pick<Kind<string>, 'toSql' | 'toJson' | 'fromJson' | 'compare'> = {
  toSql: (value) => value,
  toJson: (value) => value,
  fromJson: (json) => json as string,
  compare: compareText,
}

export function textKind(options: TextOptions): Kind<string> {
  const { max, min = 0, pattern } = options
  const anchored = pattern && anchor(pattern)
  const schema: JsonSchema = {
    type: 'string',
    maxLength: max,
    ...(min > 0 && { minLength: min }),
    ...(anchored !== undefined && { pattern: anchored.source }),
  }
  const read = (input: unknown): string | Misfit => {
    const text = readBoundedString(input, min, max)
    if (typeof text === 'string' && anchored !== undefined && !anchored.test(text)) {
      return new Misfit('pattern', `must match ${pattern?.source}`)
    }
    return text
  }
  return {
    name: 'text',
    sqlType: 'text',
    graphqlType: 'String',
    protobufType: 'string',
    schema,
    operators: max <= ORDERED_LENGTH_MAX ? ORDERED : EQUALITY,
    isSortable: max <= ORDERED_LENGTH_MAX,
    isSearchable: true,
    read,
    readText: read,
    ...TEXT_CODEC,
    findFlaws: () => [...findBoundFlaws(min, max), ...(pattern === undefined ? [] : findPatternFlaws(pattern))],
  }
}

function findPatternFlaws(pattern: RegExp): readonly Flaw[] {
  const mends: Flaw[] = []
  if (anchor(pattern) === undefined) {
    mends.push({
      what: `its pattern ${pattern} is no regular expression under the flag u`,
      mend: 'Escape only what needs it: /[a-z-]/u',
    })
  }
  if (pattern.ignoreCase || pattern.multiline || pattern.dotAll) {
    mends.push({ what: `its pattern ${pattern} has flags that JSON Schema does not know`, mend: 'Spell it out: /[a-zA-Z]+/' })
  }
  return mends
}
