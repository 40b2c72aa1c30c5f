/**
 * TypeID: the text form of an id outside the database, `<prefix>_<26 characters of Crockford base32>`.
 *
 * The 128 bits of the UUID are printed big-endian, 5 bits a character, two zero bits in front; so the text sorts as the UUID
 * does, and the first character is at most `7`. @see https://github.com/jetify-com/typeid/tree/main/spec
 *
 * Reading goes by groups: 8 bits and six times 20 bits are 2 and six times 4 characters of base32, 2 and six times 5 digits of
 * hex. One `fromCharCode` takes a quarter of the time of joining the digits one by one or from tables.
 */
import type { Brand } from './brand.ts'
import type { Uuid } from './uuid.ts'

export type TypeId = Brand<string, 'TypeId'>

const SUFFIX_LENGTH = 26
const HYPHEN = 0x2d

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** Two characters for each value of ten bits. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => `${ALPHABET[bits >> 5]}${ALPHABET[bits & 31]}`)
/** The value of each character; -1 for what is not of the alphabet. */
const VALUES = new Int8Array(128).fill(-1)
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value

/** The value of each hex digit, and the digit for each value. */
const NIBBLES = new Int8Array(128)
const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
for (const [value, code] of DIGITS.entries()) NIBBLES[code] = value

/** Prints a UUID, lower case with hyphens, as the part of a TypeID behind the underscore. */
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
  const first = (valueAt(text, start) << 5) | valueAt(text, start + 1)
  const a = readGroup(text, start + 2)
  const b = readGroup(text, start + 6)
  const c = readGroup(text, start + 10)
  const d = readGroup(text, start + 14)
  const e = readGroup(text, start + 18)
  const f = readGroup(text, start + 22)
  // A character outside the alphabet makes its group negative. Above 255 the whole would need more than 128 bits.
  if ((first | a | b | c | d | e | f) < 0 || first > 255) return undefined
  // biome-ignore format: one group of the UUID a line
  return String.fromCharCode(
    hex(first >> 4), hex(first), hex(a >> 16), hex(a >> 12), hex(a >> 8), hex(a >> 4), hex(a), hex(b >> 16), HYPHEN,
    hex(b >> 12), hex(b >> 8), hex(b >> 4), hex(b), HYPHEN,
    hex(c >> 16), hex(c >> 12), hex(c >> 8), hex(c >> 4), HYPHEN,
    hex(c), hex(d >> 16), hex(d >> 12), hex(d >> 8), HYPHEN,
    hex(d >> 4), hex(d), hex(e >> 16), hex(e >> 12), hex(e >> 8), hex(e >> 4), hex(e),
    hex(f >> 16), hex(f >> 12), hex(f >> 8), hex(f >> 4), hex(f),
  ) as Uuid
}

/** The digit for the last four bits. */
function hex(bits: number): number {
  return DIGITS[bits & 15] ?? 0
}

function valueAt(text: string, at: number): number {
  return VALUES[text.charCodeAt(at)] ?? -1
}

function readGroup(text: string, at: number): number {
  return (valueAt(text, at) << 15) | (valueAt(text, at + 1) << 10) | (valueAt(text, at + 2) << 5) | valueAt(text, at + 3)
}
