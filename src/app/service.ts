/** The composition root: puts the parts of a service together, starts them in order, and stops them in the opposite one. */
import { join } from 'node:path'
import { describeIdentityRoutes } from '../auth/index.ts'
import { Engine } from '../engine/index.ts'
import { mountGraphql } from '../graphql/index.ts'
import { createAdminServer, createHttpServer, createReadiness } from '../http/index.ts'
import { toSnakeCase, uuidGenerator } from '../kernel/index.ts'
import type { Letter } from '../mail/index.ts'
import type { MigrationEvent } from '../migrate/index.ts'
import { describeClientRoutes } from '../oauth/index.ts'
import { createLogger, createOperationMetrics, type LogDestination, type Logger } from '../observe/index.ts'
import { JournalFeed, PgStore, SqlPool } from '../pg/index.ts'
import { mountRest } from '../rest/index.ts'
import { SYSTEM_CLOCK, SYSTEM_RANDOMNESS } from './clock.ts'
import { closedOperations } from './closed-operations.ts'
import { addConnect } from './connect.ts'
import { type Database, expectMigrated, migrate, openDatabase, openDataFolder } from './database.ts'
import type { App } from './declare.ts'
import { addGauges } from './gauges.ts'
import { graphqlOptions } from './graphql.ts'
import { createGrpc } from './grpc.ts'
import { type Identity, openIdentity } from './identity/index.ts'
import { createLater } from './later.ts'
import { noteHidden } from './note-hidden.ts'
import { choosePort, issuerOf } from './origin.ts'
import { protoDescriber } from './proto-lock.ts'
import { createSeal } from './seal.ts'
import { deriveKey, folderSecret } from './secret.ts'
import { type Settings, SettingsError } from './settings.ts'
import { Stops } from './stops.ts'
import { sweepRegularly } from './sweep.ts'
import { createVerifier, hasOwnIdentity, type Mode } from './tokens.ts'

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
  /** Shows letters to whoever develops the service. Called in `development` only, and only where no `MAIL_URL` takes them away. */
  readonly onLetter?: (letter: Letter) => void
}

/** A running service. */
export interface Service {
  readonly origin: string
  readonly adminOrigin: string
  /** Where gRPC is served: `127.0.0.1:50051`; undefined where it is not. */
  readonly grpcAddress: string | undefined
  /** The issuer of its tokens, and how its pages are reached; undefined where it keeps no accounts or believes another issuer. */
  readonly issuer: string | undefined
  readonly database: Database
  readonly logger: Logger
  /** From the call of `startService` to the first connection that could be accepted. */
  readonly readyMs: number
  /** Resolves when all that goes on after answers, such as letters, is done. */
  settle(): Promise<void>
  /**
   * Refuses what is new, finishes what is under way, closes all, within `SHUTDOWN_GRACE_MS` and a few seconds. Safe to call twice.
   *
   * @returns the parts that did not close in time, such as connections to a database that has fallen silent; they may keep the process alive
   */
  stop(): Promise<{ readonly left: readonly string[] }>
}

