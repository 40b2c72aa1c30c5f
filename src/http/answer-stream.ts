/**
 * An answer of bytes that goes on, in a format that the handler knows: messages of a remote call, one behind the other.
 *
 * Unlike a stream of events it may have no heartbeat of its own, so the system asks whether the other side is still there. A client that takes
 * nothing of what waits for it is cut off after a minute; no more than one piece waits, since `send` is awaited.
 */
import type { ServerResponse } from 'node:http'
import { KEEP_ALIVE_MS } from './socket-limits.ts'

/** How often it is looked whether a client has taken something. */
const LOOK_MS = 12_000
/** Looks between which a client takes nothing at all of what waits for it. */
const DEAF_LOOKS_MAX = 5

export interface AnswerStream {
  /** Aborted when the client went away, or the stream was ended. */
  readonly signal: AbortSignal
  /** Aborted when the service stops: what is left to say must be said now. */
  readonly stopping: AbortSignal
  /** Resolves when the system has taken it, the stream is over, or the service stops. */
  send(bytes: Uint8Array | string): Promise<void>
  /** Ends the stream behind what was sent. */
  end(last?: Uint8Array | string): void
}

/** What a server keeps of an answer that goes on: how to end it. */
export interface EndableStream {
  readonly signal: AbortSignal
  /** Ends it, or lets its handler say why it ends. */
  end(): void
}

/** @returns the stream, and what the server needs to end it. @param lookMs between two looks at a client that is slow */
export function openAnswerStream(
  response: ServerResponse,
  contentType: string,
  lookMs = LOOK_MS,
): { readonly stream: AnswerStream; readonly endable: EndableStream } {
  const over = new AbortController()
  const stopping = new AbortController()
  let waiting = 0
  let deafLooks = 0
  response.setHeader('content-type', contentType)
  // nginx would gather messages until its buffer is full.
  response.setHeader('x-accel-buffering', 'no')
  response.writeHead(200)
  // The answer begins now, so that the client knows that it is heard.
  response.flushHeaders()
  response.socket?.setKeepAlive(true, KEEP_ALIVE_MS)
  const timer = setInterval(() => {
    // Behind the end there is nobody who waits, and still something that is not taken.
    deafLooks = waiting > 0 || response.writableLength > 0 ? deafLooks + 1 : 0
    if (deafLooks > DEAF_LOOKS_MAX) response.destroy()
  }, lookMs).unref()
  response.once('close', () => {
    clearInterval(timer)
    over.abort()
  })
  const stream: AnswerStream = {
    signal: over.signal,
    stopping: stopping.signal,
    async send(bytes) {
      if (over.signal.aborted || response.writableEnded) return
      waiting += 1
      const taken = new Promise<void>((resolve) => {
        response.write(bytes, () => {
          waiting -= 1
          deafLooks = 0
          resolve()
        })
      })
      await firstOf(taken, stopping.signal)
    },
    end(last) {
      if (!response.writableEnded && !response.destroyed) response.end(last)
    },
  }
  return { stream, endable: { signal: over.signal, end: () => stopping.abort() } }
}

function firstOf(taken: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const go = (): void => {
      signal.removeEventListener('abort', go)
      resolve()
    }
    signal.addEventListener('abort', go)
    void taken.then(go)
  })
}
