import { describe, expect, test } from 'vitest'
import { readSettings, SettingsError } from './settings.ts'

const URL = 'smtps://blog:canary-3141@mail.example.com'

describe('readSettings()', () => {
  test('sends letters to files and asks nobody about passwords when nothing is set', () => {
    expect(readSettings({ MAIL_URL: '', MAIL_FROM: '', BREACHED_PASSWORDS_URL: '' })).toMatchObject({
      mailUrl: undefined,
      mailFrom: 'no-reply@localhost',
      breachedPasswordsUrl: undefined,
    })
  })

  test('reads where letters go, who they are from and whom to ask about passwords', () => {
    const range = 'https://api.pwnedpasswords.com/range/'

    expect(
      readSettings({ MAIL_URL: URL, MAIL_FROM: 'Blog <no-reply@example.com>', BREACHED_PASSWORDS_URL: range }),
    ).toMatchObject({ mailUrl: URL, mailFrom: 'Blog <no-reply@example.com>', breachedPasswordsUrl: range })
  })

  test('letters are from the host of the public address unless it is said', () => {
    expect(readSettings({ PUBLIC_URL: 'https://blog.example.com:8443/' }).mailFrom).toBe('no-reply@blog.example.com')
  })

  test.each([
    [
      'MAIL_URL',
      'https://blog:canary-3141@mail.example.com',
      'Cannot use MAIL_URL: it is no URL that begins with smtps:// or smtp://',
    ],
    ['MAIL_URL', 'canary-3141', 'Cannot use MAIL_URL: it is no URL that begins with smtps:// or smtp://'],
    [
      'BREACHED_PASSWORDS_URL',
      'canary-3141',
      'Cannot use BREACHED_PASSWORDS_URL: it is no URL that begins with https:// or http://',
    ],
  ])('refuses %s=%s without showing it', (name, value, message) => {
    expect(() => readSettings({ MAIL_FROM: 'no-reply@example.com', [name]: value })).toThrow(new SettingsError(message))
  })
})
