/**
 * One call on its stream of HTTP/2: messages in, messages out, one end. Knows bounds and deadlines; not the method, and not who asks.
 *
 * Invariant: whatever the caller does, the stream ends once, and with a status where anybody is left to read it.
 */
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { Waiter } from '../../http/index.ts'
import { PlinthError } from '../../kernel/index.ts'
import type { CallMetadata } from '../call.ts'
import { MESSAGE_BYTES_MAX } from '../limits.ts'
import { expectBounded, metadataOf, readTimeoutMs } from './call-head.ts'
import { FrameReader, frame, malformed, type PackedMessage } from './frames.ts'
import { ACCEPTED_ENCODINGS, type Encoding, readEncoding, unpack } from './unpack.ts'

/** Why nobody waits for the call any more. */
export type Abandoned = 'deadline' | 'gone'

const HEAD = { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': ACCEPTED_ENCODINGS }
/** How long the side of the caller may stay open behind a complete answer. */
const LINGER_MS = 1_000
const MESSAGE_COUNT = 'there is more or less than one message, expected one'

export class CallStream {
  readonly metadata: CallMetadata
  readonly #stream: ServerHttp2Stream
  readonly #lines: readonly string[]
  #encoding: Encoding = 'identity'
  #abandoned: Abandoned | undefined
  #controller: AbortController | undefined
  #timer: NodeJS.Timeout | undefined
  #failReading: ((reason: unknown) => void) | undefined
  #isHeadSent = false
  #isEnded = false
  #waiter: Waiter | undefined

  /** @param lines names and values in turn */
  constructor(stream: ServerHttp2Stream, lines: readonly string[]) {
    this.#stream = stream
    this.#lines = lines
    this.metadata = metadataOf(lines)
    // What breaks a stream also closes it.
    stream.on('error', ignore)
    stream.once('close', () => this.#close())
  }

  /** Why nobody waits any more; undefined while somebody does. */
  get abandoned(): Abandoned | undefined {
    return this.#abandoned
  }

  /** Says whether nobody waits for the call any more. */
  get waiter(): Waiter {
    this.#waiter ??= new Waiter(() => this.#abandoned !== undefined)
    return this.#waiter
  }

  /** Aborted at the deadline, and when the caller goes away. Made when it is asked for: most calls are over before. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#abandoned !== undefined) this.#controller.abort(tooLate())
    return this.#controller.signal
  }

  /** Starts the clock of the deadline. @throws `VALIDATION_*` for lines that cannot be read, or are too long */
  readHead(): void {
    expectBounded(this.#lines)
    const timeoutMs = readTimeoutMs(this.#text('grpc-timeout'))
    this.#encoding = readEncoding(this.#text('grpc-encoding'))
    if (timeoutMs === undefined) return
    // Clients whose deadline has passed say so: an answer made within a turn of the timer would be late.
    if (timeoutMs === 0) this.#abandon('deadline')
    else this.#timer = setTimeout(() => this.#abandon('deadline'), timeoutMs)
  }

  /** The one message of the caller. @throws `VALIDATION_BODY_MALFORMED`, `VALIDATION_BODY_TOO_LARGE`; what `stopReading` was given */
  readOne(): Promise<Buffer> {
    const stream = this.#stream
    const reader = new FrameReader(MESSAGE_BYTES_MAX)
    let message: PackedMessage | undefined
    return new Promise((resolve, reject) => {
      const take = (chunk: Buffer): void => {
        try {
          for (const one of reader.push(chunk)) {
            if (message !== undefined) throw malformed(MESSAGE_COUNT)
            message = one
          }
        } catch (error) {
          // What still comes is let go.
          stream.off('data', take).off('end', finish)
          reject(error)
        }
      }
      const finish = (): void => {
        this.#failReading = undefined
        try {
          if (message === undefined || !reader.isAtEnd) throw malformed(reader.isAtEnd ? MESSAGE_COUNT : 'it is cut short')
          resolve(unpack(message, this.#encoding, MESSAGE_BYTES_MAX))
        } catch (error) {
          reject(error)
        }
      }
      this.#failReading = reject
      stream.on('data', take).once('end', finish)
    })
  }

  /**
   * The messages of the caller, read as they are asked for: what nobody takes yet waits at the caller.
   * @throws as `readOne`; the reason of `signal`, also while a message is waited for
   */
  async *readAll(signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    const reader = new FrameReader(MESSAGE_BYTES_MAX)
    // The answer may go on when no more is read.
    const chunks: AsyncIterator<Buffer> = this.#stream.iterator({ destroyOnReturn: false })
    let stop: (reason: unknown) => void = ignore
    const hear = (): void => stop(signal.reason)
    signal.addEventListener('abort', hear)
    try {
      for (;;) {
        signal.throwIfAborted()
        const next = await new Promise<IteratorResult<Buffer>>((resolve, reject) => {
          stop = reject
          this.#failReading = reject
          chunks.next().then(resolve, reject)
        })
        if (next.done === true) break
        for (const one of reader.push(next.value)) yield await unpack(one, this.#encoding, MESSAGE_BYTES_MAX)
      }
    } finally {
      this.#failReading = undefined
      signal.removeEventListener('abort', hear)
    }
    if (!reader.isAtEnd) throw malformed('it is cut short')
  }

  /** Ends the wait for a message that does not come. */
  stopReading(reason: unknown): void {
    this.#failReading?.(reason)
  }

  /** Answers with one message. */
  answer(message: Uint8Array, trailers: OutgoingHttpHeaders): void {
    trailers['grpc-status'] = '0'
    this.#finishWith(trailers)
    this.#sendHead()
    this.#stream.end(frame(message))
  }

  /** Sends the head of an answer that many messages follow. */
  open(lines: OutgoingHttpHeaders): void {
    this.#sendHead(lines)
  }

  /** Sends a message. @returns when the next one has room; at once when `signal` aborts or the call has ended */
  async send(message: Uint8Array, signal: AbortSignal): Promise<void> {
    const stream = this.#stream
    if (stream.destroyed || stream.write(frame(message)) || signal.aborted) return
    await new Promise<void>((resolve) => {
      const go = (): void => {
        stream.off('drain', go).off('close', go)
        signal.removeEventListener('abort', go)
        resolve()
      }
      stream.on('drain', go).on('close', go)
      signal.addEventListener('abort', go)
    })
  }

  /** Ends an answer of many messages. */
  end(): void {
    this.#finishWith({ 'grpc-status': '0' })
    this.#stream.end()
  }

  /** Ends the call with a failure, whether anything of its answer is out or not. */
  fail(trailers: OutgoingHttpHeaders): void {
    const stream = this.#stream
    if (stream.destroyed || stream.closed || this.#isEnded) return
    if (this.#isHeadSent) {
      this.#finishWith(trailers)
      stream.end()
      return
    }
    this.#isEnded = true
    stream.respond({ ...HEAD, ...trailers }, { endStream: true })
    this.#dropRest()
  }

  /** Ends what is no call, by HTTP alone. */
  refuse(status: 405 | 415): void {
    this.#isEnded = true
    if (this.#stream.destroyed || this.#stream.closed) return
    this.#stream.respond({ ':status': status }, { endStream: true })
    this.#dropRest()
  }

  #text(name: string): string | undefined {
    const values = this.metadata.all(name)
    return values.length === 0 ? undefined : values.join(', ')
  }

  #sendHead(lines?: OutgoingHttpHeaders): void {
    this.#isHeadSent = true
    if (this.#stream.destroyed || this.#stream.closed) return
    this.#stream.respond(lines === undefined ? HEAD : { ...HEAD, ...lines }, { waitForTrailers: true })
  }

  #finishWith(trailers: OutgoingHttpHeaders): void {
    this.#isEnded = true
    clearTimeout(this.#timer)
    const stream = this.#stream
    stream.once('wantTrailers', () => {
      // Whoever went away meanwhile waits for none.
      if (stream.destroyed || stream.closed) return
      stream.sendTrailers(trailers)
      // A reset would overtake the trailers. Clients end their side when they have them; who does not is not waited for.
      if (!stream.readableEnded) this.#timer = setTimeout(() => this.#dropRest(), LINGER_MS)
    })
  }

  /** Tells the caller to send no more: the answer is complete. */
  #dropRest(): void {
    const stream = this.#stream
    stream.resume()
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR)
  }

  #abandon(reason: Abandoned): void {
    if (this.#abandoned !== undefined) return
    this.#abandoned = reason
    this.#controller?.abort(tooLate())
    this.#failReading?.(tooLate())
  }

  #close(): void {
    clearTimeout(this.#timer)
    if (this.#isEnded) this.#waiter?.release()
    else this.#abandon('gone')
  }
}

function tooLate(): PlinthError {
  return new PlinthError('VALIDATION_REQUEST_TIMEOUT')
}

function ignore(): void {}
