import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFileOutbox, type FileOutboxOptions } from './file-outbox.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plinth-mail-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const folder = () => join(root, '.plinth', 'mail')
const clock = { now: () => Date.UTC(2026, 10, 23, 9, 5, 7, 123) }
const open = (options: Partial<FileOutboxOptions> = {}) => createFileOutbox({ folder: folder(), clock, ...options })
const read = () => readdirSync(folder()).map((file) => readFileSync(join(folder(), file), 'utf8'))
const HELLO = { to: 'ada@example.com', subject: 'Welcome', text: 'Hello, Ada!' }

describe('send()', () => {
  test('writes one file that is a letter, for the owner alone', async () => {
    await open({ from: 'Blog <no-reply@example.com>' }).send(HELLO)

    const [file = '', ...more] = readdirSync(folder())
    expect(more).toEqual([])
    expect(file).toMatch(/^20261123T090507123Z-00000000-[0-9a-f]{6}\.eml$/)
    expect(statSync(join(folder(), file)).mode & 0o777).toBe(0o600)
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
    expect(read()[0]?.replace(/Message-ID: <.*>/, 'Message-ID: <id>')).toBe(
      [
        'From: Blog <no-reply@example.com>',
        'To: ada@example.com',
        'Subject: Welcome',
        'Date: Mon, 23 Nov 2026 09:05:07 +0000',
        'Message-ID: <id>',
        'Content-Transfer-Encoding: 7bit',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        '',
        'Hello, Ada!',
        '',
      ].join('\r\n'),
    )
  })

  test('keeps lines whole, so that a link can be copied out of the file', async () => {
    const link = `https://blog.example.com/auth/reset-password?token=${'x'.repeat(43)}&lang=de`

    await open().send({ ...HELLO, text: `Grüße!\n\n  ${link}\n` })

    expect(read()[0]).toContain('\r\nContent-Transfer-Encoding: 8bit\r\n')
    expect(read()[0]).toContain(`\r\n\r\nGrüße!\r\n\r\n  ${link}\r\n`)
  })

  test('folds what is longer than a line of a letter may be', async () => {
    await open().send({ ...HELLO, text: 'x'.repeat(999) })

    expect(read()[0]).toContain('\r\nContent-Transfer-Encoding: quoted-printable\r\n')
  })

  test('encodes a subject that is not ASCII', async () => {
    await open().send({ ...HELLO, subject: 'Grüße \u{1f680}' })

    const [, charset, encoded = ''] = /^Subject: =\?(UTF-8)\?B\?([^?]+)\?=\r$/m.exec(read()[0] ?? '') ?? []
    expect(charset).toBe('UTF-8')
    expect(Buffer.from(encoded, 'base64').toString()).toBe('Grüße \u{1f680}')
  })

  test('names sort in the order of the calls, of one millisecond too', async () => {
    const mailer = open()

    await Promise.all(Array.from({ length: 12 }, (_, at) => mailer.send({ ...HELLO, subject: `Letter ${at}` })))

    const subjects = read().map((letter) => /Subject: (.*)\r/.exec(letter)?.[1])
    expect(subjects).toEqual(Array.from({ length: 12 }, (_, at) => `Letter ${at}`))
  })

  test('keeps the newest, and leaves what is not its own', async () => {
    const mailer = open({ lettersMax: 3 })

    for (let at = 0; at < 5; at++) await mailer.send({ ...HELLO, subject: `Letter ${at}` })

    expect(read().map((letter) => /Subject: (.*)\r/.exec(letter)?.[1])).toEqual(['Letter 2', 'Letter 3', 'Letter 4'])
  })

  test('refuses what a mail server would be refused, and goes on', async () => {
    const mailer = open()

    await expect(mailer.send({ ...HELLO, subject: 'a\r\nBcc: eve@example.com' })).rejects.toThrow('the subject is not one line')
    await mailer.send(HELLO)
    await mailer.close()

    await expect(mailer.send(HELLO)).rejects.toThrow('the mailer is closed')
    expect(read()).toHaveLength(1)
  })
})
