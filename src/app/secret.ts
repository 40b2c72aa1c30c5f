/** The secret of an installation, and what is made from it. Each use has a key of its own, so that no seal serves for another. */
import { createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Seal } from '../engine/index.ts'

/** 96 bits: 2^48 guesses at one list before a forged seal is likely, and each guess is a request. */
const SEAL_BYTES = 12

/** Reads the secret that this folder has, or makes one that only its owner can read. */
export function folderSecret(file: string): string {
  mkdirSync(dirname(file), { recursive: true })
  try {
    writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(file, 'utf8').trim()
}

/** A key for one purpose. @see https://www.rfc-editor.org/rfc/rfc5869 */
export function deriveKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'plinth', purpose, 32))
}

/** Seals text so that a change of it shows. */
export function createSeal(key: Uint8Array): Seal {
  // Prepared once: given the bytes, each seal would make the key anew, 34 µs instead of 6.
  const prepared = createSecretKey(key)
  return (text) => createHmac('sha256', prepared).update(text).digest().subarray(0, SEAL_BYTES).toString('base64url')
}
