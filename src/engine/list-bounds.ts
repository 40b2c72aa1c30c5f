/** How much of a list's order, filters and search a caller may ask at once, whichever surface they ask through. */
import { Misfit } from '../model/index.ts'

export const SORT_KEYS_MAX = 4
/** A trigram index knows texts by three characters in a row: with fewer, each search would read the whole table. */
export const SEARCH_LENGTH_MIN = 3
export const SEARCH_LENGTH_MAX = 200
/** Values of one `in`: as many as a page has records at the most. */
export const IN_VALUES_MAX = 100

/** What is wrong with a text to search for; undefined when nothing is. */
export function findSearchMisfit(text: string): Misfit | undefined {
  if (text === '') return new Misfit('required', 'must not be empty')
  // No stored text holds either, and PostgreSQL takes neither as a parameter.
  if (!text.isWellFormed() || text.includes('\0'))
    return new Misfit('encoding', 'must not contain NUL characters or lone surrogates')
  const length = [...text].length
  if (length < SEARCH_LENGTH_MIN) return new Misfit('too_short', `must have at least ${SEARCH_LENGTH_MIN} characters`)
  if (length > SEARCH_LENGTH_MAX) return new Misfit('too_long', `must have at most ${SEARCH_LENGTH_MAX} characters`)
  return undefined
}
