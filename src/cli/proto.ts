/** The command `proto`: writes the protobuf files of the application and the lock of their numbers, or checks that they are current. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describeGrpc, EMPTY_LOCK, LOCK_FILE, PROTO_HEADER, readLock, renderLock, renderProto } from '../grpc/index.ts'
import { type Command, EXIT_FAILURE, EXIT_FINE, UsageError } from './command.ts'

/** The folder of the files, beside the application. */
const PROTO_FOLDER = 'proto'

export const proto: Command = {
  name: 'proto',
  summary: 'Write or check the protobuf files and the lock of their numbers',
  usages: ['', '--check', '--print'],
  options: { check: { type: 'boolean' }, print: { type: 'boolean' } },
  async run({ terminal, options, loadApp }) {
    const { check = false, print = false } = options
    if (check && print) throw new UsageError('Cannot both check and print, expected one of --check and --print')
    const { domain, folder = process.cwd() } = await loadApp()
    const description = describeGrpc(domain, readLockFile(folder))
    const files = renderProto(description)
    if (print) {
      process.stdout.write([...files.values()].join('\n'))
      return EXIT_FINE
    }
    const wanted = new Map([
      [LOCK_FILE, renderLock(description.lock)],
      ...[...files].map(([path, text]) => [join(PROTO_FOLDER, path), text] as const),
    ])
    const stale = [...wanted].filter(([path, text]) => readText(join(folder, path)) !== text).map(([path]) => path)
    const leftover = findOurs(folder).filter((path) => !wanted.has(path))
    if (check) {
      const wrong = [...stale, ...leftover]
      terminal.result({ stale: wrong }, () =>
        wrong.length === 0
          ? `${files.size} protobuf files and their lock are current`
          : `Cannot vouch for ${wrong.join(', ')}: not what the declaration says now, expected the same. Mend it with: plinth proto`,
      )
      return wrong.length === 0 ? EXIT_FINE : EXIT_FAILURE
    }
    for (const path of stale) writeText(join(folder, path), wanted.get(path) ?? '')
    for (const path of leftover) rmSync(join(folder, path))
    terminal.result({ written: stale, removed: leftover }, () => renderChanges(stale, leftover))
    return EXIT_FINE
  },
}

function renderChanges(written: readonly string[], removed: readonly string[]): string {
  const lines = [...written.map((path) => `wrote ${path}`), ...removed.map((path) => `removed ${path}`)]
  return lines.length === 0 ? 'All is current.' : lines.join('\n')
}

function readLockFile(folder: string) {
  const text = readText(join(folder, LOCK_FILE))
  return text === undefined ? EMPTY_LOCK : readLock(text)
}

/** The files that an earlier run wrote; what others put beside them is left alone. */
function findOurs(folder: string): readonly string[] {
  const root = join(folder, PROTO_FOLDER)
  if (!existsSync(root)) return []
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.proto'))
    .map((path) => join(PROTO_FOLDER, path))
    .filter((path) => readText(join(folder, path))?.startsWith(PROTO_HEADER) === true)
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function writeText(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
