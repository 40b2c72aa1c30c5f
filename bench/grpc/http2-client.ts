/**
 * As much of an HTTP/2 client as a load of unary calls needs, over a plain socket: a library would cost more than the servers under test.
 * Frames are written by hand and of the answers only the frame heads are read. What cannot be (a reset, a goodbye) ends the benchmark.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113 frames · https://www.rfc-editor.org/rfc/rfc7541 header compression
 */
import { connect, type Socket } from 'node:net'

const FRAME = { data: 0, headers: 1, resetStream: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const
const END_STREAM = 0x1
const END_HEADERS = 0x4
const ACK = 0x1
const HEAD_BYTES = 9
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
/** So wide that answers never wait for leave to be sent. The other direction needs none: requests are small, and servers give leave as they read. */
const WINDOW_MAX = 2 ** 31 - 1
const WINDOW_DEFAULT = 65_535

export interface Answers {
  /** A piece of the body of an answer. */
  readonly data: (stream: number, payload: Buffer) => void
  readonly end: (stream: number) => void
  readonly fail: (error: Error) => void
}

export class Http2Connection {
  readonly #socket: Socket
  readonly #answers: Answers
  /** The whole head of the first request; all later ones name its lines by their places in the table that the server keeps. */
  readonly #firstHead: Buffer
  readonly #laterHead: Buffer
  #stream = -1
  #unread: Buffer = Buffer.alloc(0)

  constructor(port: number, path: string, headers: Readonly<Record<string, string>>, answers: Answers) {
    this.#answers = answers
    const lines = Object.entries({ ':path': path, ':authority': `127.0.0.1:${port}`, ...headers })
    // `:method POST` and `:scheme http` have places of their own in the standard's table.
    const fixed = [0x83, 0x86]
    this.#firstHead = Buffer.concat([Buffer.from(fixed), ...lines.map(([name, value]) => addedLine(name, value))])
    // The table begins behind the standard's 61 lines, with what was added last.
    this.#laterHead = Buffer.from([...fixed, ...lines.map((_, at) => 0x80 | (61 + lines.length - at))])
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#read(chunk))
    this.#socket.on('error', answers.fail)
    const settings = Buffer.alloc(6)
    settings.writeUInt16BE(4)
    settings.writeUInt32BE(WINDOW_MAX, 2)
    const window = Buffer.alloc(4)
    window.writeUInt32BE(WINDOW_MAX - WINDOW_DEFAULT)
    this.#socket.write(
      Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0, settings), frame(FRAME.windowUpdate, 0, 0, window)]),
    )
  }

  /** Sends a message of gRPC. @returns the number of its stream */
  send(message: Buffer): number {
    const head = this.#stream < 0 ? this.#firstHead : this.#laterHead
    this.#stream += 2
    const body = Buffer.alloc(5 + message.length)
    body.writeUInt32BE(message.length, 1)
    message.copy(body, 5)
    this.#socket.write(
      Buffer.concat([frame(FRAME.headers, END_HEADERS, this.#stream, head), frame(FRAME.data, END_STREAM, this.#stream, body)]),
    )
    return this.#stream
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk])
    let at = 0
    // Requests that these answers make room for leave together.
    this.#socket.cork()
    while (bytes.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3)
      if (bytes.length < end) break
      this.#readFrame(
        bytes.readUInt8(at + 3),
        bytes.readUInt8(at + 4),
        bytes.readUInt32BE(at + 5),
        bytes.subarray(at + HEAD_BYTES, end),
      )
      at = end
    }
    this.#socket.uncork()
    this.#unread = bytes.subarray(at)
  }

  #readFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    switch (type) {
      case FRAME.data:
        this.#answers.data(stream, payload)
        if (flags & END_STREAM) this.#answers.end(stream)
        return
      case FRAME.headers:
        if (flags & END_STREAM) this.#answers.end(stream)
        return
      case FRAME.settings:
      case FRAME.ping:
        if (!(flags & ACK)) this.#socket.write(frame(type, ACK, 0, type === FRAME.ping ? payload : Buffer.alloc(0)))
        return
      case FRAME.resetStream:
      case FRAME.goAway:
        this.#answers.fail(
          new Error(`The server ended ${type === FRAME.goAway ? 'the connection' : `stream ${stream}`}, expected an answer`),
        )
    }
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A line that the server adds to its table: "literal with incremental indexing, new name", in plain text. */
function addedLine(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), lengthOf(name), Buffer.from(name), lengthOf(value), Buffer.from(value)])
}

/** An integer with a prefix of seven bits. */
function lengthOf(text: string): Buffer {
  const bytes: number[] = []
  let rest = Buffer.byteLength(text)
  if (rest < 127) return Buffer.from([rest])
  bytes.push(127)
  for (rest -= 127; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}
