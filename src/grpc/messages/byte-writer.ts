/**
 * Writes the wire format of protobuf into one buffer that is used again and again. @see https://protobuf.dev/programming-guides/encoding/
 *
 * Invariant: between `begin` and `finish` nothing else runs, so one buffer serves all; a message that failed half-way is overwritten by the
 * next. Why not the library's writer: it makes and grows a buffer for each message and slices the result, which costs more than the writing
 * (see decisions/0021-grpc.md).
 */
import type { WireType } from '@bufbuild/protobuf/wire'

/** Most responses fit; the buffer grows for those that do not, and goes back after. */
const KEPT_BYTES = 65_536
const VARINT_BYTES_MAX = 10
/** Texts up to this length are copied letter by letter while they are ASCII: a call into the runtime costs more. */
const SHORT_TEXT_MAX = 32
/** A UTF-16 unit takes at most three bytes of UTF-8. */
const UTF8_BYTES_PER_UNIT = 3
const CONTINUES = 0x80

export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(KEPT_BYTES)
  #at = 0

  begin(): this {
    this.#at = 0
    return this
  }

  /** A copy of what was written since `begin`. */
  finish(): Buffer {
    const written = Buffer.from(this.#bytes.subarray(0, this.#at))
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(KEPT_BYTES)
    return written
  }

  tag(field: number, wireType: WireType): this {
    return this.uint32(((field << 3) | wireType) >>> 0)
  }

  uint32(value: number): this {
    this.#reserve(VARINT_BYTES_MAX)
    let rest = value
    while (rest >= CONTINUES) {
      this.#bytes[this.#at++] = (rest & 0x7f) | CONTINUES
      rest >>>= 7
    }
    this.#bytes[this.#at++] = rest
    return this
  }

  /** An int32 or an int64 that a number holds exactly; what is negative takes ten bytes. */
  integer(value: number): this {
    if (value >= 0 && value <= 0xffff_ffff) return this.uint32(value)
    this.#reserve(VARINT_BYTES_MAX)
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest >= 0x80n) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | CONTINUES
      rest >>= 7n
    }
    this.#bytes[this.#at++] = Number(rest)
    return this
  }

  bool(value: boolean): this {
    return this.uint32(value ? 1 : 0)
  }

  double(value: number): this {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
    return this
  }

  text(value: string): this {
    this.#reserve(value.length * UTF8_BYTES_PER_UNIT + VARINT_BYTES_MAX)
    if (value.length <= SHORT_TEXT_MAX && this.#writeAscii(value)) return this
    return this.enclose(() => {
      this.#at += this.#bytes.write(value, this.#at)
    }, value.length)
  }

  /**
   * Writes what `write` writes behind its length.
   *
   * @param guess how many bytes that may be; a wrong guess moves what was written, where the length takes more or fewer bytes
   */
  enclose(write: () => void, guess = 0): this {
    this.#reserve(VARINT_BYTES_MAX)
    const lengthAt = this.#at
    const start = lengthAt + varintBytes(guess)
    this.#at = start
    write()
    const length = this.#at - start
    const begin = lengthAt + varintBytes(length)
    if (begin !== start) {
      this.#reserve(VARINT_BYTES_MAX)
      this.#bytes.copyWithin(begin, start, this.#at)
    }
    this.#at = lengthAt
    this.uint32(length)
    this.#at += length
    return this
  }

  /** Stops, with nothing but a guess of the length behind it, at the first letter that is not ASCII. */
  #writeAscii(value: string): boolean {
    const start = this.#at
    this.#bytes[this.#at++] = value.length
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at)
      if (code > 0x7f) {
        this.#at = start
        return false
      }
      this.#bytes[this.#at++] = code
    }
    return true
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  if (value < 0x1000_0000) return 4
  return 5
}
