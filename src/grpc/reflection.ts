/**
 * Tells clients that know nothing of us, such as grpcurl, what the services are: their names, and the files that describe them.
 * @see https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
import { type DescFile, type FileRegistry, toBinary } from '@bufbuild/protobuf'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import type { RunExchange } from './call.ts'
import { malformed } from './messages/wire-cursor.ts'
import { arriveOpen, type OpenService } from './open-services.ts'

/** Members of `ServerReflectionRequest`. */
const FILE_BY_NAME = 3
const FILE_OF_SYMBOL = 4
const LIST_SERVICES = 7
/** Members of `ServerReflectionResponse`. */
const ORIGINAL_REQUEST = 2
const FILES = 4
const SERVICES = 6
const ERROR = 7

/** The two names of one protocol; older clients know the second only. */
const VERSIONS = ['v1', 'v1alpha'] as const

/** The number of the status, as `ErrorResponse` has it. */
const NOT_FOUND = 5

/**
 * Makes the services of reflection over the files of a registry. Nobody is asked for a token: it tells no more than the `.proto` files do.
 *
 * @param services full names: `post.v1.PostService`
 * @example
 * for (const [path, served] of reflectionServices(description.registry, services)) grpc.serve(path, served)
 */
export function reflectionServices(registry: FileRegistry, services: Iterable<string>): OpenService {
  const names = [...services]
  const run: RunExchange = (_, messages) => ({
    ready: READY,
    async *[Symbol.asyncIterator]() {
      for await (const request of messages) yield answerOf(registry, names, request)
    },
  })
  return VERSIONS.map((version) => [
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    { arrive: arriveOpen, handler: { kind: 'exchange', run } },
  ])
}

const READY = Promise.resolve()

/** @throws `VALIDATION_BODY_MALFORMED` for bytes that are no request */
function answerOf(registry: FileRegistry, services: readonly string[], request: Uint8Array): Uint8Array {
  const asked = readQuestion(request)
  const writer = new BinaryWriter()
  writer.tag(ORIGINAL_REQUEST, WireType.LengthDelimited).bytes(request)
  if (asked.member === LIST_SERVICES) {
    writer.tag(SERVICES, WireType.LengthDelimited).fork()
    for (const name of services)
      writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(name).join()
    return writer.join().finish()
  }
  const file =
    asked.member === FILE_BY_NAME
      ? registry.getFile(asked.text)
      : asked.member === FILE_OF_SYMBOL
        ? fileOf(registry, asked.text)
        : undefined
  if (file === undefined) {
    writer.tag(ERROR, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(NOT_FOUND)
    return writer.tag(2, WireType.LengthDelimited).string('There is no such file or symbol').join().finish()
  }
  writer.tag(FILES, WireType.LengthDelimited).fork()
  for (const one of [file, ...file.dependencies])
    writer.tag(1, WireType.LengthDelimited).bytes(toBinary(FileDescriptorProtoSchema, one.proto))
  return writer.join().finish()
}

/** The last question that the message holds, as protobuf reads a `oneof`. */
function readQuestion(request: Uint8Array): { readonly member: number; readonly text: string } {
  try {
    const reader = new BinaryReader(request)
    let asked = { member: 0, text: '' }
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag()
      if (type === WireType.LengthDelimited && number >= FILE_BY_NAME && number <= LIST_SERVICES) {
        const bytes = reader.bytes()
        asked = { member: number, text: Buffer.from(bytes).toString() }
      } else reader.skip(type)
    }
    return asked
  } catch (cause) {
    throw malformed('it is none of reflection', cause)
  }
}

/** The file of a type, or of what is named within one: a method, a field. */
function fileOf(registry: FileRegistry, symbol: string): DescFile | undefined {
  const found = registry.get(symbol) ?? registry.get(symbol.slice(0, Math.max(0, symbol.lastIndexOf('.'))))
  return found?.file
}
