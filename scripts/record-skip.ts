/**
 * Notes that a suite was left out, for the closing summary of `npm test`. The convention, for code that cannot import this file:
 * append `{"name", "reason"}` as one line of JSON to the file that `PLINTH_SKIPS_FILE` names; where it is not set, do nothing.
 */
import { appendFileSync } from 'node:fs'

/**
 * @param name the suite, as a reader of the summary knows it: `cache on Redis`
 * @param reason what is missing and how to get it: `redis-server is not on the PATH (apt-get install redis-server)`
 */
export function recordSkip(name: string, reason: string): void {
  const file = process.env.PLINTH_SKIPS_FILE
  if (file) appendFileSync(file, `${JSON.stringify({ name, reason })}\n`)
}
