/** Starts the gRPC surface of an application: its numbers from the lock file, its port, its certificate. */
import { readFileSync } from 'node:fs'
import type { Engine } from '../engine/index.ts'
import {
  arrivalsOfUnknown,
  failureDescriber,
  type GrpcDescription,
  GrpcServer,
  healthService,
  mountGrpc,
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
  readonly describe: () => GrpcDescription
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
export function createGrpc({ app, settings, mode, engine, server, readiness, describe }: GrpcParts): Grpc | undefined {
  const { grpcHost: host, grpcPort: port, shutdownGraceMs: graceMs } = settings
  if (port === undefined) return undefined
  const description = describe()
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
