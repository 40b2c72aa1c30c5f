/** An e-mail address, kept in lower case so that it names one account however it is typed. */
import { EQUALITY, type Kind, Misfit } from '../kind.ts'
import { readBoundedString, TEXT_CODEC } from './text.ts'

/** RFC 5321 §4.5.3.1.3: 256 octets for a path, of which two are the angle brackets. */
const EMAIL_LENGTH_MAX = 254
/** RFC 5321 §4.5.3.1.1. */
const LOCAL_LENGTH_MAX = 64
/**
 * The dot-atoms of RFC 5322 §3.4.1 at a dotted domain: ASCII only, as JSON Schema's `email` has it, so that no two accounts look
 * alike. Linear: no atom or label holds the dot that ends it. Without the flag u, `i` keeps to ASCII.
 */
const EMAIL_FORM =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

export function emailKind(): Kind<string> {
  const read = (input: unknown): string | Misfit => {
    const text = readBoundedString(input, 1, EMAIL_LENGTH_MAX)
    if (text instanceof Misfit) return text
    if (text.indexOf('@') > LOCAL_LENGTH_MAX || !EMAIL_FORM.test(text))
      return new Misfit('email', 'must be an e-mail address such as ada@example.com')
    return text.toLowerCase()
  }
  return {
    name: 'email',
    sqlType: 'text',
    graphqlType: 'String',
    protobufType: 'string',
    schema: { type: 'string', format: 'email', maxLength: EMAIL_LENGTH_MAX },
    operators: EQUALITY,
    isSortable: true,
    isSearchable: true,
    read,
    readText: read,
    ...TEXT_CODEC,
  }
}
