import { describe, expect, test } from 'vitest'
import { checkLetter, readSender } from './check-letter.ts'
import { MailError } from './mailer.ts'

const HELLO = { to: 'ada@example.com', subject: 'Welcome', text: 'Hello, Ada!' }

describe('checkLetter()', () => {
  test.each(['ada@example.com', "o'brien+blog@mail.example.co.uk", 'ada@localhost', `${'a'.repeat(64)}@example.com`])(
    'lets a letter to %s through',
    (to) => {
      expect(() => checkLetter({ ...HELLO, to })).not.toThrow()
    },
  )

  test.each([
    '',
    'ada',
    'ada@example.com, eve@example.com',
    'ada@example.com;eve@example.com',
    'ada@example.com eve@example.com',
    'Ada <ada@example.com>',
    '<ada@example.com>',
    '"ada lovelace"@example.com',
    'ada(comment)@example.com',
    'ada@[127.0.0.1]',
    '@relay.example:ada@example.com',
    'ada@eve.example@example.com',
    'ada@example.com\r\nBcc: eve@example.com',
    'ada@example.com\n',
    'ada\0@example.com',
    'ada@exämple.com',
    'ada..lovelace@example.com',
    `${'a'.repeat(65)}@example.com`,
    `ada@${'a.'.repeat(130)}com`,
  ])('refuses a letter to %j, and does not quote the address', (to) => {
    expect(() => checkLetter({ ...HELLO, to })).toThrow(
      new MailError('Cannot send the letter: the recipient is no plain address, expected one such as ada@example.com', {
        retry: false,
      }),
    )
  })

  test.each(['', 'a\r\nBcc: eve@example.com', 'a\nb', 'a\rb', 'a\0b', 'a\u0085b', 'a\u2028b', 'a\ud83d', 'a'.repeat(251)])(
    'refuses the subject %j',
    (subject) => {
      expect(() => checkLetter({ ...HELLO, subject })).toThrow('the subject is not one line')
    },
  )

  test('refuses a text or HTML of more than 256 KiB', () => {
    const long = 'ü'.repeat(128 * 1024)

    expect(() => checkLetter({ ...HELLO, text: long, html: long })).not.toThrow()
    expect(() => checkLetter({ ...HELLO, text: `${long}!` })).toThrow('its text is longer')
    expect(() => checkLetter({ ...HELLO, html: `${long}!` })).toThrow('its text is longer')
  })
})

describe('readSender()', () => {
  test.each([
    ['no-reply@example.com', { name: '', address: 'no-reply@example.com' }],
    ['Blög of Ada <no-reply@example.com>', { name: 'Blög of Ada', address: 'no-reply@example.com' }],
  ])('reads %s', (text, sender) => {
    expect(readSender(text)).toEqual(sender)
  })

  test.each([
    '',
    'blog',
    'Blog <blog>',
    'a@example.com, b@example.com',
    'A\r\nBcc: eve <a@example.com>',
    'A <a@example.com> <b@example.com>',
  ])('refuses %j', (text) => {
    expect(() => readSender(text)).toThrow(/^Cannot send mail from/)
  })
})
