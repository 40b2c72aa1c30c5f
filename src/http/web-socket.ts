/** One web socket as a surface sees it: texts in, texts out, an end. Knows nothing of what they say. */
import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { TraceContext } from '../observe/index.ts'
import type { CallArrival } from './calls.ts'
import { BUFFERED_BYTES_MAX, CLOSE_MS } from './socket-limits.ts'

/** @see https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const UNSUPPORTED_DATA = 1003
const INTERNAL_ERROR = 1011
const REASON_BYTES_MAX = 123

export interface WebSocketFacts {
  readonly requestId: string
  readonly trace: TraceContext
  readonly address: string
  /** A listener failed. */
  readonly onFault: (error: unknown) => void
}

export class WebSocketChannel {
  readonly requestId: string
  readonly trace: TraceContext
  /** Of the caller, behind trusted proxies. */
  readonly address: string
  readonly #raw: IncomingMessage
  readonly #socket: WebSocket
  readonly #closed = new AbortController()
  readonly #onFault: (error: unknown) => void
  #onText: (text: string) => void = () => undefined
  #cut: NodeJS.Timeout | undefined
  /** What the log says of the connection when it is over. */
  subject: string | null = null
  errorCode: string | null = null

  constructor(socket: WebSocket, raw: IncomingMessage, facts: WebSocketFacts) {
    this.requestId = facts.requestId
    this.trace = facts.trace
    this.address = facts.address
    this.#onFault = facts.onFault
    this.#raw = raw
    this.#socket = socket
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    // What was wrong with a frame is the client's affair; `ws` closes the socket with the code for it.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(this.#cut)
      this.#closed.abort()
    })
  }

  /** The sub-protocol that both sides agreed on. */
  get protocol(): string {
    return this.#socket.protocol
  }

  /** Aborted when the socket is closed, by whichever side. */
  get signal(): AbortSignal {
    return this.#closed.signal
  }

  /** A header of the handshake, by its lower-case name. */
  header(name: string): string | undefined {
    const value = this.#raw.headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }

  /** The socket as each operation on it arrives, for the limits, the log and the trace. */
  arrival(authorization: string | undefined): CallArrival {
    const { socket, headers } = this.#raw
    const { requestId } = this
    return {
      socket,
      headers,
      authorization,
      requestId,
      traceparent: this.header('traceparent'),
      tracestate: this.header('tracestate'),
    }
  }

  /** Calls back with each text, in order. One listener, set before the handler returns; what it throws is a fault of ours and closes the socket. */
  onText(listener: (text: string) => void): void {
    this.#onText = listener
  }

  /**
   * Sends a text. A client that does not read is cut off when a mebibyte waits for it.
   *
   * @returns when the system has taken it, or the socket is closed: whoever waits for it before the next one keeps nothing in memory
   */
  send(text: string): Promise<void> {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return Promise.resolve()
    if (socket.bufferedAmount > BUFFERED_BYTES_MAX) {
      this.errorCode ??= 'RATE_LIMIT_EXCEEDED'
      socket.terminate()
      return Promise.resolve()
    }
    return new Promise((resolve) => socket.send(text, () => resolve()))
  }

  /** Says in the log that something failed on our side. */
  report(error: unknown): void {
    this.#onFault(error)
  }

  /** Ends the socket; a second call does nothing. A client that does not answer is cut off after a second. */
  close(code: number, reason: string): void {
    this.#socket.close(code, shortReason(reason))
    this.#cut ??= setTimeout(() => this.#socket.terminate(), CLOSE_MS).unref()
  }

  #receive(data: unknown, isBinary: boolean): void {
    if (isBinary) {
      this.close(UNSUPPORTED_DATA, 'Expected text')
      return
    }
    try {
      this.#onText(String(data))
    } catch (error) {
      this.#onFault(error)
      this.close(INTERNAL_ERROR, 'Internal error')
    }
  }
}

/** As much of the reason as a closing frame holds. */
function shortReason(reason: string): string {
  let end = reason.length
  while (Buffer.byteLength(reason.slice(0, end)) > REASON_BYTES_MAX) end -= 1
  return reason.slice(0, end)
}
