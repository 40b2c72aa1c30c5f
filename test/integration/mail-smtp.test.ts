/** Letters over SMTP, against a real server: what arrives, and what happens when it does not. */

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import { createSmtpMailer, MailError, type Mailer, type SmtpMailerOptions } from '../../src/mail/index.ts'
import { makeCertificate } from './certificate.ts'

const CERTIFICATE = makeCertificate()
const HELLO = { to: 'ada@example.com', subject: 'Welcome', text: 'Hello, Ada!' }

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Received {
  readonly from: string
  readonly to: readonly string[]
  readonly isEncrypted: boolean
  readonly user: string | undefined
  readonly raw: string
}

/** A server that takes everything but what `options` refuse. */
async function startServer(options: SMTPServerOptions = {}) {
  const letters: Received[] = []
  const server = new SMTPServer({
    ...CERTIFICATE,
    authOptional: true,
    onAuth: ({ username, password }, _, done) => done(password === 'pa%ss' ? null : new Error('wrong'), { user: username }),
    onData(stream, { envelope, secure, user }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        const to = envelope.rcptTo.map(({ address }) => address)
        letters.push({ from, to, isEncrypted: secure, user: user as string | undefined, raw: Buffer.concat(chunks).toString() })
        done()
      })
    },
    ...options,
  })
  // A client that ends the connection in the middle of a handshake is an error of the server, and what some tests want.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  ends.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { letters, port: (server.server.address() as AddressInfo).port }
}

function openMailer(url: string, options: Partial<SmtpMailerOptions> = {}): Mailer {
  const mailer = createSmtpMailer({ url, from: 'Blög <no-reply@example.com>', timeoutMs: 2_000, ...options })
  ends.push(() => mailer.close())
  return mailer
}

async function failureOf(sent: Promise<void>): Promise<MailError> {
  const failure = await sent.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof MailError)) throw new Error('Expected a MailError', { cause: failure })
  return failure
}

/** The body of a letter with one part, decoded. */
function bodyOf(raw: string): string {
  const [head = '', ...rest] = raw.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  if (/^content-transfer-encoding: base64/im.test(head)) return Buffer.from(body, 'base64').toString()
  if (!/^content-transfer-encoding: quoted-printable/im.test(head)) return body
  const bytes = body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}

describe('a letter', () => {
  test('arrives as it was written, encrypted, under the name and password of the URL', async () => {
    const { letters, port } = await startServer()
    const mailer = openMailer(`smtp://blog:pa%25ss@localhost:${port}?tls=required`, { ca: CERTIFICATE.cert })
    const text = ['Grüße, Ada \u{1f469}\u200d\u{1f680}', '.', '..two dots', `${'long '.repeat(500)}.`, 'From here', ''].join(
      '\r\n',
    )

    await mailer.send({ to: 'ada@example.com', subject: 'Willkommen, schöne Welt \u{1f680}', text })

    expect(letters).toHaveLength(1)
    expect(letters[0]).toMatchObject({ from: 'no-reply@example.com', to: ['ada@example.com'], isEncrypted: true, user: 'blog' })
    const raw = letters[0]?.raw ?? ''
    expect(bodyOf(raw).trimEnd()).toBe(text.trimEnd())
    const head = raw.slice(0, raw.indexOf('\r\n\r\n'))
    expect(head).toMatch(/^From: =\?UTF-8\?\S+ <no-reply@example\.com>$/m)
    expect(head).toMatch(/^To: ada@example\.com$/m)
    expect(head).toMatch(/^Subject: =\?UTF-8\?/m)
    expect(head).toMatch(/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/m)
    expect(head).toMatch(/^Message-ID: <\S+@\S+>$/m)
    expect(head).not.toMatch(/[^\p{ASCII}]/u)
  })

  test('arrives over smtps too, and with a part in HTML', async () => {
    const { letters, port } = await startServer({ secure: true })
    const mailer = openMailer(`smtps://localhost:${port}`, { ca: CERTIFICATE.cert })

    await mailer.send({ ...HELLO, html: '<p>Hello, <b>Ada</b>!</p>' })

    expect(letters[0]).toMatchObject({ isEncrypted: true })
    expect(letters[0]?.raw).toContain('Content-Type: multipart/alternative')
    expect(letters[0]?.raw).toContain('<p>Hello, <b>Ada</b>!</p>')
  })

  test('needs no encryption on this machine', async () => {
    const { letters, port } = await startServer({ hideSTARTTLS: true })

    await openMailer(`smtp://127.0.0.1:${port}`).send(HELLO)

    expect(letters[0]).toMatchObject({ isEncrypted: false })
  })

  test('many at once share two connections and all arrive', async () => {
    const { letters, port } = await startServer()
    const mailer = openMailer(`smtp://localhost:${port}`)

    await Promise.all(Array.from({ length: 40 }, (_, at) => mailer.send({ ...HELLO, to: `reader${at}@example.com` })))

    expect(new Set(letters.flatMap(({ to }) => to)).size).toBe(40)
  })
})

