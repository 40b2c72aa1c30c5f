import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createDevelopmentSigner, createTokenVerifier } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'plinth-signer-'))
const clock = { now: () => 1_795_380_000_000 }
const options = {
  keyFile: join(folder, '.plinth', 'development-key.json'),
  issuer: 'plinth-development',
  audience: 'blog',
  clock,
}

afterAll(() => rmSync(folder, { recursive: true }))

test('mints tokens that the verifier accepts, with one key for all that open the file', () => {
  const signer = createDevelopmentSigner(options)
  const again = createDevelopmentSigner(options)
  const verifier = createTokenVerifier({
    issuers: [{ issuer: options.issuer, keys: signer.publicJwks() }],
    audience: options.audience,
    clock,
  })

  const actor = verifier.verify(
    again.mintToken({ subject: 'usr_01h455vb4pex5vsknk084sn02q', roles: ['editor'], permissions: ['posts:write'] }),
  )

  expect(actor).toMatchObject({ roles: ['editor'], permissions: ['posts:write'] })
  expect(again.publicJwks()).toEqual(signer.publicJwks())
  expect(signer.publicJwks().keys[0]).not.toHaveProperty('d')
})

test('the key is for its owner only, and one that others can read is refused', () => {
  createDevelopmentSigner(options)
  expect(statSync(options.keyFile).mode & 0o777).toBe(0o600)

  chmodSync(options.keyFile, 0o644)

  expect(() => createDevelopmentSigner(options)).toThrow('expected 600')
  chmodSync(options.keyFile, 0o600)
})

test('a token for more than a quarter of an hour is refused', () => {
  expect(() => createDevelopmentSigner(options).mintToken({ subject: 'usr_1', ttlS: 901 })).toThrow('at most 900')
})
