/** Reads the body of an HTML form, as strictly as a query: `application/x-www-form-urlencoded` in UTF-8. */
import { type Pairs, readPairs } from './urlencoded.ts'

const WORDS = { whole: 'form', part: 'form field' }

/**
 * Reads a form into one flat object of text, which has no prototype. Bytes that a browser would percent-encode are refused.
 *
 * @throws `VALIDATION_FAILED`, naming the field, for broken percent-encoding, bytes that are not UTF-8, NUL, a name that comes twice, and
 * more than 64 fields
 * @see https://url.spec.whatwg.org/#concept-urlencoded-parser
 */
export function readFormBody(bytes: Buffer): Pairs {
  // Each byte one character: what is outside ASCII shows as such, and is refused.
  return readPairs(bytes.toString('latin1'), WORDS)
}
