/** How the command line speaks: text for people, JSON for programs, colour only where it can be seen. */
import { styleText } from 'node:util'

export interface Terminal {
  readonly isJson: boolean
  /** A line for people; silent with `--json`. */
  say(text: string): void
  /** The result: as JSON with `--json`, else as `text` says. */
  result(value: unknown, text: () => string): void
  bold(text: string): string
  dim(text: string): string
  green(text: string): string
}

export function createTerminal(isJson: boolean): Terminal {
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) => styleText(format, text, { stream: process.stdout })
  return {
    isJson,
    say: (text) => {
      if (!isJson) process.stdout.write(`${text}\n`)
    },
    result: (value, text) => void process.stdout.write(`${isJson ? JSON.stringify(value, null, 2) : text()}\n`),
    bold: style('bold'),
    dim: style('dim'),
    green: style('green'),
  }
}

/** Lays rows out in columns, each as wide as its widest cell. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
