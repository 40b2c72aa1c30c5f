/** Hands letters to a mail server over SMTP, encrypted, within bounds of time and number. */
import { PlinthError } from '../kernel/index.ts'
import { checkLetter, readSender } from './check-letter.ts'
import { MailError, type Mailer } from './mailer.ts'
import { readSmtpUrl } from './smtp-url.ts'

const CONNECTIONS_MAX = 2
/** At some ten letters a second this is ten seconds of work. */
const PENDING_MAX = 100
/** A connection, a greeting, an answer: each within ten seconds. */
const STEP_TIMEOUT_MS = 10_000
/** All of it, the wait for a connection included: a server that trickles its answers ends too. */
const LETTER_TIMEOUT_MS = 60_000

export interface SmtpMailerOptions {
  /**
   * `smtps://user:password@mail.example.com`, or `smtp://…` with STARTTLS. Encryption is required but for this machine; `?tls=off` and
   * `?tls=required` say otherwise.
   */
  readonly url: string
  /** `no-reply@example.com` or `Blog <no-reply@example.com>`. */
  readonly from: string
  /** Certificates (PEM) to trust in place of those that Node trusts. */
  readonly ca?: string
  /** How long a connection, a greeting or an answer may take; default 10,000. */
  readonly timeoutMs?: number
  /** How many letters may be under way; default 100. */
  readonly pendingMax?: number
}

/**
 * Makes a mailer over SMTP. Connections are kept for some minutes and used again.
 *
 * @throws with a sentence when `url` or `from` cannot be used; it never holds the password
 * @example
 * const mailer = createSmtpMailer({ url: 'smtps://blog:secret@mail.example.com', from: 'Blog <no-reply@example.com>' })
 */
export function createSmtpMailer(options: SmtpMailerOptions): Mailer {
  const { ca, timeoutMs = STEP_TIMEOUT_MS, pendingMax = PENDING_MAX } = options
  const { host, port, auth, encryption } = readSmtpUrl(options.url)
  const sender = readSender(options.from)
  const settings = {
    pool: true as const,
    host,
    port,
    secure: encryption === 'implicit',
    requireTLS: encryption === 'starttls',
    ignoreTLS: encryption === 'off',
    tls: { minVersion: 'TLSv1.2' as const, ...(ca !== undefined && { ca }) },
    ...(auth !== undefined && { auth }),
    maxConnections: CONNECTIONS_MAX,
    maxRequeues: 1,
    dnsTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
  // Loaded with the first letter: many an instance sends none.
  const openTransport = async () => (await import('nodemailer')).createTransport(settings)
  let transport: ReturnType<typeof openTransport> | undefined
  const pending = new Set<Promise<unknown>>()
  let isClosed = false
  return {
    async send(letter) {
      if (isClosed) throw new MailError('Cannot send the letter: the mailer is closed', { retry: false })
      checkLetter(letter)
      if (pending.size >= pendingMax) throw new PlinthError('RATE_LIMIT_OVERLOADED')
      transport ??= openTransport()
      const sent = transport.then((opened) =>
        opened.sendMail({
          from: sender,
          to: { name: '', address: letter.to },
          envelope: { from: sender.address, to: [letter.to] },
          subject: letter.subject,
          text: letter.text,
          ...(letter.html !== undefined && { html: letter.html }),
          signal: AbortSignal.timeout(LETTER_TIMEOUT_MS),
        }),
      )
      pending.add(sent)
      try {
        await sent
      } catch (error) {
        throw toMailError(error)
      } finally {
        pending.delete(sent)
      }
    },
    async close() {
      isClosed = true
      await Promise.allSettled(pending)
      const opened = await transport
      opened?.close()
    },
  }
}

/** What the server said is left out: it repeats the recipient's address, and an address does not belong in a log. */
function toMailError(error: unknown): MailError {
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown }
  const isRefused = typeof responseCode === 'number' && responseCode >= 500
  const answer = typeof responseCode === 'number' ? `, answer ${responseCode}` : ''
  const reason = isRefused ? 'the mail server refused it' : 'the mail server could not be reached or did not take it'
  // A code of 4xx, and no answer at all, may be another one tomorrow (RFC 5321 §4.2.1).
  return new MailError(`Cannot send the letter: ${reason} (${String(code ?? 'unknown')}${answer})`, { retry: !isRefused })
}
