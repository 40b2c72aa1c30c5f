/**
 * An answer that goes on: server-sent events over a response that was taken over.
 *
 * It is no request under way: it does not count against those, and is ended when the service stops. A client that does not read is cut off when
 * a mebibyte waits for it, or when it has taken nothing for a minute. @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { ServerResponse } from 'node:http'
import { BUFFERED_BYTES_MAX } from './socket-limits.ts'

/** Proxies take a connection that is silent for a minute for dead; comments keep it. */
const HEARTBEAT_MS = 12_000
/** Heartbeats in which a client takes nothing at all of what waits for it. Five megabytes in a minute is 0.7 Mbit/s. */
const DEAF_BEATS_MAX = 5

export interface EventStream {
  /** Aborted when the client went away, or the stream was ended. */
  readonly signal: AbortSignal
  /** @param data one line of text. Resolves when the system has taken it, or the stream is over */
  send(event: string, data: string): Promise<void>
  /** Ends the stream behind what was sent. */
  end(): void
}

/** @param heartbeatMs between two comments */
export function openEventStream(response: ServerResponse, heartbeatMs = HEARTBEAT_MS): EventStream {
  const over = new AbortController()
  let waiting = 0
  let deafBeats = 0
  const write = (text: string): Promise<void> => {
    if (over.signal.aborted) return Promise.resolve()
    if (response.writableLength > BUFFERED_BYTES_MAX) {
      response.destroy()
      return Promise.resolve()
    }
    waiting += 1
    return new Promise((resolve) => {
      response.write(text, () => {
        waiting -= 1
        deafBeats = 0
        resolve()
      })
    })
  }
  const beat = (): void => {
    deafBeats = waiting > 0 || response.writableLength > 0 ? deafBeats + 1 : 0
    if (deafBeats > DEAF_BEATS_MAX) response.destroy()
    else if (!response.writableEnded) void write(':\n\n')
  }
  response.setHeader('content-type', 'text/event-stream; charset=utf-8')
  // nginx would gather events until its buffer is full.
  response.setHeader('x-accel-buffering', 'no')
  response.writeHead(200)
  // The answer begins now, so that the client knows that it is heard.
  void write(':\n\n')
  const timer = setInterval(beat, heartbeatMs).unref()
  response.once('close', () => {
    clearInterval(timer)
    over.abort()
  })
  return {
    signal: over.signal,
    send: (event, data) => write(`event: ${event}\ndata: ${data}\n\n`),
    end() {
      response.end()
    },
  }
}
