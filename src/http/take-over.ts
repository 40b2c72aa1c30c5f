/**
 * Gives a response to code that writes it itself, and holds what is true of every answer: its headers, and one end that is counted.
 *
 * Such code may replace or remove a header (a page for a frame must do without `x-frame-options`). Koa removes all of them before it
 * answers an error: then `x-request-id` is gone too, which nobody has a reason to remove, and all are put back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { EMPTY_HEADERS } from './header-block.ts'

/** Both sides of a request, as Node has them. */
export interface TakenOver {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export interface TakeOverOptions {
  /** What this answer alone has, `x-request-id` among it: names and values in turn. */
  readonly headers: readonly string[]
  readonly isDraining: () => boolean
  /** Called when the answer is written and before Node would read what is left of the body. */
  readonly beforeEnd: () => void
  /** Called once: the answer went out, or the client went away. */
  readonly closed: () => void
  /** Called when somebody writes behind the end of the answer. */
  readonly failed: (error: Error) => void
}

/** Prepares both sides for foreign code. */
export function takeOver(request: IncomingMessage, response: ServerResponse, options: TakeOverOptions): TakenOver {
  setHeaders(response, options.headers)
  const writeHead = response.writeHead
  response.writeHead = function (this: ServerResponse, ...parts: unknown[]) {
    if (!response.headersSent) {
      if (!response.hasHeader('x-request-id')) setHeaders(response, options.headers)
      if (options.isDraining()) response.setHeader('connection', 'close')
    }
    return Reflect.apply(writeHead, response, parts) as ServerResponse
  } as ServerResponse['writeHead']
  // Without a listener, a write behind the end would be an uncaught exception.
  response.on('error', options.failed)
  // Later, at `finish`, Node has begun to discard the body.
  response.once('prefinish', options.beforeEnd)
  response.once('close', options.closed)
  if (response.destroyed || request.socket.destroyed) closeNow(response)
  else if (response.socket === null) closeWithConnection(request, response)
  return { request, response }
}

/** Takes off a response what foreign code has put on it, unless it is on its way. */
export function clearHeaders(response: ServerResponse): void {
  // Removing `connection` would tell Node to close after this answer.
  for (const name of response.getHeaderNames()) if (name !== 'connection') response.removeHeader(name)
}

function setHeaders(response: ServerResponse, own: readonly string[]): void {
  const pairs = [...EMPTY_HEADERS.pairs, ...own]
  for (let at = 0; at < pairs.length; at += 2) {
    const name = pairs[at] ?? ''
    if (!response.hasHeader(name)) response.setHeader(name, pairs[at + 1] ?? '')
  }
}

/** A response that waits behind another on its connection has no socket, and Node does not tell it that the connection closed. */
function closeWithConnection(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request
  const close = (): void => closeNow(response)
  // A client may send many requests at once; that is no leak.
  socket.setMaxListeners(0)
  socket.once('close', close)
  response.once('socket', () => socket.off('close', close))
}

function closeNow(response: ServerResponse): void {
  response.destroy()
  response.emit('close')
}
