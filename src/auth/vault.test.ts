import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createVault } from './vault.ts'

const key = randomBytes(32)
const vault = createVault((purpose) => Buffer.concat([Buffer.from(purpose), key]).subarray(0, 32))

test('open() gives what seal() was given, and two seals of one text differ', () => {
  const sealed = vault.seal('totp', 'JBSWY3DPEHPK3PXP ü')

  expect(vault.open('totp', sealed)).toBe('JBSWY3DPEHPK3PXP ü')
  expect(vault.seal('totp', 'JBSWY3DPEHPK3PXP ü')).not.toBe(sealed)
})

test('open() refuses another purpose, a changed text, a short one and another installation', () => {
  const sealed = vault.seal('totp', 'secret')
  const other = createVault(() => randomBytes(32))

  for (const attempt of [
    () => vault.open('signing-key', sealed),
    () => vault.open('totp', `${sealed.slice(0, -2)}AA`),
    () => vault.open('totp', sealed.slice(0, 20)),
    () => vault.open('totp', ''),
    () => other.open('totp', sealed),
  ])
    expect(attempt).toThrow(/^Cannot open what was sealed for/)
})

test('makeSecret() has 256 bits, and its digests differ with and without the key', () => {
  const secret = vault.makeSecret()

  expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(vault.digest(secret)).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(vault.keyedDigest(secret)).not.toBe(vault.digest(secret))
})
