/** Reads a query string. What a name means (`created_at[gte]`) the surface knows. */
import { type Pairs, readPairs } from './urlencoded.ts'

/** Without a prototype: `query.constructor` is undefined unless the caller sent it. */
export type Query = Pairs

const WORDS = { whole: 'query', part: 'query parameter' }

/**
 * Reads the part behind the `?`.
 *
 * @throws `VALIDATION_FAILED`, naming the parameter, for broken percent-encoding, bytes that are not UTF-8, NUL, a name that comes twice, and
 * more than 64 parameters
 */
export function readQuery(text: string): Query {
  return readPairs(text, WORDS)
}
