/** Walks over the bytes of a message without making anything of them. Every step is bounded by the message that it is in. */
import { isUtf8 } from 'node:buffer'
import { PlinthError } from '../../kernel/index.ts'

/** 64 bits by seven. */
const VARINT_BYTES_MAX = 10
/** 32 bits by seven. */
const TAG_BYTES_MAX = 5
/** Shorter texts are looked at here: a call into the runtime costs more than as many bytes. */
const SHORT_TEXT_MAX = 32

export class WireCursor {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }

  get hasMore(): boolean {
    return this.#at < this.#end
  }

  readTag(): number {
    const tag = this.#readUint32('a tag')
    if (tag >>> 3 === 0) throw malformed('it has a field with the number 0')
    return tag
  }

  /** Passes over a number. @param isInt32 whether it must fit 32 bits, as which it would be read */
  readNumber(isInt32: boolean): void {
    const start = this.#at
    const length = this.#varintLength('a number')
    this.#at += length
    const last = this.#bytes[start + length - 1] ?? 0
    // The tenth byte has room for one bit.
    const isTooLong = length === VARINT_BYTES_MAX && last > 1
    if (isTooLong || (isInt32 && !this.#isInt32(start, length, last))) throw malformed('a number does not fit its type')
  }

  skip(length: number): void {
    if (length > this.#end - this.#at) throw malformed('it ends within a field')
    this.#at += length
  }

  /** Passes over what a length stands in front of, and gives a cursor for its inside. */
  enter(): WireCursor {
    const length = this.#readUint32('a length')
    const start = this.#at
    this.skip(length)
    return new WireCursor(this.#bytes, start, start + length)
  }

  /** Whether all that is left is UTF-8. */
  isText(): boolean {
    if (this.#end - this.#at > SHORT_TEXT_MAX) return isUtf8(this.#bytes.subarray(this.#at, this.#end))
    for (let at = this.#at; at < this.#end; at++) {
      if ((this.#bytes[at] ?? 0) > 0x7f) return isUtf8(this.#bytes.subarray(at, this.#end))
    }
    return true
  }

  #readUint32(what: string): number {
    const length = this.#varintLength(what)
    let value = 0
    for (let at = 0; at < length; at++) value += ((this.#bytes[this.#at + at] ?? 0) & 0x7f) * 2 ** (7 * at)
    this.#at += length
    if (length > TAG_BYTES_MAX || value > 0xffff_ffff) throw malformed(`${what} is longer than 32 bits`)
    return value
  }

  #varintLength(what: string): number {
    for (let at = this.#at; at < this.#end; at++) {
      if ((this.#bytes[at] ?? 0) < 0x80) return at + 1 - this.#at
      if (at + 1 - this.#at >= VARINT_BYTES_MAX) throw malformed(`${what} is longer than ${VARINT_BYTES_MAX} bytes`)
    }
    throw malformed(`it ends within ${what}`)
  }

  /** A negative number is written as 64 bits: then all but the last 31 must be set, else all but those must be clear. */
  #isInt32(start: number, length: number, last: number): boolean {
    if (length < TAG_BYTES_MAX) return true
    const fifth = this.#bytes[start + 4] ?? 0
    if (length === TAG_BYTES_MAX) return last <= 0x07
    if (length < VARINT_BYTES_MAX) return false
    for (let at = start + 5; at < start + 9; at++) if (this.#bytes[at] !== 0xff) return false
    return fifth >= 0xf8 && last === 1
  }
}

/** @param cause what the decoder said, which is for programmers */
export function malformed(reason: string, cause?: unknown): PlinthError {
  const message = `Cannot read the message: ${reason}, expected it as its .proto file says`
  return new PlinthError('VALIDATION_BODY_MALFORMED', message, { cause })
}
