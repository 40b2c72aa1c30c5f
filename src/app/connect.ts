/** Serves the methods of gRPC on the HTTP port too, where the settings say so: for browsers, and for curl. */
import type { Engine } from '../engine/index.ts'
import { failureDescriber, type GrpcDescription, mountConnect } from '../grpc/index.ts'
import type { HttpServer } from '../http/index.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import type { App } from './declare.ts'
import type { Settings } from './settings.ts'

export interface ConnectParts {
  readonly app: App
  readonly settings: Settings
  readonly engine: Engine
  readonly server: HttpServer
  readonly describe: () => GrpcDescription
}

/** @throws `SettingsError` in production for a lock file that is not what the declaration says */
export function addConnect({ app, settings, engine, server, describe }: ConnectParts): void {
  if (!settings.isConnect) return
  const describeFailure = failureDescriber({ domain: app.domain.name, docsUrl: server.docsUrl })
  mountConnect({ description: describe(), engine, server, clock: SYSTEM_CLOCK, describeFailure })
}
