/** Reads migration files: which there are, in which order, what they may hold. Refuses what could not be run safely. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MigrationError, messageOf } from './error.ts'
import { type Statement, splitStatements } from './statements.ts'

/** Whose a migration is: the tables that Plinth itself needs, or the application's. Plinth's come first. */
export type Origin = 'plinth' | 'app'

/** One direction of a migration. */
export interface Script {
  /** File name, for messages. */
  readonly file: string
  readonly sql: string
  readonly statements: readonly Statement[]
  /** Whether it runs in one: false when the file begins with `-- plinth: no transaction`. */
  readonly isTransaction: boolean
  /** SHA-256 of the text in hexadecimal, line ends counted as LF so that a checkout on Windows is the same file. */
  readonly checksum: string
}

export interface Migration {
  readonly origin: Origin
  /** `0001_create_users`. */
  readonly name: string
  /** Its place in the order: the digits of the name. */
  readonly number: number
  readonly up: Script
  readonly down: Script
}

const FILE_NAME = /^((\d{4,14})_[a-z0-9_]+)\.(up|down)\.sql$/
const NAME_EXPECTED = 'expected a name like "0001_create_users.up.sql"'

/**
 * Reads the migrations of a folder, in the order of their numbers.
 *
 * A migration is a pair `<number>_<name>.up.sql` and `<number>_<name>.down.sql`; what does not end in `.sql` is left alone.
 *
 * @throws MigrationError `FILE_INVALID` for a folder that cannot be read, a wrong name, a missing half, a number used twice, and
 *   text that could not be run safely
 */
export async function readMigrations(folder: string, origin: Origin = 'app'): Promise<Migration[]> {
  const files = (await listFolder(folder)).filter((file) => file.endsWith('.sql')).sort()
  const halves = new Map<string, { up?: Script; down?: Script }>()
  for (const file of files) {
    const [, name, , direction] = FILE_NAME.exec(file) ?? []
    if (name === undefined) throw invalidFile(file, `the name does not fit, ${NAME_EXPECTED}`, 'Rename the file.')
    const script = readScript(file, await readFile(join(folder, file)))
    halves.set(name, { ...halves.get(name), [direction === 'up' ? 'up' : 'down']: script })
  }
  const migrations = Array.from(halves, ([name, { up, down }]): Migration => {
    if (up === undefined) throw missingHalf(name, 'up', 'down')
    if (down === undefined) throw missingHalf(name, 'down', 'up')
    return { origin, name, number: migrationNumber(name), up, down }
  }).sort((a, b) => a.number - b.number)
  for (const [index, migration] of migrations.entries()) {
    const previous = migrations[index - 1]
    if (previous?.number === migration.number) {
      const is = `"${previous.name}" has the same number, expected each number once`
      throw invalidFile(migration.up.file, is, 'Give the one that is not applied anywhere yet the next free number.')
    }
  }
  return migrations
}

/** The migrations of the tables that Plinth itself needs; they are shipped beside this module. */
export function readSystemMigrations(): Promise<Migration[]> {
  return readMigrations(fileURLToPath(new URL('./system/', import.meta.url)), 'plinth')
}

/** The digits at the front of a name, which give its place in the order. */
export function migrationNumber(name: string): number {
  return Number.parseInt(name, 10)
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (thrown) {
    throw unreadableFolder(folder, thrown)
  }
}

/** Reads one file and refuses what the runner could not keep its promise for. */
export function readScript(file: string, bytes: Uint8Array): Script {
  const sql = decodeText(file, bytes).replaceAll('\r\n', '\n')
  const isTransaction = !readDirectives(file, sql).has('no transaction')
  const statements = splitStatements(sql)
  if (statements.length === 0) {
    throw invalidFile(file, 'it holds no statement, expected at least one', 'Write the SQL, or remove both files of the pair.')
  }
  for (const statement of statements) refuseStatement(file, statement, isTransaction)
  return { file, sql, statements, isTransaction, checksum: createHash('sha256').update(sql).digest('hex') }
}

