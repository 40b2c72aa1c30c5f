/** Clients of gRPC for the tests: grpc-js over the committed `.proto` files, as a stranger would write them. */
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { AnySchema } from '@bufbuild/protobuf/wkt'
import {
  type Client,
  type ClientReadableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const PROTO = join(import.meta.dirname, '../../examples/blog/proto')
/** A call that takes longer has failed. */
const PATIENCE_MS = 10_000

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
export type Message = any

export interface GrpcAnswer {
  readonly message: Message
  readonly headers: Metadata
  readonly trailers: Metadata
}

export interface CallOptions {
  readonly token?: string | undefined
  readonly metadata?: Readonly<Record<string, string>>
  readonly deadlineMs?: number
}

export interface GrpcClient extends Disposable {
  readonly raw: Client
  /** `call('GetPost', { id })`; rejects with a `ServiceError`. */
  call(name: string, request: object, options?: CallOptions): Promise<GrpcAnswer>
  /** The error of a call that must fail. */
  fail(name: string, request: object, options?: CallOptions): Promise<ServiceError>
  stream(name: string, request: object, options?: CallOptions): ClientReadableStream<Message>
}

/** @param resource `post` */
export function grpcClient(address: string, resource: string, channel = credentials.createInsecure()): GrpcClient {
  const definition = loadSync(`${resource}/v1/${resource}.proto`, {
    includeDirs: [PROTO],
    keepCase: true,
    defaults: true,
    enums: String,
    longs: String,
  })
  const service = `${resource[0]?.toUpperCase()}${resource.slice(1)}Service`
  const loaded = (loadPackageDefinition(definition)[resource] as GrpcObject)['v1'] as GrpcObject
  const Service = loaded[service] as ServiceClientConstructor
  const client = new Service(address, channel)
  // The methods of the class that the library makes at run time.
  const methods = client as unknown as Readonly<Record<string, (...parts: readonly unknown[]) => Message>>

  const call: GrpcClient['call'] = (name, request, options = {}) =>
    new Promise((resolve, reject) => {
      let headers = new Metadata()
      let message: Message
      const under = methods[name]?.(
        request,
        metadataOf(options),
        deadlineOf(options),
        (error: ServiceError | null, answer: Message) => {
          if (error !== null) reject(error)
          message = answer
        },
      )
      under.on('metadata', (received: Metadata) => {
        headers = received
      })
      under.on('status', ({ metadata: trailers }: { readonly metadata: Metadata }) => resolve({ message, headers, trailers }))
    })
  return {
    raw: client,
    call,
    async fail(name, request, options) {
      try {
        await call(name, request, options)
      } catch (error) {
        return error as ServiceError
      }
      throw new Error(`Expected ${name} to fail, and it did not`)
    },
    stream: (name, request, options = {}) => methods[name]?.(request, metadataOf(options), deadlineOf(options)),
    [Symbol.dispose]: () => client.close(),
  }
}

function metadataOf({ token, metadata = {} }: CallOptions): Metadata {
  const all = new Metadata()
  if (token !== undefined) all.set('authorization', `Bearer ${token}`)
  for (const [name, value] of Object.entries(metadata)) all.set(name, value)
  return all
}

function deadlineOf({ deadlineMs = PATIENCE_MS }: CallOptions) {
  return { deadline: Date.now() + deadlineMs }
}

/** The details of a `google.rpc.Status` by type; their texts lie in the bytes as they are. */
export function readStatus({ metadata }: Pick<ServiceError, 'metadata'>): Readonly<Record<string, string>> {
  const [bytes] = metadata.get('grpc-status-details-bin')
  if (!(bytes instanceof Buffer)) throw new Error('The failure has no details')
  const reader = new BinaryReader(bytes)
  const details: Record<string, string> = {}
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (number !== 3) reader.skip(type)
    else {
      const any = fromBinary(AnySchema, reader.bytes())
      details[any.typeUrl.replace('type.googleapis.com/', '')] = Buffer.from(any.value).toString()
    }
  }
  return details
}
