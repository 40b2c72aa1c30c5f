import { describe, expect, test } from 'vitest'
import { readSmtpUrl } from './smtp-url.ts'

describe('readSmtpUrl()', () => {
  test.each([
    ['smtps://blog:p%40ss@mail.example.com', 'mail.example.com', 465, 'implicit', { user: 'blog', pass: 'p@ss' }],
    ['smtp://mail.example.com', 'mail.example.com', 587, 'starttls', undefined],
    ['smtp://mail.example.com:2525/', 'mail.example.com', 2525, 'starttls', undefined],
    ['smtp://mail.example.com:25?tls=off', 'mail.example.com', 25, 'off', undefined],
    ['smtp://localhost:1025', 'localhost', 1025, 'off', undefined],
    ['smtp://[::1]:1025', '::1', 1025, 'off', undefined],
    ['smtp://127.0.0.1:1025?tls=required', '127.0.0.1', 1025, 'starttls', undefined],
    ['smtp://localhost.example.com:1025', 'localhost.example.com', 1025, 'starttls', undefined],
  ])('reads %s', (url, host, port, encryption, auth) => {
    expect(readSmtpUrl(url)).toEqual({ host, port, encryption, auth })
  })

  test.each([
    'canary-3141',
    'https://blog:canary-3141@mail.example.com',
    'smtp://blog:canary-3141@',
    'smtp://blog:canary-3141@mail.example.com:99999',
    'smtp://blog:canary-3141@mail.example.com?tls=maybe',
    'smtp://blog:canary-3141@mail.example.com?pool=true',
    'smtps://blog:canary-3141@mail.example.com?tls=off',
    'smtp://blog:canary-3141@mail.example.com/inbox',
    'smtp://:canary-3141@mail.example.com',
    'smtp://blog:canary-3141%@mail.example.com',
  ])('refuses %s without showing the password', (url) => {
    let message = ''
    try {
      readSmtpUrl(url)
    } catch (error) {
      message = (error as Error).message
    }

    expect(message).toMatch(/^Cannot use the URL of the mail server: .*works$/)
    expect(message).not.toContain('canary-3141')
  })
})
