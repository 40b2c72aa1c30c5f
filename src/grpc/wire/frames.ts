/**
 * Cuts the bytes of a stream into messages, and puts messages into bytes: five bytes in front say whether a message is packed and how long it is.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
import { PlinthError } from '../../kernel/index.ts'

/** A message as it came. */
export interface PackedMessage {
  readonly isPacked: boolean
  readonly bytes: Buffer
}

const PREFIX_BYTES = 5
const NOTHING: Buffer = Buffer.alloc(0)
/** The room that a message begins with; it doubles as bytes come, so that nobody gets a megabyte by announcing one. */
const FIRST_ROOM_BYTES = 4_096

export class FrameReader {
  readonly #bytesMax: number
  #prefix = NOTHING
  #message: Buffer | undefined
  #length = 0
  #filled = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Whether nothing of a further message has come. */
  get isAtEnd(): boolean {
    return this.#prefix.length === 0
  }

  /**
   * Takes what has come; nothing more once it threw.
   *
   * @returns the messages that it completed, often the only one
   * @throws `VALIDATION_BODY_MALFORMED`, `VALIDATION_BODY_TOO_LARGE` as soon as a prefix says so
   */
  push(chunk: Buffer): readonly PackedMessage[] {
    if (this.isAtEnd && chunk.length >= PREFIX_BYTES) {
      const length = this.#readLength(chunk)
      // The usual case: one piece, one message.
      if (chunk.length === PREFIX_BYTES + length) return [{ isPacked: chunk[0] === 1, bytes: chunk.subarray(PREFIX_BYTES) }]
    }
    return this.#gather(chunk)
  }

  #gather(chunk: Buffer): readonly PackedMessage[] {
    const messages: PackedMessage[] = []
    let at = 0
    while (at < chunk.length) {
      at = this.#prefix.length < PREFIX_BYTES ? this.#fillPrefix(chunk, at) : this.#fill(chunk, at)
      if (this.#message !== undefined && this.#filled === this.#length) messages.push(this.#take())
    }
    return messages
  }

  #fillPrefix(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + PREFIX_BYTES - this.#prefix.length)
    this.#prefix = Buffer.concat([this.#prefix, chunk.subarray(at, end)])
    if (this.#prefix.length === PREFIX_BYTES) {
      this.#length = this.#readLength(this.#prefix)
      this.#filled = 0
      this.#message = Buffer.allocUnsafe(Math.min(this.#length, FIRST_ROOM_BYTES))
    }
    return end
  }

  #fill(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#length - this.#filled)
    const room = this.#roomFor(this.#filled + end - at)
    chunk.copy(room, this.#filled, at, end)
    this.#filled += end - at
    return end
  }

  #roomFor(bytes: number): Buffer {
    const held = this.#message ?? NOTHING
    if (held.length >= bytes) return held
    const wider = Buffer.allocUnsafe(Math.min(this.#length, Math.max(bytes, held.length * 2)))
    held.copy(wider, 0, 0, this.#filled)
    this.#message = wider
    return wider
  }

  #take(): PackedMessage {
    const message = { isPacked: this.#prefix[0] === 1, bytes: this.#message ?? NOTHING }
    this.#prefix = NOTHING
    this.#message = undefined
    return message
  }

  #readLength(prefix: Buffer): number {
    const flag = prefix[0] ?? 0
    if (flag > 1) throw malformed(`its first byte is ${flag}, expected 0, or 1 for one that is packed`)
    const length = prefix.readUInt32BE(1)
    if (length > this.#bytesMax) throw tooLong(this.#bytesMax)
    return length
  }
}

/** The bytes of a message, with those in front of it. */
export function frame(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  bytes[0] = 0
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, PREFIX_BYTES)
  return bytes
}

export function malformed(reason: string, cause?: unknown): PlinthError {
  return new PlinthError('VALIDATION_BODY_MALFORMED', `Cannot read the message: ${reason}`, { cause })
}

export function tooLong(bytesMax: number): PlinthError {
  return new PlinthError(
    'VALIDATION_BODY_TOO_LARGE',
    `Cannot read the message: it is too long, expected at most ${bytesMax} bytes`,
  )
}
