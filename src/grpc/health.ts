/**
 * The health of the server, for probes and balancers: every service is as well as the process, and not from the moment when it drains.
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Readiness } from '../http/index.ts'
import { PlinthError } from '../kernel/index.ts'
import type { RunStream, RunUnary } from './call.ts'
import { HEALTH_WATCHES_MAX } from './limits.ts'
import { malformed } from './messages/wire-cursor.ts'
import { arriveOpen, type OpenService } from './open-services.ts'

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

/**
 * Makes `grpc.health.v1.Health` with `Check` and `Watch`. Nobody is asked for a token; an answer costs nothing that the last second did not pay.
 *
 * @example
 * for (const [path, served] of healthService({ readiness, services: ['post.v1.PostService'], draining: grpc.draining })) grpc.serve(path, served)
 */
export function healthService({ readiness, services, draining }: HealthOptions): OpenService {
  const known = new Set(['', SERVICE, ...services])
  let watches = 0
  const read = async (): Promise<number> => {
    if (draining.aborted) return NOT_SERVING
    try {
      return (await readiness.read()).isReady ? SERVING : NOT_SERVING
    } catch {
      return NOT_SERVING
    }
  }

  const check: RunUnary = async (_, request) => {
    if (!known.has(readService(request))) throw new PlinthError('NOT_FOUND_RECORD', 'There is no such service')
    return { message: writeHealth(await read()), metadata: [] }
  }

  const watch: RunStream = ({ signal }, request) => {
    const service = readService(request)
    if (watches >= HEALTH_WATCHES_MAX) throw new PlinthError('RATE_LIMIT_EXCEEDED', 'Too many watches')
    watches += 1
    async function* changes(): AsyncGenerator<Uint8Array> {
      let last = 0
      try {
        // The last word, when the server drains, is that it serves no more.
        for (let isLast = false; !isLast; ) {
          isLast = signal.aborted
          const health = known.has(service) ? await read() : SERVICE_UNKNOWN
          if (health !== last) yield writeHealth(health)
          last = health
          if (!isLast) await aWhile(signal)
        }
      } finally {
        watches -= 1
      }
    }
    return { ready: READY, [Symbol.asyncIterator]: changes }
  }
  return [
    [`/${SERVICE}/Check`, { arrive: arriveOpen, handler: { kind: 'unary', run: check } }],
    [`/${SERVICE}/Watch`, { arrive: arriveOpen, handler: { kind: 'stream', run: watch } }],
  ]
}

const READY = Promise.resolve()

/** @returns at the time of the next look, or when `signal` aborts */
async function aWhile(signal: AbortSignal): Promise<void> {
  await sleep(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined)
}

/** The name in a `HealthCheckRequest`. @throws `VALIDATION_BODY_MALFORMED` where the bytes are none */
function readService(request: Uint8Array): string {
  try {
    const reader = new BinaryReader(request)
    let service = ''
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag()
      if (number === 1 && type === WireType.LengthDelimited) service = reader.string()
      else reader.skip(type)
    }
    return service
  } catch (cause) {
    throw malformed('it is none of health', cause)
  }
}

function writeHealth(health: number): Uint8Array {
  return new BinaryWriter().tag(1, WireType.Varint).int32(health).finish()
}
