/** What a command is, and the errors that decide the exit code. */
import type { ParseArgsOptionsConfig } from 'node:util'
import type { App, Settings } from '../app/index.ts'
import type { Terminal } from './terminal.ts'

/** Everything a command may use. */
export interface CommandScope {
  readonly terminal: Terminal
  readonly settings: Settings
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  readonly words: readonly string[]
  /** Loads `app.ts` of the current folder, or the file of `--app`. */
  loadApp(): Promise<App>
}

export interface Command {
  readonly name: string
  /** One line for the help. */
  readonly summary: string
  /** What may stand behind the name, for the help: `[--seed N]`. Several lines where there are several ways to call it. */
  readonly usages: readonly string[]
  readonly options?: ParseArgsOptionsConfig
  /** Words that it takes besides options. Default 0: one that nobody reads is a mistake of the caller. */
  readonly wordsMax?: number
  /** Resolves with the exit code. */
  run(scope: CommandScope): Promise<number>
}

/** The command was called wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const EXIT_FINE = 0
export const EXIT_FAILURE = 1
export const EXIT_USAGE = 2