/**
 * Starts the service of an application: its database, its identity, its surfaces, in this order, and listens.
 *
 * @throws `SettingsError` for settings that cannot be used, and an `Error` with a sentence for a database that cannot; what was started is
 * stopped then
 * @example
 * const blog = app({ domain: domain({ name: 'blog', resources }), folder: import.meta.dirname })
 * const service = await startService({ app: blog, settings: readSettings(process.env), mode: 'production' })
 * process.once('SIGTERM', () => service.stop())
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const beganMs = performance.now()
  const { app, settings, mode } = options
  const stops = new Stops()
  try {
    const logger = startLogger(options, stops)
    expectProductionSettings(options)
    const keyOf = keysOf(options)
    const port = await choosePort(settings)
    const database = await openOwnDatabase(options, logger, stops)
    const store = await openStore(options, database, logger, stops)
    const identity = await startIdentity(options, { issuer: issuerOf(settings, port), database, keyOf, logger, stops })
    const issuer = identity?.trust.issuer

    const metrics = createOperationMetrics()
    const readiness = createReadiness({ database: () => store.ping() })
    const verifier = createVerifier(app, settings, mode, identity)
    const server = createHttpServer({
      logger,
      metrics,
      readiness,
      authenticate: verifier.authenticate,
      userHashKey: keyOf('user-hash'),
      corsOrigins: settings.corsOrigins,
      trustedProxies: settings.trustedProxies,
      rateLimits: settings.rateLimits,
      renderField: toSnakeCase,
      ...(settings.publicOrigin !== undefined && { publicOrigin: settings.publicOrigin }),
    })
    const later = createLater(logger)
    stops.add('work that follows answers', () => later.drain())
    const engine = new Engine({
      domain: app.domain,
      store: identity === undefined ? store : identity.guard(store),
      feed: openFeed(app, database, stops),
      clock: SYSTEM_CLOCK,
      newId: uuidGenerator(SYSTEM_CLOCK, SYSTEM_RANDOMNESS),
      seal: createSeal(keyOf('cursor')),
      hiddenRecords: noteHidden(logger, later, keyOf('user-hash')),
    })
    addGauges(metrics, store, server, engine)
    mountRest({ domain: app.domain, engine, server, clock: SYSTEM_CLOCK, ...documentOptions(app, settings) })
    mountGraphql({ domain: app.domain, engine, server, clock: SYSTEM_CLOCK, ...graphqlOptions(app, settings, mode) })
    identity?.mount(server, engine, verifier)
    const describe = protoDescriber(app, mode)
    addConnect({ app, settings, engine, server, describe })
    const grpc = createGrpc({ app, settings, mode, engine, server, readiness, describe })

    const admin = createAdminServer({ metrics, readiness })
    const { origin: adminOrigin } = await listenOn('ADMIN_PORT', () =>
      admin.listen({ port: settings.adminPort, host: settings.adminHost }),
    )
    stops.add('the admin server', () => admin.stop())
    const grpcAddress = grpc && (await listenOn('GRPC_PORT', () => grpc.listen()))
    stops.add('gRPC', () => grpc?.stop(), { endsByItself: true })
    const { origin } = await listenOn('PORT', () => server.listen({ port, host: settings.host }))
    // Both doors close at the same time.
    stops.add('the servers', () => Promise.all([grpc?.stop(), server.stop({ graceMs: settings.shutdownGraceMs })]), {
      endsByItself: true,
    })

    const closed = closedOperations(app.domain)
    if (closed.length > 0) logger.info('No rule permits these operations, so they are not there', { operations: closed })
    const readyMs = Math.round(performance.now() - beganMs)
    logger.info('The service is ready', {
      origin,
      admin_origin: adminOrigin,
      ...(grpcAddress !== undefined && { grpc_address: grpcAddress }),
      ready_ms: readyMs,
      mode,
    })
    return {
      origin,
      adminOrigin,
      grpcAddress,
      issuer,
      database,
      logger,
      readyMs,
      async settle() {
        await identity?.settle()
        await later.drain()
      },
      stop: async () => ({ left: await stops.run(settings.shutdownGraceMs, logger) }),
    }
  } catch (error) {
    await stops.run(settings.shutdownGraceMs)
    throw error
  }
}

function startLogger({ app, settings, logDestination }: ServiceOptions, stops: Stops): Logger {
  const logger = createLogger({
    service: app.domain.name,
    level: settings.logLevel,
    sensitive: sensitiveNames(app),
    ...(logDestination !== undefined && { destination: logDestination }),
  })
  stops.add('the log', () => logger.stop(), { endsByItself: true })
  return logger
}

/** The connection does not leave the machine. */
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** What can be wrong with the settings is found before anything is started. */
function expectProductionSettings({ app, settings, mode }: ServiceOptions): void {
  if (mode !== 'production') return
  if (settings.logLevel === 'debug')
    throw new SettingsError(
      'Cannot use LOG_LEVEL=debug in production: it is for development, expected info, warn, error or fatal',
    )
  if (!hasOwnIdentity(app, settings)) return
  const { publicOrigin } = settings
  if (publicOrigin === undefined)
    throw new SettingsError(
      'Cannot start: PUBLIC_URL is not set, expected how the service is reached from outside, such as https://api.example.com. It names the issuer of its tokens and stands in its letters',
    )
  const { protocol, hostname } = new URL(publicOrigin)
  if (protocol === 'http:' && !LOOPBACK.includes(hostname))
    throw new SettingsError(
      'Cannot use PUBLIC_URL without TLS in production: passwords and cookies would travel in clear, expected https://',
    )
}

