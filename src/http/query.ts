/** Reads a query string: strict percent-decoding, each name once. What a name means (`created_at[gte]`) the surface knows. */
import { type ErrorDetail, invalid } from '../kernel/index.ts'
import { QUERY_PARAMETERS_MAX } from './limits.ts'

/** Without a prototype: `query.constructor` is undefined unless the caller sent it. */
export type Query = Readonly<Record<string, string>>

const NO_QUERY: Query = Object.freeze(Object.create(null) as Query)
/** Anything that a client must percent-encode. */
const OUTSIDE_URL = /[^\x21-\x7e]/

/**
 * Reads the part behind the `?`.
 *
 * @throws `VALIDATION_FAILED`, naming the parameter, for broken percent-encoding, bytes that are not UTF-8, NUL, a name that comes twice, and
 * more than 64 parameters
 */
export function readQuery(text: string): Query {
  if (text === '') return NO_QUERY
  const query: Record<string, string> = Object.create(null)
  const findings: ErrorDetail[] = []
  let count = 0
  let start = 0
  while (start <= text.length) {
    const next = text.indexOf('&', start)
    const end = next < 0 ? text.length : next
    if (end > start) {
      count += 1
      if (count > QUERY_PARAMETERS_MAX) {
        throw invalid([
          { field: '', code: 'too_many', message: `Cannot read the query: more than ${QUERY_PARAMETERS_MAX} parameters` },
        ])
      }
      const finding = readParameter(text.slice(start, end), query)
      if (finding !== undefined) findings.push(finding)
    }
    start = end + 1
  }
  if (findings.length > 0) throw invalid(findings)
  return query
}

function readParameter(pair: string, query: Record<string, string>): ErrorDetail | undefined {
  const equals = pair.indexOf('=')
  const rawName = equals < 0 ? pair : pair.slice(0, equals)
  const name = decode(rawName)
  if (name === undefined || name === '') {
    return {
      field: shorten(rawName),
      code: 'format',
      message: `Cannot read the query parameter "${shorten(rawName)}": its name is not percent-encoded UTF-8`,
    }
  }
  const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
  const field = shorten(name)
  if (value === undefined) {
    return {
      field,
      code: 'format',
      message: `Cannot read the query parameter "${field}": its value is not percent-encoded UTF-8 without NUL`,
    }
  }
  if (query[name] !== undefined) {
    return {
      field,
      code: 'duplicate',
      message: `Cannot read the query parameter "${field}": it comes more than once, expected one value`,
    }
  }
  query[name] = value
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
