/** An e-mail address, kept in lower case so that it names one account however it is typed. */
import { EQUALITY, type Kind, Misfit } from '../kind.ts'
import { compareText, readBoundedString } from './text.ts'

/** RFC 5321 §4.5.3.1.3: 256 octets for a path, of which two are the angle brackets. */
const EMAIL_LENGTH_MAX = 254
/** One `@`, no space or control, a dotted domain of letters, digits and hyphens: what mail systems in use accept. Linear. */
const EMAIL_FORM = /^[^\s@"<>(),:;\\[\]\p{Cc}]{1,64}@[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9](?:[a-z0-9-]{0,62}))+$/u

export function emailKind(): Kind<string> {
  const read = (input: unknown): string | Misfit => {
    const text = readBoundedString(input, 1, EMAIL_LENGTH_MAX)
    if (text instanceof Misfit) return text
    const address = text.toLowerCase()
    if (!EMAIL_FORM.test(address)) return new Misfit('email', 'must be an e-mail address such as ada@example.com')
    return address
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
    toSql: (value) => value,
    toJson: (value) => value,
    fromJson: (json) => json as string,
    compare: compareText,
  }
}
