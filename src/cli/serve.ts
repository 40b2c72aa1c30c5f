/** `plinth dev` and `plinth start`: run the service until a signal, then stop it gracefully. */
import { type Mode, mintDevelopmentToken, type Service, type Settings, startService } from '../app/index.ts'
import { openConnection } from '../pg/index.ts'
import { identifier } from '../sql/index.ts'
import { type Command, type CommandScope, EXIT_FAILURE, EXIT_FINE } from './command.ts'
import { readCount } from './count.ts'
import { renderLetter } from './letter.ts'
import { renderMigrationEvent } from './migrate.ts'

/** Enough to page through, little enough to read. */
const SAMPLE_RECORDS = 60

export const dev: Command = {
  name: 'dev',
  summary: 'Run the service for development: it migrates by itself',
  usages: ['[--seed N]'],
  options: { seed: { type: 'string' } },
  run: (scope) => serve(scope, 'development'),
}

export const start: Command = {
  name: 'start',
  summary: 'Run the service in production, over a migrated database',
  usages: [''],
  run: (scope) => serve(scope, 'production'),
}

async function serve(scope: CommandScope, mode: Mode): Promise<number> {
  const { terminal, settings } = scope
  const app = await scope.loadApp()
  const ended = nextSignal()
  const service = await startService({
    app,
    settings,
    mode,
    onMigration: (event) => terminal.say(renderMigrationEvent(event, terminal)),
    onLetter: (letter) => terminal.say(renderLetter(letter, terminal)),
  })
  endOnFault(service)
  if (mode === 'development') {
    await fill(scope, service)
    await greet(scope, service)
  }
  const signal = await ended
  service.logger.info('The service is stopping', { signal })
  const { left } = await service.stop()
  // What did not close would keep the process alive until somebody kills it.
  if (left.length > 0) process.exit(EXIT_FAILURE)
  return EXIT_FINE
}

/** An error that nobody caught leaves the process in a state that nobody knows: it is told as `fatal`, and the process ends. */
function endOnFault(service: Service): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      service.logger.fatal('The process ends: an error was not caught', { error })
      process.exit(EXIT_FAILURE)
    })
  }
}

/** Resolves with the first signal that asks the process to end; a second one ends it at once. */
function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isAsked = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (isAsked) process.exit(130)
        isAsked = true
        resolve(signal)
      })
    }
  })
}

/** Gives an empty database something to look at, or as much as `--seed` asks for. */
async function fill(scope: CommandScope, service: Service): Promise<void> {
  const app = await scope.loadApp()
  const asked = scope.options['seed']
  if (app.seed === undefined) return
  const count = asked === undefined ? SAMPLE_RECORDS : readCount(asked)
  const connection = await openConnection(service.database.url)
  try {
    const tables = app.domain.resources.map(({ table }) => `NOT EXISTS (SELECT FROM ${identifier(table)})`)
    const [row] = await connection.query<{ is_empty: boolean }>(`SELECT ${['true', ...tables].join(' AND ')} AS is_empty`)
    if (row?.is_empty === true) await app.seed(connection, count)
    else if (asked !== undefined) scope.terminal.say('The database has records already: --seed was left undone')
  } finally {
    await connection.close()
  }
}

/** What a person sees first: where everything is, and three requests to paste. */
async function greet(scope: CommandScope, service: Service): Promise<void> {
  const { terminal, settings } = scope
  const { bold, dim, green } = terminal
  const app = await scope.loadApp()
  const [role = 'admin'] = Object.keys(app.domain.roles)
  const token = mintDevelopmentToken(app, settings, role)
  const { origin, adminOrigin, database, readyMs } = service
  const [first = '/openapi.json', second = '/docs'] =
    app.tryFirst ?? app.domain.resources.map((resource) => `/api/v1/${resource.segment}`)
  terminal.say(`
  ${green('●')} ${bold(app.domain.name)} is ready after ${readyMs} ms ${dim(`· ${database.description}`)}

    REST        ${origin}/api/v1
    GraphQL     ${origin}/graphql${renderGrpc(service)}
    Reference   ${origin}/docs
    OpenAPI     ${origin}/openapi.json
    Errors      ${origin}/docs/errors
    Metrics     ${adminOrigin}/metrics${renderSignIn(service, settings)}

  ${bold('Try')} ${dim(`(the token is for ${role} and lives 15 minutes; another: npx plinth token --role ${role})`)}

    TOKEN=${token}

    curl '${origin}${first}'
    curl -H "Authorization: Bearer $TOKEN" '${origin}${second}'
    curl '${origin}${first.replace(/\?.*/, '')}?colour=blue'

  ${dim('Ctrl-C stops it. One JSON line for each request follows.')}
`)
}

/** Where gRPC is, if it is. */
function renderGrpc({ grpcAddress }: Service): string {
  return grpcAddress === undefined ? '' : `\n    gRPC        ${grpcAddress} (the files: plinth proto)`
}

/** Where clients find all about signing in, and where its letters are. */
function renderSignIn({ issuer }: Service, { mailUrl }: Settings): string {
  if (issuer === undefined) return ''
  const letters = mailUrl === undefined ? 'appear here, and are kept in .plinth/mail' : 'go to the mail server of MAIL_URL'
  return `
    Discovery   ${issuer}/.well-known/openid-configuration
    Letters     ${letters}`
}
