/** Turns a user into a name for the log that says "the same one" without saying who. */
import { createHmac, randomBytes } from 'node:crypto'

/** 64 bits: no two users of one service meet by chance, and a line stays short. */
const HASH_DIGITS = 16

/** Hashes the subject of an actor; the hash is kept for as long as the actor object lives. */
export type HashUserId = (actor: { readonly subject: string | null }) => string | null

/**
 * Makes the function that names users in the log: HMAC-SHA-256 under `key`, cut to 16 hexadecimal digits.
 *
 * @param key the same on all instances, so that their lines can be joined; default: random, good until the process ends
 */
export function createUserHash(key: string | Uint8Array = randomBytes(32)): HashUserId {
  const known = new WeakMap<object, string>()
  return (actor) => {
    if (actor.subject === null) return null
    let hash = known.get(actor)
    if (hash === undefined) {
      hash = createHmac('sha256', key).update(actor.subject).digest('hex').slice(0, HASH_DIGITS)
      known.set(actor, hash)
    }
    return hash
  }
}