function decodeText(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (thrown) {
    throw invalidFile(file, 'it is not UTF-8, expected UTF-8 text', 'Save the file as UTF-8.', thrown)
  }
}

const DIRECTIVES = new Set(['no transaction'])

/** Directives stand in the comment lines before the first statement: `-- plinth: <directive>`. */
function readDirectives(file: string, sql: string): Set<string> {
  const found = new Set<string>()
  for (const line of sql.split('\n')) {
    if (line.trim() !== '' && !line.startsWith('--')) break
    const directive = /^--\s*plinth:\s*(.*?)\s*$/.exec(line)?.[1]
    if (directive === undefined) continue
    if (!DIRECTIVES.has(directive)) {
      const known = Array.from(DIRECTIVES, (name) => `"-- plinth: ${name}"`).join(' or ')
      throw invalidFile(file, `the directive "${directive}" is not known, expected ${known}`, 'Correct or remove the line.')
    }
    found.add(directive)
  }
  return found
}

const TRANSACTION_CONTROL =
  /^(?:BEGIN|START TRANSACTION|COMMIT|END|ABORT|ROLLBACK(?! (?:WORK |TRANSACTION )?TO\b)|PREPARE TRANSACTION)\b/i
const INDEX_CONCURRENTLY = /^(?:CREATE (?:UNIQUE )?|DROP )INDEX CONCURRENTLY\b/i
const INDEX_RERUNNABLE = /^(?:CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS|DROP INDEX CONCURRENTLY IF EXISTS)\b/i

function refuseStatement(file: string, { bare, line }: Statement, isTransaction: boolean): void {
  const place = `line ${line}, "${excerpt(bare)}"`
  if (TRANSACTION_CONTROL.test(bare)) {
    const mend = 'Remove it. Where statements must not share a transaction, begin the file with "-- plinth: no transaction".'
    throw invalidFile(file, `${place} controls the transaction, expected that to be left to the runner`, mend)
  }
  if (!INDEX_CONCURRENTLY.test(bare)) return
  if (isTransaction) {
    const mend = 'Begin the file with "-- plinth: no transaction", and put nothing into it that must succeed or fail together.'
    throw invalidFile(file, `${place} cannot run in a transaction, expected a file without one`, mend)
  }
  if (!INDEX_RERUNNABLE.test(bare)) {
    const mend = 'Write CREATE INDEX CONCURRENTLY IF NOT EXISTS, and DROP INDEX CONCURRENTLY IF EXISTS.'
    throw invalidFile(file, `${place} cannot run twice, expected a statement that can: a run may be cut off`, mend)
  }
}

/** The beginning of a statement, as long as a message can bear. */
export function excerpt(bare: string): string {
  return bare.length > 60 ? `${bare.slice(0, 57)}...` : bare
}

function invalidFile(file: string, isAndExpected: string, hint: string, cause?: unknown): MigrationError {
  const migration = file.replace(/\.(?:up|down)?\.?sql$/, '')
  return new MigrationError('FILE_INVALID', `Cannot read migration file "${file}": ${isAndExpected}`, { hint, migration, cause })
}

function missingHalf(name: string, missing: 'up' | 'down', present: 'up' | 'down'): MigrationError {
  const is = `there is no "${name}.${missing}.sql" beside it, expected both directions`
  const hint =
    missing === 'down' ? 'Write the file that undoes the change; `plinth migrate check` proves it.' : 'Restore or write the file.'
  return invalidFile(`${name}.${present}.sql`, is, hint)
}

function unreadableFolder(folder: string, cause: unknown): MigrationError {
  const message = `Cannot read the migrations in "${folder}": ${messageOf(cause)}, expected a folder of SQL files`
  return new MigrationError('FILE_INVALID', message, { hint: 'Create the folder, or name the right one.', cause })
}
