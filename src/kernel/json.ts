/**
 * Reads JSON text without the fault that V8 has with keys that hold an escape.
 *
 * `JSON.parse` of V8 13.6 (Node 24) guesses the next key from objects that it has read before, and compares the guess with the text without
 * undoing its escapes: after `{"\\":1}` it reads `{"\n":1}` as `{"\\":1}`, after `{"a\\":1}` it reads `{"a\n":1}` as that. What
 * one caller sent would change how the text of the next one is read. So a text with such a key is read here, key by key; all
 * others are left to V8.
 */

/** Told of each number: where it stands, as keys and positions, its text and its value. The path is only good during the call. */
export type OnNumber = (path: readonly string[], source: string, value: number) => void

/** Reads one JSON value. @throws `SyntaxError` as `JSON.parse` does */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return hasEscapedKey(text) ? readWellFormedJson(text) : value
}

/** Whether a key of an object is written with an escape. For a text that is not JSON the answer means nothing. */
export function hasEscapedKey(text: string): boolean {
  if (!text.includes('\\')) return false
  for (let at = text.indexOf('"'); at >= 0; ) {
    const end = endOfString(text, at, true)
    if (end < 0) return false
    if (text.charCodeAt(skipSpace(text, end + 1)) === 0x3a && text.slice(at, end).includes('\\')) return true
    at = text.indexOf('"', end + 1)
  }
  return false
}

/** Index of the closing quote of the string that opens at `start`; -1 when there is none. */
export function endOfString(text: string, start: number, hasEscapes: boolean): number {
  let end = text.indexOf('"', start + 1)
  if (!hasEscapes) return end
  while (end > 0) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return -1
}

/**
 * Reads a text that `JSON.parse` has taken, and that nests no deeper than the stack. A key that comes twice has its last value,
 * as there.
 */
export function readWellFormedJson(text: string, onNumber?: OnNumber): unknown {
  let at = 0
  const path: string[] = []

  const readString = (): string => {
    const end = endOfString(text, at, true)
    const source = text.slice(at, end + 1)
    at = end + 1
    // A string alone is no key: V8 guesses nothing.
    return source.includes('\\') ? (JSON.parse(source) as string) : source.slice(1, -1)
  }
  const readItems = (close: number, readItem: (position: number) => void): void => {
    at = skipSpace(text, at + 1)
    for (let position = 0; text.charCodeAt(at) !== close; position++) {
      readItem(position)
      at = skipSpace(text, at)
      if (text.charCodeAt(at) === 0x2c) at = skipSpace(text, at + 1)
    }
    at++
  }
  const readAt = (key: string): unknown => {
    path.push(key)
    const value = readValue()
    path.pop()
    return value
  }
  const readValue = (): unknown => {
    at = skipSpace(text, at)
    const code = text.charCodeAt(at)
    if (code === 0x22) return readString()
    if (code === 0x7b) {
      const holder: Record<string, unknown> = {}
      readItems(0x7d, () => {
        const key = readString()
        at = skipSpace(text, at) + 1
        setOwn(holder, key, readAt(key))
      })
      return holder
    }
    if (code === 0x5b) {
      const list: unknown[] = []
      readItems(0x5d, (position) => void list.push(readAt(String(position))))
      return list
    }
    const begin = at
    while (at < text.length && !isEndOfScalar(text.charCodeAt(at))) at++
    const source = text.slice(begin, at)
    if (source === 'null') return null
    if (source === 'true' || source === 'false') return source === 'true'
    const value = Number(source)
    onNumber?.(path, source, value)
    return value
  }
  return readValue()
}

/** An own property, whatever its name: `holder['__proto__'] = …` would set something else. */
function setOwn(holder: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true })
  else holder[key] = value
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function isEndOfScalar(code: number): boolean {
  return code === 0x2c || code === 0x5d || code === 0x7d || isSpace(code)
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text.charCodeAt(at))) at++
  return at
}
