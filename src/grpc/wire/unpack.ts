/** Unpacks messages that came packed, and never to more than a message may be. */
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { PlinthError } from '../../kernel/index.ts'
import { malformed, type PackedMessage, tooLong } from './frames.ts'

/** How the messages of a call may be packed: the value of `grpc-encoding`. */
export type Encoding = 'identity' | 'gzip' | 'deflate'

export const ACCEPTED_ENCODINGS = 'identity,gzip,deflate'

const UNPACK = { gzip: promisify(gunzip), deflate: promisify(inflate) }

/** @param header that says it @throws `VALIDATION_CONTENT_TYPE` for one that is not spoken here */
export function readEncoding(value: string | undefined, header = 'grpc-encoding'): Encoding {
  if (value === undefined || value === 'identity') return 'identity'
  if (value === 'gzip' || value === 'deflate') return value
  throw new PlinthError(
    'VALIDATION_CONTENT_TYPE',
    `Cannot read the messages: ${header} is none that is spoken here, expected one of ${ACCEPTED_ENCODINGS}`,
  )
}

/**
 * @throws `VALIDATION_BODY_MALFORMED` for a packed message of a call that named no encoding, or bytes that are not packed as named;
 * `VALIDATION_BODY_TOO_LARGE` as soon as more comes out than a message may be
 */
export function unpack({ isPacked, bytes }: PackedMessage, encoding: Encoding, bytesMax: number): Buffer | Promise<Buffer> {
  if (!isPacked) return bytes
  if (encoding === 'identity') throw malformed('it is packed, expected a header that names the encoding')
  return UNPACK[encoding](bytes, { maxOutputLength: bytesMax }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ERR_BUFFER_TOO_LARGE' ? tooLong(bytesMax) : malformed(`it is not packed by ${encoding}`, cause)
  })
}
