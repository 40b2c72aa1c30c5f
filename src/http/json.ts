/**
 * Reads JSON strictly: what two readers could understand differently is refused.
 *
 * `JSON.parse` takes the last of two equal keys, rounds 2^53+1, turns 1e400 into Infinity and passes lone surrogates. One scan of the
 * text before it (keys, depth, unusual numbers) and one walk over the value after it (keys) find all of these; only a text that
 * is suspicious pays for more. Keys are counted in both: a duplicate is a key in the text that the value lacks.
 * @see https://www.rfc-editor.org/rfc/rfc8259 and https://www.rfc-editor.org/rfc/rfc7493 (I-JSON)
 */
import { isUtf8 } from 'node:buffer'
import {
  type ErrorDetail,
  endOfString,
  hasEscapedKey,
  invalid,
  NAME_SHOWN_MAX,
  PlinthError,
  readWellFormedJson,
  shorten,
} from '../kernel/index.ts'
import { JSON_DEPTH_MAX } from './limits.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Findings in one answer; more help nobody. */
const FINDINGS_MAX = 20
/** A run of this many digits can be past 2^53 (9007199254740992, 16 digits). */
const LONG_NUMBER_DIGITS = 16

/**
 * Reads a body: one JSON object in UTF-8.
 *
 * @throws `VALIDATION_BODY_MALFORMED` when it is not JSON, not UTF-8, not an object, nests deeper than 32, or names a key twice;
 * `VALIDATION_FAILED`, naming the field, for text and numbers that cannot be kept as they came and for keys that reach a prototype
 */
