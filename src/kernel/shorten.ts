/** Says how much of a text that a client sent is repeated to it. */

/**
 * The text, or its beginning and an ellipsis where it is longer.
 *
 * @param lengthMax UTF-16 units that are kept; a pair is never cut in half
 * @example
 * shorten('status', 64) // 'status'
 * shorten('x'.repeat(100), 3) // 'xxx…'
 */
export function shorten(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text
  const isPairCut = /[\ud800-\udbff]/.test(text.charAt(lengthMax - 1))
  return `${text.slice(0, isPairCut ? lengthMax - 1 : lengthMax)}…`
}

/** As much of a name as tells which one was meant. */
export const NAME_SHOWN_MAX = 64
