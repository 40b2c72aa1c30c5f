/** Answers bytes that never became a request: broken HTTP, too many headers, a slow client. Same envelope, written by hand. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { PlinthError } from '../kernel/index.ts'
import { HEADER_BYTES_MAX, URL_LENGTH_MAX } from './limits.ts'
import { type DocsUrl, envelopeRenderer, errorHeaders } from './render-error.ts'

/** What Node's HTTP server reports. */
export interface ClientError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
}

/** Judges what was wrong, from the parser's code. */
export function decideClientError(error: ClientError): PlinthError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW': {
      // The request line counts as header bytes: when it alone is too long, that is the better answer.
      const end = error.rawPacket?.indexOf('\r\n') ?? 0
      if (end < 0 || end > URL_LENGTH_MAX)
        return new PlinthError('VALIDATION_URL_TOO_LONG', `Cannot read the URL: it is longer than ${URL_LENGTH_MAX} characters`)
      return new PlinthError(
        'VALIDATION_HEADERS_TOO_LARGE',
        `Cannot read the headers: they are longer than ${HEADER_BYTES_MAX} bytes`,
      )
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new PlinthError('VALIDATION_REQUEST_TIMEOUT')
    default:
      return new PlinthError('VALIDATION_FAILED', 'Cannot read the request: it is not well-formed HTTP/1.1')
  }
}

/** Prints a whole HTTP/1.1 answer that closes the connection. */
export function renderRawAnswer(error: PlinthError, requestId: string, docsUrl: DocsUrl): string {
  const { body, headers: block } = envelopeRenderer(docsUrl, (field) => field)(error, requestId)
  const headers = errorHeaders(error)
  let head = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}\r\ndate: ${new Date().toUTCString()}\r\nconnection: close\r\n`
  head += `${block.text}x-request-id: ${requestId}\r\n`
  for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** The answer that is under way on a socket. Node keeps it here, and its own default handler reads it too. */
interface MessageOnSocket {
  readonly _httpMessage?: {
    readonly _headerSent?: boolean
    readonly headersSent: boolean
    readonly req: { readonly complete: boolean }
  } | null
}

/** Whether raw bytes on this socket would be taken for the answer to another request, or land in the middle of one. */
export function isAnswerUnderWay(socket: Socket): boolean {
  const message = (socket as MessageOnSocket)._httpMessage
  return message !== undefined && message !== null && (message.headersSent || message.req.complete)
}
