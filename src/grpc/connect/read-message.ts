/** Takes the one message of a call out of the body: out of its frame, unpacked, as the bytes of protobuf. */
import type { HttpRequest } from '../../http/index.ts'
import { PlinthError } from '../../kernel/index.ts'
import { MESSAGE_BYTES_MAX } from '../limits.ts'
import { FrameReader, malformed, tooLong } from '../wire/frames.ts'
import { readEncoding, unpack } from '../wire/unpack.ts'
import type { Dialect } from './dialect.ts'

/** The longest body that a message can come in: with five bytes in front, each three bytes as four letters. */
export const BODY_BYTES_MAX = Math.ceil((MESSAGE_BYTES_MAX + 5) / 3) * 4

type CallRequest = Pick<HttpRequest, 'header' | 'bytes'>

/** @throws `VALIDATION_BODY_MALFORMED`, `VALIDATION_BODY_TOO_LARGE`, `VALIDATION_CONTENT_TYPE`, `VALIDATION_FAILED` */
export async function readMessage({ protocol, codec }: Dialect, request: CallRequest): Promise<Uint8Array> {
  return codec.read(await readBytes(protocol, request))
}

function readBytes(protocol: Dialect['protocol'], request: CallRequest): Buffer | Promise<Buffer> {
  switch (protocol) {
    case 'connect':
      return readWhole(request)
    case 'connect-stream':
      return readFramed(request, request.bytes, 'connect-content-encoding')
    case 'web':
      return readFramed(request, request.bytes, 'grpc-encoding')
    case 'web-text':
      return readFramed(request, decodeText(request.bytes), 'grpc-encoding')
  }
}

function readWhole(request: CallRequest): Buffer | Promise<Buffer> {
  const { bytes } = request
  if (bytes.length > MESSAGE_BYTES_MAX) throw tooLong(MESSAGE_BYTES_MAX)
  const encoding = readEncoding(request.header('content-encoding'), 'content-encoding')
  return unpack({ isPacked: encoding !== 'identity', bytes }, encoding, MESSAGE_BYTES_MAX)
}

function readFramed(request: CallRequest, bytes: Buffer, encodingHeader: string): Buffer | Promise<Buffer> {
  // Here single messages are packed, not the body.
  if ((request.header('content-encoding') ?? 'identity') !== 'identity')
    throw new PlinthError(
      'VALIDATION_CONTENT_TYPE',
      `Cannot read the body: it is packed as a whole, expected packed messages, and ${encodingHeader}`,
    )
  const encoding = readEncoding(request.header(encodingHeader), encodingHeader)
  const reader = new FrameReader(MESSAGE_BYTES_MAX)
  const messages = reader.push(bytes)
  if (!reader.isAtEnd) throw malformed('it is cut short')
  const [message] = messages
  if (message === undefined || messages.length > 1) throw malformed(`there are ${messages.length}, expected one`)
  return unpack(message, encoding, MESSAGE_BYTES_MAX)
}

/** Base64 whose parts may each end in their own padding. @throws `VALIDATION_BODY_MALFORMED` */
function decodeText(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replace(/\s+$/, '')
  if (/[^A-Za-z0-9+/=]/.test(text) || text.length % 4 !== 0 || text.startsWith('=')) throw malformed('it is no base64')
  const parts = text.match(/[^=]+={0,2}/g) ?? []
  if (parts.join('').length !== text.length || parts.some((part) => part.length % 4 !== 0)) throw malformed('it is no base64')
  return Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')))
}
