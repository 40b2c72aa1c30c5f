/** Decides which letters are sent at all: one plain recipient, and nothing that could become a header or a command of its own. */
import { type Letter, MailError } from './mailer.ts'

/** RFC 5321 §4.5.3.1.3, less the angle brackets. */
const ADDRESS_LENGTH_MAX = 254
/** RFC 5321 §4.5.3.1.1. */
const LOCAL_LENGTH_MAX = 64
/** Encoded and folded it stays far below the 998 of RFC 5322 §2.1.1. */
const SUBJECT_LENGTH_MAX = 250
const BODY_BYTES_MAX = 256 * 1024
/** Dot-atoms in ASCII at a name: no quotes, comments, lists, routes or addresses of hosts. */
const PLAIN_ADDRESS =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i
/** Control characters, and the two line ends that Unicode adds. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u

function isPlainAddress(text: string): boolean {
  return text.length <= ADDRESS_LENGTH_MAX && text.indexOf('@') <= LOCAL_LENGTH_MAX && PLAIN_ADDRESS.test(text)
}

/** @throws `MailError` that is not worth a retry */
export function checkLetter({ to, subject, text, html = '' }: Letter): void {
  if (!isPlainAddress(to)) throw wrong('the recipient is no plain address, expected one such as ada@example.com')
  if (subject === '' || subject.length > SUBJECT_LENGTH_MAX || CONTROL.test(subject) || !subject.isWellFormed())
    throw wrong(`the subject is not one line of 1 to ${SUBJECT_LENGTH_MAX} characters`)
  for (const body of [text, html])
    if (Buffer.byteLength(body) > BODY_BYTES_MAX) throw wrong(`its text is longer than ${BODY_BYTES_MAX} bytes`)
}

/** Who a letter is from: `no-reply@example.com`, or `Blog <no-reply@example.com>`. */
export interface Sender {
  readonly name: string
  readonly address: string
}

/** @throws with a sentence when it is neither of the two forms */
export function readSender(text: string): Sender {
  const [, name = '', inBrackets] = /^([^<>"]*?) ?<([^<>]*)>$/.exec(text) ?? []
  const address = inBrackets ?? text
  if (!isPlainAddress(address) || CONTROL.test(name) || name.length > SUBJECT_LENGTH_MAX)
    throw new Error(
      `Cannot send mail from "${text}": it is no address, expected one such as no-reply@example.com or Blog <no-reply@example.com>`,
    )
  return { name, address }
}

function wrong(reason: string): MailError {
  return new MailError(`Cannot send the letter: ${reason}`, { retry: false })
}