export function readJsonBody(bytes: Buffer): JsonObject {
  if (!isUtf8(bytes)) throw malformed('it is not UTF-8')
  const value = readJson(bytes.toString('utf8'))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(
      `it is ${Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`}, expected one object`,
    )
  }
  return value as JsonObject
}

/** Reads one JSON value from text, as strictly as `readJsonBody`. */
export function readJson(text: string): unknown {
  const scan = scanJson(text)
  if (scan.depth > JSON_DEPTH_MAX) throw malformed(`it nests deeper than ${JSON_DEPTH_MAX} levels`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw malformed('it is not well-formed JSON', cause)
  }
  // The one thing that V8 does not read as it came.
  if (scan.keys > 0 && hasEscapedKey(text)) value = readWellFormedJson(text)
  if (scan.keys > 0) {
    const keys = countKeys(value)
    if (keys !== scan.keys && keys >= 0)
      throw malformed(`the key ${JSON.stringify(findDuplicateKey(text))} comes twice in one object`)
    if (keys < 0) throw invalid(findings(value, text))
  }
  // Decoded UTF-8 has no lone surrogate and JSON no bare NUL: only an escape can bring them in.
  if (!scan.hasUnusualNumber && !text.includes('\\u')) return value
  const found = findings(value, text)
  if (found.length > 0) throw invalid(found)
  return scan.hasUnusualNumber ? withoutNegativeZero(value) : value
}

interface Scan {
  readonly depth: number
  readonly keys: number
  readonly hasUnusualNumber: boolean
}

/**
 * Looks at the characters outside strings. For a text that is not JSON the figures mean nothing; `JSON.parse` refuses it later.
 */
function scanJson(text: string): Scan {
  const hasEscapes = text.includes('\\')
  let depth = 0
  let deepest = 0
  let keys = 0
  let digits = 0
  let hasUnusualNumber = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x30 && code <= 0x39) {
      if (++digits >= LONG_NUMBER_DIGITS) hasUnusualNumber = true
      continue
    }
    // An `e` behind a digit is an exponent; elsewhere it belongs to true or false. A minus may stand before a nought.
    if (digits > 0 && (code === 0x65 || code === 0x45)) hasUnusualNumber = true
    else if (code === 0x2d && text.charCodeAt(at + 1) === 0x30) hasUnusualNumber = true
    if (code !== 0x2e) digits = 0
    if (code === 0x22) {
      at = endOfString(text, at, hasEscapes)
      if (at < 0) break
    } else if (code === 0x3a) keys++
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (code === 0x7d || code === 0x5d) depth--
  }
  return { depth: deepest, keys, hasUnusualNumber }
}

/** Names through which a careless merge reaches the prototype of all objects. */
function isReservedKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype'
}

/** All keys of all objects; negative when one of them is reserved. The depth is bounded by the scan, so recursion is safe. */
function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) {
      const inner = countKeys(item)
      if (inner < 0) return -1
      count += inner
    }
    return count
  }
  for (const key in value) {
    if (isReservedKey(key)) return -1
    const item = (value as Record<string, unknown>)[key]
    count += 1
    if (typeof item === 'object' && item !== null) {
      const inner = countKeys(item)
      if (inner < 0) return -1
      count += inner
    }
  }
  return count
}

/** Names the fields that cannot be kept as they came. Runs only on a suspicious text. */
function findings(value: unknown, text: string): ErrorDetail[] {
  const found: ErrorDetail[] = []
  const add = (path: string, code: string, what: string): void => {
    if (found.length < FINDINGS_MAX) found.push({ field: path, code, message: `Cannot read "${path}": ${what}` })
  }
  const visit = (item: unknown, path: string): void => {
    const wrong = describeScalar(item)
    if (wrong !== undefined) {
      add(path, wrong.code, wrong.what)
    } else if (Array.isArray(item)) {
      for (const [index, inner] of item.entries()) visit(inner, join(path, String(index)))
    } else if (typeof item === 'object' && item !== null) {
      for (const [key, inner] of Object.entries(item)) {
        if (isReservedKey(key)) add(join(path, key), 'unknown', 'there is no such field')
        else if (key.includes('\0') || !key.isWellFormed())
          add(join(path, '?'), 'format', 'the name of the field is not well-formed text')
        else visit(inner, join(path, key))
      }
    }
  }
  visit(value, '')
  for (const path of findRoundedIntegers(text))
    add(path, 'out_of_range', 'the integer is past 2^53 and would be rounded, send it as text')
  return found
}

function describeScalar(item: unknown): { readonly code: string; readonly what: string } | undefined {
  if (typeof item === 'number')
    return Number.isFinite(item) ? undefined : { code: 'out_of_range', what: 'the number is too large' }
  if (typeof item !== 'string') return undefined
  if (item.includes('\0')) return { code: 'format', what: 'the text holds the character NUL' }
  return item.isWellFormed() ? undefined : { code: 'format', what: 'the text holds half of a surrogate pair' }
}

function join(path: string, key: string): string {
  const short = shorten(key, NAME_SHOWN_MAX)
  return path === '' ? short : `${path}.${short}`
}

function findRoundedIntegers(text: string): string[] {
  const paths: string[] = []
  readWellFormedJson(text, (path, source, value) => {
    // Printed again it must be the text that came: JSON.stringify writes doubles past 2^53 as integers.
    const isInteger = source.length >= LONG_NUMBER_DIGITS && /^-?\d+$/.test(source) && Number.isFinite(value)
    if (isInteger && String(value) !== source && BigInt(source) !== BigInt(value)) paths.push(path.reduce(join, ''))
  })
  return paths
}

/** `-0` and `0` are one number to JSON and to PostgreSQL; to JavaScript they are not. */
function withoutNegativeZero(value: unknown): unknown {
  if (value === 0) return 0
  if (typeof value !== 'object' || value === null) return value
  const holder = value as Record<string, unknown>
  for (const key of Object.keys(holder)) holder[key] = withoutNegativeZero(holder[key])
  return value
}

/** Finds the key by reading objects one by one, on the way to an error only. */
function findDuplicateKey(text: string): string {
  const stack: Set<string>[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{') stack.push(new Set())
    else if (character === '}') stack.pop()
    else if (character === '"') {
      const end = endOfString(text, at, true)
      const isKey = /^\s*:/.test(text.slice(end + 1, end + 1_000))
      if (isKey) {
        const key = JSON.parse(text.slice(at, end + 1)) as string
        const seen = stack.at(-1)
        if (seen?.has(key) === true) return key.toWellFormed().slice(0, 64)
        seen?.add(key)
      }
      at = end
    }
  }
  return ''
}

function malformed(what: string, cause?: unknown): PlinthError {
  return new PlinthError('VALIDATION_BODY_MALFORMED', `Cannot read the body: ${what}`, { cause })
}
