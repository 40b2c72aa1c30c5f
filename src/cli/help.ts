/** The help: of all commands in a table, of one in full. */
import type { Command } from './command.ts'
import { renderTable } from './terminal.ts'

const COMMON = `Every command takes
  --app FILE  the application; default app.ts in this folder
  --json      the result as JSON, for programs
  --help      how to call it`

export function renderHelp(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [`  ${name}`, summary])
  return `Plinth: declare a domain once, serve a production backend.

Usage: plinth COMMAND [OPTIONS]

${renderTable(rows)}
  help COMMAND, --version

${COMMON}

Exit codes: 0 fine, 1 findings or failure, 2 called wrongly.`
}

export function renderCommandHelp(command: Command): string {
  return `${command.summary}

${renderUsage(command)}

${COMMON}`
}

/** A line for each way to call the command. */
export function renderUsage({ name, usages }: Command): string {
  const lines = usages.map((usage) => `plinth ${name} ${usage}`.trimEnd())
  return `Usage: ${lines.join('\n       ')}`
}
