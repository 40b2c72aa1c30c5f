/**
 * TypeID: the text form of an id outside the database, `<prefix>_<26 characters of Crockford base32>`.
 *
 * The 128 bits of the UUID are printed big-endian, 5 bits a character, two zero bits in front; so the text sorts as the UUID does,
 * and the first character is at most `7`. @see https://github.com/jetify-com/typeid/tree/main/spec
 */
import type { Brand } from './brand.ts'
import type { Uuid } from './uuid.ts'

export type TypeId = Brand<string, 'TypeId'>

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const SUFFIX_LENGTH = 26
/** Two characters for each value of ten bits. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => `${ALPHABET[bits >> 5]}${ALPHABET[bits & 31]}`)
const VALUES = new Int8Array(128).fill(-1)
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value

const NIBBLES = new Int8Array(128)
for (let value = 0; value < 16; value++) NIBBLES[value.toString(16).charCodeAt(0)] = value

/** Prints a UUID as the part of a TypeID behind the underscore. */
export function encodeTypeIdSuffix(uuid: string): string {
  let text = ''
  // 128 bits are 13 pairs of characters, of which the first has two bits of padding: 8 bits, then 12 times 10.
  let bits = 0
  let held = 2
  for (let at = 0; at < 36; at++) {
    if (at === 8 || at === 13 || at === 18 || at === 23) continue
    bits = (bits << 4) | (NIBBLES[uuid.charCodeAt(at)] ?? 0)
    held += 4
    if (held >= 10) {
      held -= 10
      text += PAIRS[(bits >> held) & 1023]
      bits &= (1 << held) - 1
    }
  }
  return text
}

/** `encodeTypeId('usr', '01890a5d-ac96-774b-bcce-b302099a8057')` is `usr_01h455vb4pex5vsknk084sn02q`. */
export function encodeTypeId(prefix: string, uuid: string): TypeId {
  return `${prefix}_${encodeTypeIdSuffix(uuid)}` as TypeId
}

/** Reads a TypeID with this prefix; undefined when the text is not one. */
export function decodeTypeId(prefix: string, text: string): Uuid | undefined {
  const start = prefix.length + 1
  if (text.length !== start + SUFFIX_LENGTH || !text.startsWith(prefix) || text[prefix.length] !== '_') return undefined
  // Above 7 the first character would need more than 128 bits.
  if (text.charCodeAt(start) > 0x37) return undefined
  let hex = ''
  let bits = 0
  let held = -2
  for (let at = start; at < text.length; at++) {
    const value = VALUES[text.charCodeAt(at)] ?? -1
    if (value < 0) return undefined
    bits = (bits << 5) | value
    held += 5
    while (held >= 4) {
      held -= 4
      hex += ((bits >> held) & 15).toString(16)
      bits &= (1 << held) - 1
    }
  }
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as Uuid
}
