/** Decides which text can be a password, and by which bytes it is hashed. Whether it is a good one is another file's matter. */

/** NIST SP 800-63B asks for at least 64; the bound keeps the work of one request small. */
const PASSWORD_CODE_POINTS_MAX = 256
/** What 256 code points take in UTF-8 at the most. */
const PASSWORD_BYTES_MAX = 1_024

export type PasswordFault = 'required' | 'too_long' | 'text'

export interface PasswordText {
  readonly text: string
  readonly codePoints: number
}

/**
 * Reads a password as RFC 8265 §4.2.2 (OpaqueString) does: every kind of space becomes the plain one, then NFC. So one password has the same bytes
 * from every keyboard. NFKC would go further and make different characters one, which only helps whoever guesses. No character is
 * refused but half a surrogate pair: UTF-8 has no bytes for it, and all of them would become the same.
 */
export function readPassword(plain: string): PasswordText | PasswordFault {
  if (plain === '') return 'required'
  // Before anything else is done with it: UTF-8 is never shorter than UTF-16 has units.
  if (plain.length > PASSWORD_BYTES_MAX) return 'too_long'
  if (!plain.isWellFormed()) return 'text'
  const text = plain.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC')
  const codePoints = [...text].length
  if (codePoints > PASSWORD_CODE_POINTS_MAX || Buffer.byteLength(text) > PASSWORD_BYTES_MAX) return 'too_long'
  return { text, codePoints }
}

/** The sentence for each fault. */
export const PASSWORD_FAULTS: Readonly<Record<PasswordFault, string>> = {
  required: 'The password must not be empty',
  too_long: `The password must have at most ${PASSWORD_CODE_POINTS_MAX} characters`,
  text: 'The password must be well-formed text',
}
