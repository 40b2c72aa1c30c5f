/** Takes the body off the socket: judged by its headers before a byte is read, and never more than the route allows. */
import type { IncomingMessage } from 'node:http'
import { invalid, PlinthError } from '../kernel/index.ts'
import { BODY_PIECES_MAX, LINGER_MS } from './limits.ts'

/** A media type, as it is told and as it may be written: at most with `charset=utf-8`, spaces where the grammar allows them. */
export interface BodyType {
  readonly name: string
  readonly form: RegExp
}

export const JSON_TYPE: BodyType = {
  name: 'application/json',
  form: /^application\/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i,
}
export const FORM_TYPE: BodyType = {
  name: 'application/x-www-form-urlencoded',
  form: /^application\/x-www-form-urlencoded(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i,
}

/** Whether headers announce a body. @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3 */
export function hasBody(raw: IncomingMessage): boolean {
  const length = raw.headers['content-length']
  return (length !== undefined && length !== '0') || raw.headers['transfer-encoding'] !== undefined
}

/** Throws unless the headers announce this type (null: any), an acceptable length, and that it comes as it is unless it `mayBePacked`. */
export function checkBodyHeaders(raw: IncomingMessage, expected: BodyType | null, bytesMax: number, mayBePacked = false): void {
  const type = raw.headers['content-type'] ?? ''
  if (expected !== null && !expected.form.test(type)) {
    throw new PlinthError('VALIDATION_CONTENT_TYPE', `Cannot read the body: expected Content-Type "${expected.name}"`)
  }
  const encoding = raw.headers['content-encoding']
  if (!mayBePacked && encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new PlinthError('VALIDATION_CONTENT_TYPE', 'Cannot read the body: Content-Encoding is not supported, send it as it is')
  }
  checkLength(raw, bytesMax)
}

/**
 * Bounds a body that somebody else reads: throws when it is announced too long, calls `cutOff` when it turns out so.
 *
 * A body without a length is counted where Node's parser puts it into the stream, which reads nothing ahead of that reader.
 */
export function limitBytes(raw: IncomingMessage, bytesMax: number, cutOff: (error: PlinthError) => void): void {
  checkLength(raw, bytesMax)
  if (raw.headers['content-length'] !== undefined) return
  // What came while the token was looked at.
  let length = raw.readableLength
  let isOver = false
  const push = raw.push
  raw.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    if (isOver) return false
    length += chunk?.length ?? 0
    if (length <= bytesMax) return Reflect.apply(push, raw, [chunk, encoding]) as boolean
    isOver = true
    cutOff(tooLarge(bytesMax))
    return false
  }
  if (length > bytesMax) throw tooLarge(bytesMax)
}

function checkLength(raw: IncomingMessage, bytesMax: number): void {
  if (Number(raw.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax)
}

/** Collects the body and hands it on; calls exactly one of the two functions, once. */
export function readBytes(
  raw: IncomingMessage,
  bytesMax: number,
  done: (bytes: Buffer) => void,
  fail: (error: PlinthError) => void,
): void {
  let chunks: Buffer[] | undefined
  let first: Buffer | undefined
  let length = 0
  let isOver = false
  const end = (error: PlinthError): void => {
    if (isOver) return
    isOver = true
    fail(error)
  }
  raw.on('data', (chunk: Buffer) => {
    if (isOver) return
    length += chunk.length
    if (length > bytesMax) {
      raw.pause()
      end(tooLarge(bytesMax))
    } else if (first === undefined) first = chunk
    else if (chunks === undefined) chunks = [first, chunk]
    else if (chunks.push(chunk) > BODY_PIECES_MAX) {
      raw.pause()
      end(
        invalid([
          { field: 'body', code: 'too_many', message: `Cannot read the body: it comes in more than ${BODY_PIECES_MAX} pieces` },
        ]),
      )
    }
  })
  raw.on('end', () => {
    if (isOver) return
    isOver = true
    done(chunks === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(chunks, length))
  })
  raw.on('error', (cause) =>
    end(new PlinthError('VALIDATION_BODY_MALFORMED', 'Cannot read the body: it ended too early', { cause })),
  )
}

/**
 * Leaves the rest of a body unread and closes the connection soon.
 *
 * Node would read and discard all of it, at the cost of whoever pays for the network; closing at once would make the kernel send a
 * reset that overtakes the answer. So nothing more is read, and the client has a second to take its answer.
 */
export function abandonBody(raw: IncomingMessage): void {
  raw.pause()
  // Marks the message as taken over, which keeps Node from discarding it at the end of the answer.
  raw.read(0)
  const close = (): void => {
    // Once it is answered Node forgets the message, and who waits for its end would wait for ever.
    raw.destroy()
    raw.socket.destroy()
  }
  setTimeout(close, LINGER_MS).unref()
}

function tooLarge(bytesMax: number): PlinthError {
  return new PlinthError('VALIDATION_BODY_TOO_LARGE', `Cannot read the body: it is longer than ${bytesMax} bytes`)
}
