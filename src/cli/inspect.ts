/** Commands that print something about the application and end: `token`, `routes`, `openapi`, `sdl`, `seed`. */
import { documentOptions, mintDevelopmentToken, openDatabase, SettingsError } from '../app/index.ts'
import { deriveSchema, renderSdl } from '../graphql/index.ts'
import { openConnection } from '../pg/index.ts'
import { renderOpenApi, restRoutes } from '../rest/index.ts'
import { type Command, EXIT_FINE, UsageError } from './command.ts'
import { readCount } from './count.ts'
import { expectRole } from './role.ts'
import { renderTable } from './terminal.ts'

export const token: Command = {
  name: 'token',
  summary: 'Make an access token that a service under development believes',
  usages: ['--role ROLE [--subject usr_…]'],
  options: { role: { type: 'string' }, subject: { type: 'string' } },
  async run({ terminal, settings, options, loadApp }) {
    const { role, subject } = options
    if (typeof role !== 'string')
      throw new UsageError('Cannot make a token: no role was named, expected --role, as in: plinth token --role editor')
    const app = await loadApp()
    expectRole(app.domain.roles, role)
    const text = mintDevelopmentToken(app, settings, role, typeof subject === 'string' ? subject : undefined)
    terminal.result({ token: text }, () => text)
    return EXIT_FINE
  },
}

export const routes: Command = {
  name: 'routes',
  summary: 'List the operations and their paths',
  usages: [''],
  async run({ terminal, loadApp }) {
    const { domain } = await loadApp()
    const found = restRoutes(domain)
    terminal.result(found, () =>
      renderTable([['METHOD', 'PATH', 'OPERATION'], ...found.map(({ method, path, operation }) => [method, path, operation])]),
    )
    return EXIT_FINE
  },
}

export const openapi: Command = {
  name: 'openapi',
  summary: 'Print the OpenAPI 3.1 document',
  usages: [''],
  async run({ loadApp, settings }) {
    const app = await loadApp()
    process.stdout.write(`${JSON.stringify(renderOpenApi(app.domain, documentOptions(app, settings)), null, 2)}\n`)
    return EXIT_FINE
  },
}

export const sdl: Command = {
  name: 'sdl',
  summary: 'Print the GraphQL schema',
  usages: [''],
  async run({ loadApp }) {
    const { domain, deprecations } = await loadApp()
    process.stdout.write(renderSdl(deriveSchema(domain, deprecations)))
    return EXIT_FINE
  },
}

export const seed: Command = {
  name: 'seed',
  summary: 'Fill an empty database with about N records',
  usages: ['N'],
  wordsMax: 1,
  async run({ terminal, settings, words, loadApp }) {
    const [text] = words
    if (text === undefined) throw new UsageError('Cannot seed: no number was given, expected one, as in: plinth seed 10000')
    const count = readCount(text)
    const app = await loadApp()
    if (app.seed === undefined) throw new SettingsError('Cannot seed: the application declares no seed, expected app({ seed })')
    const database = await openDatabase(app, { databaseUrl: settings.databaseUrl })
    const began = performance.now()
    try {
      await using connection = await openConnection(database.url)
      const report = await app.seed(connection, count)
      const seconds = ((performance.now() - began) / 1_000).toFixed(1)
      terminal.result(
        { ...report, seconds: Number(seconds) },
        () =>
          `${Object.entries(report)
            .map(([name, rows]) => `${rows} ${name}`)
            .join(', ')} in ${seconds} s`,
      )
      return EXIT_FINE
    } finally {
      await database.stop()
    }
  },
}
