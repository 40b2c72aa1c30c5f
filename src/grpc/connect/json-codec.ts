/** Turns the JSON of a call into the bytes of its message, and back: the way for people and for curl. Programs send the bytes. */
import { type DescMethod, fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf'
import { readJsonBody } from '../../http/index.ts'
import { malformed } from '../wire/frames.ts'
import { checkJson } from './check-json.ts'
import type { Format } from './content-types.ts'

/** Between the bytes of a message as protobuf has them, and as they travel. */
export interface Codec {
  /** @throws `VALIDATION_BODY_MALFORMED`, `VALIDATION_FAILED` naming the field */
  read(bytes: Buffer): Uint8Array
  write(message: Uint8Array): Uint8Array
}

const PROTO: Codec = { read: (bytes) => bytes, write: (message) => message }

/** Makes the codec of a method's messages. JSON that comes is read as strictly as that of REST. */
export function codecOf({ input, output }: DescMethod, format: Format): Codec {
  if (format === 'proto') return PROTO
  return {
    read(bytes) {
      const json = readJsonBody(bytes)
      checkJson(input, json)
      try {
        return toBinary(input, fromJson(input, json as JsonValue))
      } catch (cause) {
        throw malformed(`its JSON is no ${input.typeName}`, cause)
      }
    },
    // What is nought or empty is told too: who reads JSON has no descriptor beside it.
    write: (message) => Buffer.from(JSON.stringify(toJson(output, fromBinary(output, message), { alwaysEmitImplicit: true }))),
  }
}
