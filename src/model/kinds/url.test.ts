import { expect, test } from 'vitest'
import { urlKind } from './url.ts'

const kind = urlKind()

test.each([
  'https://example.com',
  'https://example.com/a/b?c=d&e=f#g',
  'http://127.0.0.1:8080/',
  'http://[::1]:8080/a',
  'HTTPS://Example.COM/%C3%A9',
])('url %s is kept as it was sent', (input) => {
  expect(kind.read(input)).toBe(input)
})

test.each([
  ...[
    'example.com',
    '/a',
    '//example.com/a',
    'https:example.com',
    'https:/example.com',
    'https://',
    'https:///a',
    'https://:80',
    'https://example.com:99999',
    'https://1.2.3.4.5',
  ],
  ...[
    ' https://example.com',
    'https://example.com ',
    'https://exa mple.com',
    'https://example.com/\n',
    'java\nscript:alert(1)',
    'https:\\\\example.com',
    'https://example.com\\@evil.com',
  ],
  ...[
    'https://exämple.com',
    'https://example.com/é',
    'https://example.com/%',
    'https://example.com/%zz',
    'https://example.com/<script>',
    'https://example.com/#a#b',
    'https://[::1',
    'https://[zz]/',
  ],
])('url %j is refused', (input) => {
  expect(kind.read(input)).toMatchObject({ code: 'url', message: expect.stringMatching(/^must be an absolute address such as/) })
})

test.each(['javascript://example.com/%0Aalert(1)', 'ftp://example.com', 'file://host/etc/passwd', 'data://a'])(
  'url %s is refused for its scheme',
  (input) => {
    expect(kind.read(input)).toMatchObject({ message: 'must begin with https:// or http://' })
  },
)

test.each(['https://ada:secret@example.com', 'https://ada@example.com', 'https://:secret@example.com'])(
  'url %s is refused for what it carries',
  (input) => {
    expect(kind.read(input)).toMatchObject({ message: 'must not carry a user name or password' })
  },
)

test('url admits only the declared schemes', () => {
  expect(urlKind({ schemes: ['https'] }).read('http://example.com')).toMatchObject({ message: 'must begin with https://' })
  expect(urlKind({ schemes: ['git'] }).read('git://example.com/a.git')).toBe('git://example.com/a.git')
})

test('url finds what is wrong with its options', () => {
  expect(urlKind({ schemes: [] }).findFlaws?.()).toEqual([{ what: 'no scheme is allowed', mend: "schemes: ['https']" }])
  expect(urlKind({ schemes: ['https:'] }).findFlaws?.()).toEqual([
    { what: 'the scheme "https:" is not lower-case letters and digits', mend: "schemes: ['https']" },
  ])
  expect(urlKind({ max: 0 }).findFlaws?.()).toEqual([{ what: 'its max is 0', mend: 'max: a whole number from 1' }])
})
