/** Says out loud that tests were left out, so that a green run on a poor machine cannot be taken for a full one. */
import { appendFileSync } from 'node:fs'

/**
 * Appends `{"name", "reason"}` as one line of JSON to the file that `PLINTH_SKIPS_FILE` names, for the closing summary of the
 * test run. Without that variable it writes the sentence to standard error.
 *
 * @example
 * recordSkip('cache on Redis', 'redis-server is not on the PATH, expected it installed; run apt-get install redis-server')
 */
export function recordSkip(name: string, reason: string): void {
  const file = process.env['PLINTH_SKIPS_FILE']
  if (file === undefined || file === '') process.stderr.write(`LEFT OUT ${name}: ${reason}\n`)
  else appendFileSync(file, `${JSON.stringify({ name, reason })}\n`)
}
