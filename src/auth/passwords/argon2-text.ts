/** Reads what is kept of a password: which argon2id text can be verified at a bearable cost, and which is weaker than today's. */
import { parseOptions } from '@node-rs/argon2'

/** The cost of argon2id, RFC 9106 §3.1. */
export interface Argon2Parameters {
  /** Memory in KiB, for each hash that runs. */
  readonly memoryKib: number
  /** How often it goes over the memory. */
  readonly passes: number
  readonly lanes: number
}

export interface KeptHash extends Argon2Parameters {
  readonly saltBytes: number
  readonly hashBytes: number
  /** Whether it is version 1.3 of argon2, from 2016. */
  readonly isCurrentVersion: boolean
}

/** NIST SP 800-132 §5.1 asks for 16 bytes; 32 bytes of hash are what argon2 gives by default. */
export const SALT_BYTES = 16
export const HASH_BYTES = 32

/**
 * What a kept hash may cost at the most, in KiB times passes: some 64 times the default, and above all that RFC 9106 recommends. A text that asks
 * for more came from nobody's settings, and one sign-in with it would hold a thread and its memory for seconds.
 */
const COST_MAX = 64 * 19_456 * 2
const LANES_MAX = 16
const TEXT_LENGTH_MAX = 512
/** The numbers of the library's enums, which cannot be imported where each file is compiled alone. */
const ARGON2ID: number = 2
const VERSION_19: number = 1

/** @returns undefined when the text is no argon2id in PHC form, or asks for more than anybody needs */
export function readKeptHash(text: string): KeptHash | undefined {
  if (text.length > TEXT_LENGTH_MAX || !text.startsWith('$argon2id$')) return undefined
  const kept = parse(text)
  if (kept === undefined || kept.memoryKib * kept.passes > COST_MAX || kept.lanes > LANES_MAX) return undefined
  return kept.memoryKib < 8 * kept.lanes ? undefined : kept
}

function parse(text: string): KeptHash | undefined {
  try {
    const { algorithm, version, memoryCost, timeCost, parallelism, outputLen, saltLen } = parseOptions(text)
    if (algorithm !== ARGON2ID) return undefined
    return {
      memoryKib: memoryCost,
      passes: timeCost,
      lanes: parallelism,
      saltBytes: saltLen,
      hashBytes: outputLen,
      isCurrentVersion: version === VERSION_19,
    }
  } catch {
    // It was in nobody's power here to write it better: for a sign-in it is as good as none.
    return undefined
  }
}

/** Whether a hash was made with less than what is asked for now, in any respect. */
export function isWeaker(kept: KeptHash, now: Argon2Parameters): boolean {
  return (
    kept.memoryKib < now.memoryKib ||
    kept.passes < now.passes ||
    kept.saltBytes < SALT_BYTES ||
    kept.hashBytes < HASH_BYTES ||
    !kept.isCurrentVersion
  )
}

/** Writes salt and hash in the form that argon2 keeps them. @see https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md */
export function renderArgon2Text(parameters: Argon2Parameters, salt: Uint8Array, hash: Uint8Array): string {
  const [saltText, hashText] = [salt, hash].map((bytes) => Buffer.from(bytes).toString('base64').replaceAll('=', ''))
  return `$argon2id$v=19$m=${parameters.memoryKib},t=${parameters.passes},p=${parameters.lanes}$${saltText}$${hashText}`
}
