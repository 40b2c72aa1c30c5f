/** The time of a log line. Many lines fall into one millisecond, so the text is kept until the next one. */

let lastMs = 0
let lastText = ''

/** The present as `2026-11-22T20:50:21.123Z`. */
export function isoTimestamp(): string {
  const nowMs = Date.now()
  if (nowMs !== lastMs) {
    lastMs = nowMs
    lastText = new Date(nowMs).toISOString()
  }
  return lastText
}
