/**
 * The health of the server, for probes and balancers: every service is as well as the process, and not from the moment when it drains.
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { Readiness } from '../http/index.ts'
import { HEALTH_WATCHES_MAX } from './limits.ts'

const SERVICE = 'grpc.health.v1.Health'

/** Values of `HealthCheckResponse.ServingStatus`. */
const SERVING = 1
const NOT_SERVING = 2
const SERVICE_UNKNOWN = 3

/** As often as readiness is asked anew. */
const LOOK_EVERY_MS = 1_000

export interface HealthOptions {
  readonly readiness: Pick<Readiness, 'read'>
  /** The full names of the services that there are: `post.v1.PostService`. */
  readonly services: Iterable<string>
  /** Aborted when the server drains. */
  readonly draining: AbortSignal
}

/** What `GrpcServer.addService` takes. */
export type ForeignService = readonly [definition: ServiceDefinition, implementation: UntypedServiceImplementation]

/**
 * Makes `grpc.health.v1.Health` with `Check` and `Watch`. Nobody is asked for a token; an answer costs nothing that the last second did not pay.
 *
 * @example
 * grpc.addService(...healthService({ readiness, services: ['post.v1.PostService'], draining: grpc.draining }))
 */
export function healthService({ readiness, services, draining }: HealthOptions): ForeignService {
  const known = new Set(['', SERVICE, ...services])
  let watches = 0
  const read = async (): Promise<number> => {
    if (draining.aborted) return NOT_SERVING
    return (await readiness.read()).isReady ? SERVING : NOT_SERVING
  }

  const check = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
    const service = readService(call.request)
    if (service === undefined) answer({ code: status.INVALID_ARGUMENT, details: 'Cannot read the request: it is no message' })
    else if (!known.has(service)) answer({ code: status.NOT_FOUND, details: 'There is no such service' })
    else
      read().then(
        (health) => answer(null, writeHealth(health)),
        () => answer(null, writeHealth(NOT_SERVING)),
      )
  }

  const watch = (call: ServerWritableStream<Buffer, Buffer>): void => {
    const service = readService(call.request)
    if (service === undefined || watches >= HEALTH_WATCHES_MAX) {
      const isFull = service !== undefined
      const code = isFull ? status.RESOURCE_EXHAUSTED : status.INVALID_ARGUMENT
      call.emit('error', { code, details: isFull ? 'Too many watches' : 'Cannot read the request: it is no message' })
      return
    }
    watches += 1
    let last = 0
    let isOver = false
    const look = async (): Promise<void> => {
      const health = known.has(service) ? await read().catch(() => NOT_SERVING) : SERVICE_UNKNOWN
      // Who does not read hears the latest only, later.
      if (isOver || health === last || call.writableNeedDrain) return
      last = health
      call.write(writeHealth(health))
    }
    const timer = setInterval(() => void look(), LOOK_EVERY_MS).unref()
    const drain = (): void => void look().then(() => call.end())
    draining.addEventListener('abort', drain)
    call.on('cancelled', () => {
      if (isOver) return
      isOver = true
      watches -= 1
      clearInterval(timer)
      draining.removeEventListener('abort', drain)
    })
    void look()
  }
  return [DEFINITION, { check, watch }]
}

const same = (bytes: Buffer): Buffer => bytes
const bytes = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same }
const DEFINITION: ServiceDefinition = {
  check: { path: `/${SERVICE}/Check`, requestStream: false, responseStream: false, ...bytes },
  watch: { path: `/${SERVICE}/Watch`, requestStream: false, responseStream: true, ...bytes },
}

/** The name in a `HealthCheckRequest`; undefined where the bytes are none. */
function readService(request: Buffer): string | undefined {
  try {
    const reader = new BinaryReader(request)
    let service = ''
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag()
      if (number === 1 && type === WireType.LengthDelimited) service = reader.string()
      else reader.skip(type)
    }
    return service
  } catch {
    return undefined
  }
}

function writeHealth(health: number): Buffer {
  return Buffer.from(new BinaryWriter().tag(1, WireType.Varint).int32(health).finish())
}
