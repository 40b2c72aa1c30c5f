/** The command line: finds the command, reads its options, turns errors into sentences and exit codes. */
import { readFileSync } from 'node:fs'
import { readSettings, SettingsError } from '../app/index.ts'
import { DeclarationError } from '../model/index.ts'
import { readArguments } from './arguments.ts'
import { clients } from './clients.ts'
import { type Command, EXIT_FAILURE, EXIT_FINE, EXIT_USAGE, UsageError } from './command.ts'
import { explainAccess } from './explain-access.ts'
import { renderCommandHelp, renderHelp } from './help.ts'
import { openapi, routes, sdl, seed, token } from './inspect.ts'
import { keys } from './keys.ts'
import { loadApp } from './load-app.ts'
import { migrate } from './migrate.ts'
import { proto } from './proto.ts'
import { dev, start } from './serve.ts'
import { createTerminal } from './terminal.ts'

const COMMANDS: readonly Command[] = [dev, start, migrate, clients, keys, seed, token, explainAccess, routes, openapi, sdl, proto]

process.exitCode = await main(process.argv.slice(2))

async function main(input: readonly string[]): Promise<number> {
  const [name, ...rest] = input
  const isJson = rest.includes('--json')
  try {
    switch (name) {
      case undefined:
        print(renderHelp(COMMANDS))
        return EXIT_USAGE
      case 'help':
      case '--help':
      case '-h':
        print(rest[0] === undefined ? renderHelp(COMMANDS) : renderCommandHelp(findCommand(rest[0])))
        return EXIT_FINE
      case '--version':
      case '-v':
        print(readVersion())
        return EXIT_FINE
      default:
        return await runCommand(findCommand(name), rest, isJson)
    }
  } catch (error) {
    return report(error, isJson)
  }
}

function findCommand(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name)
  if (command !== undefined) return command
  const known = COMMANDS.map((one) => one.name).join(', ')
  throw new UsageError(`Cannot run "${name}": there is no such command, expected one of ${known}`)
}

async function runCommand(command: Command, input: readonly string[], isJson: boolean): Promise<number> {
  if (input.includes('--help') || input.includes('-h')) {
    print(renderCommandHelp(command))
    return EXIT_FINE
  }
  const { options, words } = readArguments(command, input)
  const file = options['app']
  let loading: ReturnType<typeof loadApp> | undefined
  return command.run({
    terminal: createTerminal(isJson),
    settings: readSettings(process.env),
    options,
    words,
    loadApp: () => (loading ??= loadApp(typeof file === 'string' ? file : undefined)),
  })
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return manifest.version
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
