/** The composition root: puts the parts of a service together, starts them in order, and stops them in the opposite one. */
import { join } from 'node:path'
import { Engine } from '../engine/index.ts'
import { createAdminServer, createHttpServer, createReadiness } from '../http/index.ts'
import { toSnakeCase, uuidGenerator } from '../kernel/index.ts'
import type { MigrationEvent } from '../migrate/index.ts'
import { createLogger, createOperationMetrics, type LogDestination, type Logger } from '../observe/index.ts'
import { PgStore } from '../pg/index.ts'
import { mountRest } from '../rest/index.ts'
import { SYSTEM_CLOCK, SYSTEM_RANDOMNESS } from './clock.ts'
import { type Database, expectMigrated, migrate, openDatabase, openDataFolder } from './database.ts'
import type { App } from './declare.ts'
import { addGauges } from './gauges.ts'
import { createSeal } from './seal.ts'
import { deriveKey, folderSecret } from './secret.ts'
import { type Settings, SettingsError } from './settings.ts'
import { sweepRegularly } from './sweep.ts'
import { createVerifier, type Mode } from './tokens.ts'

export interface ServiceOptions {
  readonly app: App
  readonly settings: Settings
  /** `development` migrates the database by itself and believes tokens of `plinth token`. */
  readonly mode: Mode
  /** A database that is open already; the service does not stop it. */
  readonly database?: Database
  /** Default standard output. */
  readonly logDestination?: LogDestination
  readonly onMigration?: (event: MigrationEvent) => void
}

/** A running service. */
export interface Service {
  readonly origin: string
  readonly adminOrigin: string
  readonly database: Database
  readonly logger: Logger
  /** From the call of `startService` to the first connection that could be accepted. */
  readonly readyMs: number
  /** Refuses what is new, finishes what is under way, closes all. Safe to call twice. */
  stop(): Promise<void>
}

export async function startService(options: ServiceOptions): Promise<Service> {
  const beganMs = performance.now()
  const { app, settings, mode } = options
  const stops: (() => Promise<unknown> | unknown)[] = []
  const stopAll = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop()
  }
  try {
    const logger = createLogger({
      service: app.domain.name,
      level: settings.logLevel,
      sensitive: sensitiveNames(app),
      ...(options.logDestination !== undefined && { destination: options.logDestination }),
    })
    stops.push(() => logger.stop())
    // What can be wrong with the settings is found before anything is started.
    if (mode === 'production' && settings.logLevel === 'debug') {
      throw new SettingsError(
        'Cannot use LOG_LEVEL=debug in production: it is for development, expected info, warn, error or fatal',
      )
    }
    const verifier = createVerifier(app, settings, mode)
    const secret = readSecret(options)

    const database =
      options.database ??
      (await openDatabase(app, {
        databaseUrl: settings.databaseUrl,
        onEvent: (event) => logger.info(`The embedded database: ${event.kind}`, { ...event }),
      }))
    if (options.database === undefined) stops.push(() => database.stop())
    if (mode === 'development') await migrate(app, database, options.onMigration)
    else await expectMigrated(app, database)

    const store = new PgStore({
      url: database.url,
      applicationName: app.domain.name,
      statementTimeoutMs: settings.statementTimeoutMs,
      listTimeoutMs: settings.listTimeoutMs,
      isMerging: settings.isMerging,
    })
    stops.push(() => store.close())
    await store.connect()
    stops.push(sweepRegularly(store, logger))

    const metrics = createOperationMetrics()
    const readiness = createReadiness({ database: () => store.ping() })
    const server = createHttpServer({
      logger,
      metrics,
      readiness,
      authenticate: verifier.authenticate,
      userHashKey: deriveKey(secret, 'user-hash'),
      corsOrigins: settings.corsOrigins,
      trustedProxies: settings.trustedProxies,
      rateLimits: settings.rateLimits,
      renderField: toSnakeCase,
      ...(settings.publicOrigin !== undefined && { publicOrigin: settings.publicOrigin }),
    })
    addGauges(metrics, store, server)
    const engine = new Engine({
      domain: app.domain,
      store,
      clock: SYSTEM_CLOCK,
      newId: uuidGenerator(SYSTEM_CLOCK, SYSTEM_RANDOMNESS),
      seal: createSeal(deriveKey(secret, 'cursor')),
    })
    mountRest({
      domain: app.domain,
      engine,
      server,
      clock: SYSTEM_CLOCK,
      ...documentOptions(app, settings),
    })

    const admin = createAdminServer({ metrics, readiness })
    const { origin: adminOrigin } = await listenOn('ADMIN_PORT', () =>
      admin.listen({ port: settings.adminPort, host: settings.adminHost }),
    )
    stops.push(() => admin.stop())
    const { origin } = await listenOn('PORT', () => server.listen({ port: settings.port, host: settings.host }))
    stops.push(() => server.stop({ graceMs: settings.shutdownGraceMs }))

    const readyMs = Math.round(performance.now() - beganMs)
    logger.info('The service is ready', { origin, admin_origin: adminOrigin, ready_ms: readyMs, mode })
    return { origin, adminOrigin, database, logger, readyMs, stop: stopAll }
  } catch (error) {
    await stopAll()
    throw error
  }
}

/** What the REST surface says of itself beyond the domain: the same when it is served and when it is printed. */
export function documentOptions({ deprecations }: App, { publicOrigin }: Settings) {
  return { ...(deprecations !== undefined && { deprecations }), ...(publicOrigin !== undefined && { origin: publicOrigin }) }
}

/** Says which setting is at fault when the address is not to be had. */
async function listenOn<Bound>(setting: string, listen: () => Promise<Bound>): Promise<Bound> {
  try {
    return await listen()
  } catch (error) {
    const { code, address, port } = error as NodeJS.ErrnoException & { readonly address?: string; readonly port?: number }
    if (code === undefined || port === undefined) throw error
    const reason =
      code === 'EADDRINUSE'
        ? 'another process uses this port'
        : code === 'EACCES'
          ? 'this user may not use this port'
          : `the system says ${code}`
    throw new SettingsError(
      `Cannot listen on ${address}:${port}: ${reason}, expected a free one. Set ${setting} to another port`,
      { cause: error },
    )
  }
}

function readSecret({ app, settings }: ServiceOptions): string {
  return settings.secret ?? folderSecret(join(openDataFolder(app), 'secret'))
}

/** How the model's sensitive fields are spelt, in code and on the wire. */
function sensitiveNames(app: App): readonly string[] {
  const fields = app.domain.resources
    .flatMap((resource) => resource.fields)
    .filter((field) => field.rules.isSensitive || (!field.rules.isOutput && !field.isStandard))
  return [...new Set(fields.flatMap((field) => [field.name, field.publicName, field.column]))]
}
