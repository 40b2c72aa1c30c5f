import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { folderSecret } from './secret.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plinth-secret-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('folderSecret()', () => {
  test('makes a secret once, in a file and a folder that only the owner can enter', () => {
    const file = join(folder, '.plinth', 'secret')

    const secret = folderSecret(file)

    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(folderSecret(file)).toBe(secret)
    expect(readFileSync(file, 'utf8')).toBe(secret)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, '.plinth')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(folder, '.plinth'))).toEqual(['secret'])
  })

  test.each(['', '\n', 'short'])('refuses a file that holds %j: keys made of it are known to anybody', (text) => {
    const file = join(folder, 'secret')
    writeFileSync(file, text, { mode: 0o600 })

    expect(() => folderSecret(file)).toThrow(/^Cannot use the secret in .*, expected 43\. Delete it/)
  })

  test('refuses a file that others can read', () => {
    const file = join(folder, 'secret')
    folderSecret(file)
    chmodSync(file, 0o644)

    expect(() => folderSecret(file)).toThrow(/^Cannot use the secret in .*: its mode is 644, expected 600/)
  })
})
