/** Decodes the bytes of a request, whatever they are: a message, or an error that says what is wrong with them. */
import { type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf'
import { checkWire } from './check-wire.ts'
import { malformed } from './wire-cursor.ts'

/**
 * @throws `VALIDATION_BODY_MALFORMED` for bytes that are no message of this type, `VALIDATION_FAILED` where they name a field that it does not
 * have or hold a text that is not UTF-8
 */
export function decodeRequest(schema: DescMessage, bytes: Uint8Array): Message {
  checkWire(schema, bytes)
  try {
    return fromBinary(schema, bytes)
  } catch (cause) {
    throw malformed('it cannot be decoded', cause)
  }
}
