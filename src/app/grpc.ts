/** Starts the gRPC surface of an application: its numbers from the lock file, its port, its certificate. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../engine/index.ts'
import {
  arrivalsOfUnknown,
  describeGrpc,
  EMPTY_LOCK,
  failureDescriber,
  type GrpcDescription,
  GrpcServer,
  healthService,
  LOCK_FILE,
  mountGrpc,
  type ProtoLock,
  readLock,
  reflectionServices,
  type ServerTls,
} from '../grpc/index.ts'
import type { HttpServer, Readiness } from '../http/index.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import type { App } from './declare.ts'
import { type Settings, SettingsError } from './settings.ts'
import type { Mode } from './tokens.ts'

export interface GrpcParts {
  readonly app: App
  readonly settings: Settings
  readonly mode: Mode
  readonly engine: Engine
  readonly server: HttpServer
  readonly readiness: Readiness
}

/** The server of gRPC, ready to listen where the settings say. */
export interface Grpc {
  listen(): Promise<string>
  stop(): Promise<void>
}

/**
 * The server of gRPC with all methods of the domain; undefined where the settings say that there is none.
 *
 * @throws `SettingsError` for a certificate that cannot be read, and in production for a lock file that is not what the declaration says
 */
export function createGrpc({ app, settings, mode, engine, server, readiness }: GrpcParts): Grpc | undefined {
  const { grpcHost: host, grpcPort: port, shutdownGraceMs: graceMs } = settings
  if (port === undefined) return undefined
  const description = describeLocked(app, mode)
  const scope = { server, clock: SYSTEM_CLOCK }
  const grpc = new GrpcServer({
    arriveUnknown: arrivalsOfUnknown(scope),
    describeFailure: failureDescriber({ domain: app.domain.name, docsUrl: server.docsUrl }),
    tls: readTls(settings),
  })
  const services = new Set(description.methods.map(({ descMethod }) => descMethod.parent.typeName))
  const isReflecting = settings.grpcReflection ?? mode === 'development'
  const open = [
    ...healthService({ readiness, services, draining: grpc.draining }),
    ...(isReflecting ? reflectionServices(description.registry, services) : []),
  ]
  for (const [path, served] of open) grpc.serve(path, served)
  mountGrpc({ description, engine, grpc, ...scope })
  return { listen: () => grpc.listen(host, port), stop: () => grpc.stop({ graceMs }) }
}

/** In production a number that no file keeps could be another at the next start, under clients that know it. */
function describeLocked(app: App, mode: Mode): GrpcDescription {
  const description = describeGrpc(app.domain, readLockOf(app))
  if (mode === 'production' && !description.isLocked)
    throw new SettingsError(
      `Cannot start: ${LOCK_FILE} is not what the declaration says, expected the numbers of all its fields. Mend it with: plinth proto. Commit what it writes, or set GRPC_PORT=off`,
    )
  return description
}

function readLockOf({ folder }: App): ProtoLock {
  const path = join(folder, LOCK_FILE)
  return existsSync(path) ? readLock(readFileSync(path, 'utf8')) : EMPTY_LOCK
}

function readTls({ grpcTlsCertFile, grpcTlsKeyFile }: Settings): ServerTls | undefined {
  if (grpcTlsCertFile === undefined && grpcTlsKeyFile === undefined) return undefined
  if (grpcTlsCertFile === undefined || grpcTlsKeyFile === undefined)
    throw new SettingsError('Cannot use GRPC_TLS_CERT_FILE or GRPC_TLS_KEY_FILE without the other, expected both or none')
  return {
    certificate: readPem('GRPC_TLS_CERT_FILE', grpcTlsCertFile),
    key: readPem('GRPC_TLS_KEY_FILE', grpcTlsKeyFile),
  }
}

function readPem(name: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new SettingsError(`Cannot use ${name}="${path}": it cannot be read, expected a file in PEM`, { cause })
  }
}
