/** Reads names and values as URLs and forms write them: strict percent-decoding, each name once. What they mean others know. */
import { type ErrorDetail, invalid } from '../kernel/index.ts'
import { QUERY_PARAMETERS_MAX } from './limits.ts'

/** Without a prototype: `pairs.constructor` is undefined unless the caller sent it. */
export type Pairs = Readonly<Record<string, string>>

/** How errors name the whole and one of its parts. */
export interface PairWords {
  readonly whole: string
  readonly part: string
}

const NO_PAIRS: Pairs = Object.freeze(Object.create(null) as Pairs)
/** Anything that a client must percent-encode. */
const OUTSIDE_URL = /[^\x21-\x7e]/

/**
 * Reads `a=1&b=2`.
 *
 * @throws `VALIDATION_FAILED`, naming the part, for broken percent-encoding, bytes that are not UTF-8, NUL, a name that comes twice, and
 * more than 64 parts
 */
export function readPairs(text: string, words: PairWords): Pairs {
  if (text === '') return NO_PAIRS
  const pairs: Record<string, string> = Object.create(null)
  const findings: ErrorDetail[] = []
  let count = 0
  let start = 0
  while (start <= text.length) {
    const next = text.indexOf('&', start)
    const end = next < 0 ? text.length : next
    if (end > start) {
      count += 1
      if (count > QUERY_PARAMETERS_MAX) {
        const message = `Cannot read the ${words.whole}: more than ${QUERY_PARAMETERS_MAX} ${words.part}s`
        throw invalid([{ field: '', code: 'too_many', message }])
      }
      const finding = readPair(text.slice(start, end), words.part, pairs)
      if (finding !== undefined) findings.push(finding)
    }
    start = end + 1
  }
  if (findings.length > 0) throw invalid(findings)
  return pairs
}

function readPair(pair: string, part: string, pairs: Record<string, string>): ErrorDetail | undefined {
  const equals = pair.indexOf('=')
  const rawName = equals < 0 ? pair : pair.slice(0, equals)
  const name = decode(rawName)
  const wrong = (shown: string, code: string, what: string): ErrorDetail => {
    const field = shorten(shown)
    return { field, code, message: `Cannot read the ${part} "${field}": ${what}` }
  }
  if (name === undefined || name === '') return wrong(rawName, 'format', 'its name is not percent-encoded UTF-8')
  const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
  if (value === undefined) return wrong(name, 'format', 'its value is not percent-encoded UTF-8 without NUL')
  if (pairs[name] !== undefined) return wrong(name, 'duplicate', 'it comes more than once, expected one value')
  pairs[name] = value
  return undefined
}

/** Undefined for what is not well-formed. `decodeURIComponent` refuses overlong forms and surrogates by itself. */
function decode(text: string): string | undefined {
  if (OUTSIDE_URL.test(text)) return undefined
  if (!text.includes('%')) return text.includes('+') ? text.replaceAll('+', ' ') : text
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '))
    return decoded.includes('\0') ? undefined : decoded
  } catch {
    return undefined
  }
}

/** A name as it may be repeated to the caller: short, and without characters that break a line. */
function shorten(name: string): string {
  return name.slice(0, 64).replace(/[^\x20-\x7e]/g, '?')
}