describe('a letter is not sent', () => {
  test('where the server offers no encryption and it is required', async () => {
    const { letters, port } = await startServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] })

    const failure = await failureOf(openMailer(`smtp://localhost:${port}?tls=required`).send(HELLO))

    expect(failure.message).toMatch(/^Cannot send the letter: .*\(ETLS/)
    expect(letters).toEqual([])
  })

  test.each(['smtp://localhost:PORT?tls=required', 'smtps://localhost:PORT'])(
    'where nobody vouches for the server: %s',
    async (url) => {
      const { letters, port } = await startServer({ secure: url.startsWith('smtps') })

      const failure = await failureOf(openMailer(url.replace('PORT', String(port))).send(HELLO))

      expect(failure).toMatchObject({ retry: true })
      expect(letters).toEqual([])
    },
  )

  test('when the server refuses the recipient, and the error does not name them', async () => {
    const { letters, port } = await startServer({
      onRcptTo: ({ address }, _, done) => done(Object.assign(new Error(`${address} lives elsewhere`), { responseCode: 550 })),
    })

    const failure = await failureOf(openMailer(`smtp://localhost:${port}`).send(HELLO))

    expect(failure.message).toBe('Cannot send the letter: the mail server refused it (EENVELOPE, answer 550)')
    expect(failure.retry).toBe(false)
    expect(failure.cause).toBeUndefined()
    expect(letters).toEqual([])
  })

  test('when the server wants it later, and is worth another try', async () => {
    const { port } = await startServer({
      onRcptTo: (_, __, done) => done(Object.assign(new Error('greylisted'), { responseCode: 451 })),
    })

    const failure = await failureOf(openMailer(`smtp://localhost:${port}`).send(HELLO))

    expect(failure).toMatchObject({ retry: true, message: expect.stringContaining('451') })
  })

  test('with a wrong password, which no error holds', async () => {
    const { port } = await startServer()
    const url = `smtp://blog:canary-3141@localhost:${port}?tls=required`

    const failure = await failureOf(openMailer(url, { ca: CERTIFICATE.cert }).send(HELLO))

    expect(failure.message).toMatch(/\(EAUTH, answer 535\)$/)
    expect(JSON.stringify([failure.message, failure.stack, failure.cause])).not.toMatch(/canary-3141|ada@/)
  })

  test('when the server is silent: the wait ends', async () => {
    const sockets: Socket[] = []
    const silent: Server = createServer((socket) => void sockets.push(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    ends.push(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const mailer = openMailer(`smtp://localhost:${(silent.address() as AddressInfo).port}`, { timeoutMs: 300 })

    const startMs = performance.now()
    const failure = await failureOf(mailer.send(HELLO))

    expect(failure.retry).toBe(true)
    expect(performance.now() - startMs).toBeLessThan(5_000)
  })

  test('when nobody listens, or the mailer is closed', async () => {
    const mailer = openMailer('smtp://127.0.0.1:1')

    expect(await failureOf(mailer.send(HELLO))).toMatchObject({ retry: true })
    await mailer.close()
    expect(await failureOf(mailer.send(HELLO))).toMatchObject({ retry: false })
  })

  test('when too many wait already', async () => {
    const { letters, port } = await startServer()
    const mailer = openMailer(`smtp://localhost:${port}`, { pendingMax: 3 })

    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => mailer.send(HELLO)))

    expect(outcomes.map(({ status }) => status)).toEqual([...Array(3).fill('fulfilled'), ...Array(2).fill('rejected')])
    expect(outcomes[4]).toMatchObject({ reason: { code: 'RATE_LIMIT_OVERLOADED' } })
    expect(letters).toHaveLength(3)
    await mailer.send(HELLO)
    expect(letters).toHaveLength(4)
  })
})

test('no recipient, subject or text adds a header, a command or a recipient', async () => {
  const { letters, port } = await startServer()
  const mailer = openMailer(`smtp://localhost:${port}`)
  const evil = '\r\nBcc: eve@example.com\r\n\r\nevil'

  for (const to of [`ada@example.com${evil}`, 'ada@example.com, eve@example.com', 'ada@example.com>\r\nRCPT TO:<eve@example.com'])
    expect(await failureOf(mailer.send({ ...HELLO, to }))).toMatchObject({ retry: false })
  expect(await failureOf(mailer.send({ ...HELLO, subject: `Hello${evil}` }))).toMatchObject({ retry: false })
  await mailer.send({ ...HELLO, text: `Hello\r\n.\r\nMAIL FROM:<eve@example.com>\r\nRCPT TO:<eve@example.com>${evil}` })

  expect(letters.map(({ to }) => to)).toEqual([['ada@example.com']])
  const raw = letters[0]?.raw ?? ''
  expect(raw.slice(0, raw.indexOf('\r\n\r\n'))).not.toMatch(/eve@/)
  expect(bodyOf(raw)).toContain('RCPT TO:<eve@example.com>')
})
