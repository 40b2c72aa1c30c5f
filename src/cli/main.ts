/** The command line: finds the command, reads its options, turns errors into sentences and exit codes. */
import { parseArgs } from 'node:util'
import { readSettings, SettingsError } from '../app/index.ts'
import { DeclarationError } from '../model/index.ts'
import { type Command, EXIT_FAILURE, EXIT_FINE, EXIT_USAGE, UsageError } from './command.ts'
import { openapi, routes, seed, token } from './inspect.ts'
import { loadApp } from './load-app.ts'
import { migrate } from './migrate.ts'
import { dev, start } from './serve.ts'
import { createTerminal, renderTable } from './terminal.ts'

const COMMANDS: readonly Command[] = [dev, start, migrate, seed, token, routes, openapi]

process.exitCode = await main(process.argv.slice(2))

async function main(input: readonly string[]): Promise<number> {
  const [name, ...rest] = input
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(`${renderHelp()}\n`)
    return name === undefined ? EXIT_USAGE : EXIT_FINE
  }
  const isJson = rest.includes('--json')
  try {
    const command = COMMANDS.find((one) => one.name === name)
    if (command === undefined)
      throw new UsageError(
        `Cannot run "${name}": there is no such command, expected one of ${COMMANDS.map((one) => one.name).join(', ')}`,
      )
    if (rest.includes('--help') || rest.includes('-h')) {
      process.stdout.write(`${command.summary}\n\nUsage: plinth ${command.name} ${command.usage}\n`)
      return EXIT_FINE
    }
    const { values, positionals } = readArguments(command, rest)
    const file = values['app']
    let loading: ReturnType<typeof loadApp> | undefined
    return await command.run({
      terminal: createTerminal(isJson),
      settings: readSettings(process.env),
      options: values as Readonly<Record<string, string | boolean | undefined>>,
      words: positionals,
      loadApp: () => (loading ??= loadApp(typeof file === 'string' ? file : undefined)),
    })
  } catch (error) {
    return report(error, isJson)
  }
}

function readArguments(command: Command, input: readonly string[]) {
  try {
    return parseArgs({
      args: [...input],
      options: { ...command.options, app: { type: 'string' }, json: { type: 'boolean' } },
      allowPositionals: true,
    })
  } catch (error) {
    throw new UsageError(
      `Cannot run ${command.name}: ${(error as Error).message}\nUsage: plinth ${command.name} ${command.usage}`,
      { cause: error },
    )
  }
}

/** What a person can mend is a sentence; what only we can is a stack. */
function report(error: unknown, isJson: boolean): number {
  const isUsage = error instanceof UsageError
  const isForeseen =
    isUsage ||
    error instanceof SettingsError ||
    error instanceof DeclarationError ||
    (error instanceof Error && error.message.startsWith('Cannot '))
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? `\n${error.hint}` : ''
  const text = isForeseen
    ? `${(error as Error).message}${hint}`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error)
  if (isJson) process.stdout.write(`${JSON.stringify({ error: text })}\n`)
  else process.stderr.write(`${text}\n`)
  return isUsage ? EXIT_USAGE : EXIT_FAILURE
}

function renderHelp(): string {
  const rows = COMMANDS.map(({ name, usage, summary }) => [`  plinth ${name}${usage === '' ? '' : ` ${usage}`}`, summary])
  return `Plinth: declare a domain once, serve a production backend.\n\n${renderTable(rows)}\n\nEvery command takes --app FILE (default app.ts in this folder) and --json.\nExit codes: 0 fine, 1 findings or failure, 2 usage.`
}
