/** Lays letters into a folder, for development and tests: one `.eml` each, that every mail program opens. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../kernel/index.ts'
import { checkLetter, readSender } from './check-letter.ts'
import { type Letter, MailError, type Mailer } from './mailer.ts'

const LETTERS_MAX = 1_000
/** Of a line, in bytes: RFC 5322, 2.1.1. */
const LINE_LENGTH_MAX = 998
const FOLDED = /^Content-Transfer-Encoding: (?:quoted-printable|base64)$/im

export interface FileOutboxOptions {
  /** Made when it is missing, for the owner alone. */
  readonly folder: string
  readonly clock: Pick<Clock, 'now'>
  /** Default `no-reply@localhost`. */
  readonly from?: string
  /** How many letters are kept; the oldest go first. Default 1,000. */
  readonly lettersMax?: number
}

/**
 * Makes a mailer that writes each letter to `folder`, whole or not at all, readable for the owner alone. Names sort by the time of writing.
 *
 * @example
 * const mailer = createFileOutbox({ folder: '.plinth/mail', clock })
 * await mailer.send({ to: 'ada@example.com', subject: 'Welcome', text: 'Hello, Ada!' })
 */
export function createFileOutbox(options: FileOutboxOptions): Mailer {
  const { folder, clock, from = 'no-reply@localhost', lettersMax = LETTERS_MAX } = options
  const sender = readSender(from)
  // Loaded with the first letter: most runs write none.
  const openComposer = async () =>
    (await import('nodemailer')).createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  let composer: ReturnType<typeof openComposer> | undefined
  let count = 0
  let isClosed = false
  let last: Promise<unknown> = Promise.resolve()

  async function write(letter: Letter): Promise<void> {
    const now = new Date(clock.now())
    composer ??= openComposer()
    const { message } = await (await composer).sendMail({
      from: sender,
      to: { name: '', address: letter.to },
      subject: letter.subject,
      text: letter.text,
      ...(letter.html !== undefined && { html: letter.html }),
      date: now,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // The count orders letters of one millisecond; the random part keeps two processes apart.
    const time = now.toISOString().replaceAll(/[-:.]/g, '')
    const name = `${time}-${String(count++).padStart(8, '0')}-${randomBytes(3).toString('hex')}`
    const draft = join(folder, `.${name}.draft`)
    try {
      const file = await open(draft, 'wx', 0o600)
      try {
        await file.writeFile(letter.html === undefined ? unfold(message as Buffer, letter.text) : (message as Buffer))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, join(folder, `${name}.eml`))
    } finally {
      await rm(draft, { force: true })
    }
    const letters = (await readdir(folder)).filter((file) => file.endsWith('.eml')).sort()
    for (const file of letters.slice(0, -lettersMax)) await rm(join(folder, file), { force: true })
  }

  return {
    async send(letter) {
      if (isClosed) throw new MailError('Cannot send the letter: the mailer is closed', { retry: false })
      checkLetter(letter)
      // One after the other, so that the names have the order of the calls. A letter that failed does not hold up the next.
      const written = last.then(() => write(letter))
      last = written.catch(() => undefined)
      await written
    },
    async close() {
      isClosed = true
      await last
    },
  }
}

/** The letter with its lines as they were written: whoever opens the file copies a link whole, which a composer breaks after 76 characters. */
function unfold(message: Buffer, text: string): Buffer {
  const end = message.indexOf('\r\n\r\n')
  const head = message.subarray(0, end).toString('utf8')
  const lines = text.split(/\r?\n/)
  if (!FOLDED.test(head) || lines.some((line) => Buffer.byteLength(line) > LINE_LENGTH_MAX)) return message
  return Buffer.from(`${head.replace(FOLDED, 'Content-Transfer-Encoding: 8bit')}\r\n\r\n${lines.join('\r\n')}\r\n`)
}
