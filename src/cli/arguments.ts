/** Reads what stands behind the name of a command. What the command does not know is refused, never ignored. */
import { parseArgs } from 'node:util'
import { type Command, type CommandScope, UsageError } from './command.ts'
import { renderUsage } from './help.ts'

/** @throws UsageError with a sentence and how the command is called */
export function readArguments(command: Command, input: readonly string[]): Pick<CommandScope, 'options' | 'words'> {
  const options = { ...command.options, app: { type: 'string' }, json: { type: 'boolean' } } as const
  const { values, words } = parse(command, input, options)
  const extra = words[command.wordsMax ?? 0]
  if (extra !== undefined) throw refusal(command, `"${extra}" is a word too many, expected no more than the usage says`)
  return { options: values, words }
}

function parse(
  command: Command,
  input: readonly string[],
  options: NonNullable<Command['options']>,
): { readonly values: CommandScope['options']; readonly words: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...input], options, allowPositionals: true })
    // No option is declared `multiple`, so none has a list.
    return { values: values as CommandScope['options'], words: positionals }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const known = Object.keys(options).map((name) => `--${name}`)
    const unknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /'(-[^']*)'/.exec(message)?.[1] : undefined
    if (unknown === undefined) throw refusal(command, message, error)
    throw refusal(command, `there is no option ${unknown}, expected one of ${known.join(', ')}`, error)
  }
}

function refusal(command: Command, reason: string, cause?: unknown): UsageError {
  return new UsageError(`Cannot run ${command.name}: ${reason}\n${renderUsage(command)}`, { cause })
}
