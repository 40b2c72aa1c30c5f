/** The secret of an installation, and what is made from it. Each use has a key of its own, so that no seal serves for another. */
import { hkdfSync, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** As many characters as 32 random bytes have in base64url. */
const SECRET_LENGTH = 43

/**
 * Reads the secret that this folder has, or makes one that only its owner can read.
 *
 * @throws when the file can be read by others, or holds less than a secret: keys made of it could be made by anybody
 */
export function folderSecret(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    // Linked when it is whole: of two processes that start at once, none reads what the other has only begun to write.
    writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' })
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  const mode = statSync(file).mode & 0o777
  if ((mode & 0o077) !== 0)
    throw new Error(`Cannot use the secret in "${file}": its mode is ${mode.toString(8)}, expected 600. Run: chmod 600 ${file}`)
  const secret = readFileSync(file, 'utf8').trim()
  if (secret.length < SECRET_LENGTH)
    throw new Error(
      `Cannot use the secret in "${file}": it has ${secret.length} characters, expected ${SECRET_LENGTH}. Delete it, and a new one is made`,
    )
  return secret
}

/** A key for one purpose. @see https://www.rfc-editor.org/rfc/rfc5869 */
export function deriveKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'plinth', purpose, 32))
}
