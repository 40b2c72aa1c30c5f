/**
 * Lays out the files of an embedded database and creates them on the first start.
 *
 * `<folder>/postgres` is the home: `data`, `log`, `run` (the socket) and `password`. It is a folder, or, when the user who runs the server
 * cannot enter `<folder>` (root's project below /root), a symbolic link to a folder elsewhere that this user can enter.
 * A first start that is interrupted leaves nothing that a later one could mistake for a database: the data appears by one rename.
 */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { type CommandResult, canEnter, type Identity, runCommand } from './command.ts'
import { EmbeddedPostgresError } from './failure.ts'
import { SOCKET_FILE } from './settings.ts'

/** The application's role: owns its database, may create more (shadow and test databases); no superuser. */
export const ROLE = 'plinth'
export const DATABASE = 'plinth'

export interface Home {
  readonly path: string
  readonly data: string
  readonly log: string
}

/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL included. */
const SOCKET_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103

/** Finds or makes the home of the database that belongs to `folder`. @throws `FOLDER` */
export async function openHome(
  folder: string,
  shownFolder: string,
  identity: Identity | undefined,
  systemFolder: string,
): Promise<Home> {
  const link = join(folder, 'postgres')
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) {
    if (await canEnter(folder, identity)) mkdirSync(link, { mode: 0o711 })
    else symlinkSync(makeHomeElsewhere(systemFolder), link)
  }
  if (!existsSync(link)) {
    throw new EmbeddedPostgresError(
      'FOLDER',
      `Cannot start the embedded database in "${shownFolder}": "postgres" in it points to a folder that is gone, expected the data ` +
        'there; bring it back, or remove the link to start empty',
    )
  }
  const path = realpathSync(link)
  if (!(await canEnter(path, identity))) {
    throw new EmbeddedPostgresError(
      'FOLDER',
      `Cannot start the embedded database in "${shownFolder}": user "${identity?.name ?? process.getuid?.()}" who runs the server cannot enter ` +
        `"${path}", expected a folder open to that user; move the project out of the closed folder, or set DATABASE_URL`,
    )
  }
  return { path, data: join(path, 'data'), log: makeServerFolder(join(path, 'log'), identity) }
}

function makeHomeElsewhere(systemFolder: string): string {
  mkdirSync(systemFolder, { recursive: true, mode: 0o755 })
  const home = mkdtempSync(join(systemFolder, 'database-'))
  chmodSync(home, 0o711)
  return home
}

/** Makes a folder that only the server's user can read. */
function makeServerFolder(path: string, identity: Identity | undefined): string {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (identity !== undefined) chownSync(path, identity.uid, identity.gid)
  return path
}

/** The folder of the socket: in the home if the path is short enough for one, else a private one among the temporary files. */
export function makeSocketFolder(home: Home, identity: Identity | undefined): string {
  const run = join(home.path, 'run')
  const fits = Buffer.byteLength(join(run, SOCKET_FILE)) <= SOCKET_PATH_BYTES_MAX
  return makeServerFolder(fits ? run : mkdtempSync(join(tmpdir(), 'plinth-')), identity)
}

/** Creates the database if there is none, and checks that these binaries can read it. Returns the role's password. */
export async function openData(
  home: Home,
  shownFolder: string,
  binaries: Binaries,
  identity: Identity | undefined,
  durability: 'full' | 'none',
): Promise<{ readonly password: string; readonly isNew: boolean }> {
  const passwordFile = join(home.path, 'password')
  if (!existsSync(home.data)) {
    removeDrafts(home)
    const password = randomBytes(24).toString('base64url')
    writeFileSync(passwordFile, password, { mode: 0o600 })
    await createData(home, shownFolder, binaries, identity, durability, password)
    return { password, isNew: true }
  }
  assertOwner(home.data, shownFolder, identity)
  const major = readFileSync(join(home.data, 'PG_VERSION'), 'utf8').trim()
  if (major !== binaries.major) {
    throw new EmbeddedPostgresError(
      'VERSION',
      `Cannot start the embedded database in "${shownFolder}": its data was written by PostgreSQL ${major}, expected ${binaries.major}; ` +
        `dump it with a PostgreSQL ${major} and load it into a new one, or move "${shownFolder}/postgres" away to start empty`,
    )
  }
  return { password: readFileSync(passwordFile, 'utf8').trim(), isNew: false }
}

async function createData(
  home: Home,
  shownFolder: string,
  binaries: Binaries,
  identity: Identity | undefined,
  durability: 'full' | 'none',
  password: string,
): Promise<void> {
  const draft = makeServerFolder(join(home.path, `data.new-${process.pid}`), identity)
  const failed = (what: string, { output }: CommandResult): EmbeddedPostgresError =>
    new EmbeddedPostgresError(
      'START',
      `Cannot create the embedded database in "${shownFolder}": ${what} failed, expected an empty database:\n${output}`,
    )

  const initdb = await runCommand(
    join(binaries.folder, 'initdb'),
    [
      ...['--pgdata', draft, '--username', 'postgres', '--encoding', 'UTF8', '--no-instructions'],
      // Unicode case mapping, and order by code point: fast, and the same on every machine.
      ...['--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      // Replaced before the server ever listens: nobody but the role gets in, and only with its password.
      ...['--auth', 'trust'],
      ...(durability === 'none' ? ['--no-sync'] : []),
    ],
    { identity },
  )
  if (initdb.code !== 0) throw failed('initdb', initdb)
  const setUp = await runCommand(
    join(binaries.folder, 'postgres'),
    ['--single', '-D', draft, ...SINGLE_USER_SETTINGS, 'template1'],
    {
      identity,
      input: renderSetUp(password),
    },
  )
  if (setUp.code !== 0 || /\b(ERROR|FATAL|PANIC):/.test(setUp.output)) throw failed('the set-up', setUp)
  renameSync(draft, home.data)
}

/** 192 random bits cannot be guessed, so stretching them 4096 times would only make each connection slower. */
const SINGLE_USER_SETTINGS = ['-c', 'scram_iterations=1', '-c', 'log_checkpoints=off']

/** Single-user mode reads a statement a line. The names and the password need no escape. */
function renderSetUp(password: string): string {
  return [
    `CREATE ROLE ${ROLE} LOGIN CREATEDB IN ROLE pg_monitor, pg_checkpoint PASSWORD '${password}'`,
    `ALTER DATABASE postgres OWNER TO ${ROLE}`,
    `ALTER DATABASE postgres RENAME TO ${DATABASE}`,
    '',
  ].join('\n')
}

function removeDrafts(home: Home): void {
  for (const name of readdirSync(home.path)) {
    if (name.startsWith('data.new-')) rmSync(join(home.path, name), { recursive: true, force: true })
  }
}

function assertOwner(data: string, shownFolder: string, identity: Identity | undefined): void {
  const owner = statSync(data).uid
  const runner = identity?.uid ?? process.getuid?.()
  if (runner === undefined || owner === runner) return
  throw new EmbeddedPostgresError(
    'FOLDER',
    `Cannot start the embedded database in "${shownFolder}": its data belongs to user ${owner}, expected user ${runner} who runs this ` +
      'process; start it as the user who created it, or move the folder away to start empty',
  )
}
