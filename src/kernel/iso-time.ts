/**
 * Writes a moment as all that keeps one reads it: RFC 3339, in UTC, with milliseconds.
 *
 * @param ms milliseconds since 1970
 * @example
 * isoTime(0) // '1970-01-01T00:00:00.000Z'
 */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
