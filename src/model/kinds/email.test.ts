import { expect, test } from 'vitest'
import { emailKind } from './email.ts'

const kind = emailKind()

test.each([
  ['ada@example.com', 'ada@example.com'],
  ['Ada.Lovelace+Notes@Example.CO.UK', 'ada.lovelace+notes@example.co.uk'],
  ["o'hara@xn--bcher-kva.example", "o'hara@xn--bcher-kva.example"],
  [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
])('email %s is read as %s', (input, address) => {
  expect(kind.read(input)).toBe(address)
})

test.each([
  ...[
    'ada',
    'ada@',
    '@example.com',
    'ada@example',
    'ada@@example.com',
    'ada@exam ple.com',
    ' ada@example.com',
    'ada@example.com\n',
    'ada@example.com\r\nBcc: all@example.com',
  ],
  ...[
    '.ada@example.com',
    'ada.@example.com',
    'a..b@example.com',
    'ada@-example.com',
    'ada@example-.com',
    'ada@.example.com',
    'ada@example.com.',
    'ada@[127.0.0.1]',
  ],
  ...[
    '"ada lovelace"@example.com',
    'Ada <ada@example.com>',
    'ada@example.com,bob@example.com',
    `${'a'.repeat(65)}@example.com`,
    `ada@${'a'.repeat(64)}.com`,
  ],
  // Looks like another account: beyond ASCII, invisible, or an ASCII letter once it is in lower case (the Kelvin sign).
  ...[
    'аda@example.com',
    'ada\u200b@example.com',
    'ada\u202e@example.com',
    'ada@\u212aelvin.com',
    '\u212aelvin@example.com',
    'ada@exämple.com',
  ],
])('email %j is refused', (input) => {
  expect(kind.read(input)).toMatchObject({ code: 'email', message: 'must be an e-mail address such as ada@example.com' })
})

test('email longer than 254 characters is refused for its length', () => {
  expect(kind.read(`ada@${'a.'.repeat(125)}com`)).toMatchObject({ code: 'too_long' })
})
