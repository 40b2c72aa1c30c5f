/** Makes, seals and names secrets: random text to hand out, digests to find it by, and sealed text that only this installation can open. */
import { createCipheriv, createDecipheriv, createHash, createHmac, createSecretKey, randomBytes } from 'node:crypto'

/** 256 bits: nobody guesses one, so a plain digest is enough to keep it by. */
const SECRET_BYTES = 32
/** The nonce of AES-GCM, NIST SP 800-38D. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

export interface Vault {
  /** A new secret to hand out: 43 characters of base64url. */
  makeSecret(): string
  /** What is kept of a secret that was handed out: base64url of its SHA-256. */
  digest(secret: string): string
  /** A digest that only this installation can make, for what could be guessed: names, addresses, short codes. */
  keyedDigest(text: string): string
  /** Seals text (AES-256-GCM). `purpose` is part of it: what was sealed for one place cannot be opened at another. */
  seal(purpose: string, text: string): string
  /** @throws when the text was sealed with another secret, for another purpose, or was changed */
  open(purpose: string, sealed: string): string
}

/** @param deriveKey gives 32 bytes for a purpose, the same on all instances */
export function createVault(deriveKey: (purpose: string) => Uint8Array): Vault {
  const sealKey = createSecretKey(deriveKey('vault-seal'))
  const digestKey = createSecretKey(deriveKey('vault-digest'))
  return {
    makeSecret: () => randomBytes(SECRET_BYTES).toString('base64url'),
    digest: (secret) => createHash('sha256').update(secret).digest('base64url'),
    keyedDigest: (text) => createHmac('sha256', digestKey).update(text).digest('base64url'),
    seal(purpose, text) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(Buffer.from(purpose))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')
    },
    open(purpose, sealed) {
      const bytes = Buffer.from(sealed, 'base64url')
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
        return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      } catch (cause) {
        throw new Error(
          `Cannot open what was sealed for "${purpose}": it was sealed with another secret, or changed, expected the PLINTH_SECRET that it was sealed with`,
          { cause },
        )
      }
    },
  }
}
