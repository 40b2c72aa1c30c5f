/** Makes a value fit for the log: what is secret by name or by form is replaced, depth and length are bounded, errors are spelt out. */

const REDACTED = '[redacted]'
/** Compared without case, hyphens and underscores: `Set-Cookie`, `cardNumber` and `card_number` are all found. */
const SENSITIVE_ALWAYS = [
  'password',
  'passwd',
  'token',
  'authorization',
  'cookie',
  'secret',
  'card',
  'cvc',
  'cvv',
  'apikey',
  'privatekey',
]
/** A JSON Web Token anywhere in a text. */
const TOKEN_FORM = /eyJ[\w-]{4,}\.[\w-]+\.[\w-]*/g
/** The password of a connection string. */
const CREDENTIALS_FORM = /(:\/\/[^\s:/@]*:)[^\s@/]+@/g
const DEPTH_MAX = 6
const TEXT_LENGTH_MAX = 8_192
const ITEMS_MAX = 100

export type Redact = (value: unknown) => unknown

/** Makes the function that cleans the `fields` of a log line; `sensitive` are names of fields that the model marks so. */
export function createRedact(sensitive: readonly string[] = []): Redact {
  const exact = new Set(sensitive.map(fold))
  const known = new Map<string, boolean>()
  const isSensitive = (key: string): boolean => {
    const remembered = known.get(key)
    if (remembered !== undefined) return remembered
    const folded = fold(key)
    const found = exact.has(folded) || SENSITIVE_ALWAYS.some((word) => folded.includes(word))
    // Keys come from code, so they are few; a bound guards against keys that come from data.
    if (known.size < 10_000) known.set(key, found)
    return found
  }

  const clean = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return redactText(value)
    if (typeof value === 'bigint') return value.toString()
    if (typeof value === 'function' || typeof value === 'symbol') return undefined
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
    if (depth >= DEPTH_MAX) return '[too deep]'
    if (value instanceof Error) return cleanError(value, depth)
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
    if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => clean(item, depth + 1))
    const result: Record<string, unknown> = Object.create(null)
    let count = 0
    for (const key in value) {
      if (++count > ITEMS_MAX) break
      result[key] = isSensitive(key) ? REDACTED : clean((value as Record<string, unknown>)[key], depth + 1)
    }
    return result
  }

  const cleanError = (error: Error, depth: number): Record<string, unknown> => {
    const result: Record<string, unknown> = { name: error.name, message: redactText(error.message) }
    const code = (error as { code?: unknown }).code
    if (typeof code === 'string') result['code'] = code
    if (error.stack !== undefined) result['stack'] = redactText(error.stack)
    if (error.cause !== undefined) result['cause'] = clean(error.cause, depth + 1)
    if (error instanceof AggregateError) result['errors'] = clean(error.errors, depth + 1)
    return result
  }

  return (value) => clean(value, 0)
}

/** Replaces tokens and passwords of connection strings inside a text, and cuts it to a bounded length. */
function redactText(text: string): string {
  const bounded = text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}…` : text
  if (!bounded.includes('eyJ') && !bounded.includes('://')) return bounded
  return bounded.replace(TOKEN_FORM, REDACTED).replace(CREDENTIALS_FORM, `$1${REDACTED}@`)
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '')
}