async function openOwnDatabase(options: ServiceOptions, logger: Logger, stops: Stops): Promise<Database> {
  const { app, settings, mode } = options
  const database =
    options.database ??
    (await openDatabase(app, {
      databaseUrl: settings.databaseUrl,
      onEvent: (event) => logger.info(`The embedded database: ${event.kind}`, { ...event }),
    }))
  // A server of our own is asked, then urged, then killed.
  if (options.database === undefined) stops.add('the database', () => database.stop(), { endsByItself: true })
  if (mode === 'development') await migrate(app, database, options.onMigration)
  else await expectMigrated(app, database)
  return database
}

async function openStore({ app, settings }: ServiceOptions, { url }: Database, logger: Logger, stops: Stops): Promise<PgStore> {
  const store = new PgStore({
    url,
    applicationName: app.domain.name,
    statementTimeoutMs: settings.statementTimeoutMs,
    listTimeoutMs: settings.listTimeoutMs,
    isMerging: settings.isMerging,
  })
  stops.add('connections to the database', () => store.close())
  await store.connect()
  stops.add(
    'the sweep',
    sweepRegularly('Expired idempotency keys', () => store.sweep(), logger),
  )
  return store
}

/** One connection to look at the journal, two to read it for those who are behind; none while nobody watches. */
const FEED_CONNECTIONS = 3

function openFeed({ domain }: App, { url }: Database, stops: Stops): JournalFeed {
  const sql = new SqlPool({ url, applicationName: `${domain.name} feed`, connections: FEED_CONNECTIONS })
  const feed = new JournalFeed({ sql, resources: domain.resources.map(({ name }) => name) })
  stops.add('the feed of changes', async () => {
    await feed.close()
    await sql.close()
  })
  return feed
}

interface IdentityParts {
  readonly issuer: string
  readonly database: Database
  readonly keyOf: (purpose: string) => Uint8Array
  readonly logger: Logger
  readonly stops: Stops
}

/** Undefined where the domain keeps no accounts, or another issuer is believed. */
async function startIdentity(
  { app, settings, mode, onLetter }: ServiceOptions,
  { issuer, database, keyOf, logger, stops }: IdentityParts,
): Promise<Identity | undefined> {
  const { accounts } = app.domain
  if (accounts === undefined || !hasOwnIdentity(app, settings)) return undefined
  if (mode === 'production' && settings.mailUrl === undefined)
    logger.warn('MAIL_URL is not set: letters go into files, with the secrets that are in them, and nobody gets one')
  const databaseUrl = database.url
  const identity = await openIdentity({
    app,
    accounts,
    settings,
    databaseUrl,
    issuer,
    deriveKey: keyOf,
    logger,
    onLetter: mode === 'development' ? onLetter : undefined,
  })
  stops.add('identity', () => identity.stop())
  return identity
}

/** A key for each purpose, from the secret of the installation. */
function keysOf({ app, settings }: ServiceOptions): (purpose: string) => Uint8Array {
  const secret = settings.secret ?? folderSecret(join(openDataFolder(app), 'secret'))
  return (purpose) => deriveKey(secret, purpose)
}

/** What the REST surface says of itself beyond the domain: the same when it is served and when it is printed. */
export function documentOptions(app: App, settings: Settings) {
  const { deprecations, domain } = app
  const { publicOrigin } = settings
  const { accounts } = domain
  const described =
    accounts !== undefined && hasOwnIdentity(app, settings)
      ? [
          {
            tag: 'auth',
            description: AUTH_DESCRIPTION,
            operations: [...describeIdentityRoutes(accounts), ...describeClientRoutes()],
          },
        ]
      : []
  return {
    ...(deprecations !== undefined && { deprecations }),
    ...(publicOrigin !== undefined && { origin: publicOrigin }),
    described,
  }
}

const AUTH_DESCRIPTION =
  'Accounts, sign-in, sessions, second factors. The OAuth server describes itself under `/.well-known/openid-configuration`.'

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

/** How the model's sensitive fields are spelt, in code and on the wire. */
function sensitiveNames(app: App): readonly string[] {
  const fields = app.domain.resources
    .flatMap((resource) => resource.fields)
    .filter((field) => field.rules.isSensitive || (!field.rules.isOutput && !field.isStandard))
  return [...new Set(fields.flatMap((field) => [field.name, field.publicName, field.column]))]
}
