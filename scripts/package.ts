/**
 * Proves the package as a user gets it: builds, packs, lints the tarball, installs it into an empty folder, imports every subpath,
 * compiles a file that imports them, asks the program for its help, and makes the database of the reference service with it.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
}

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json')
const names = subpaths.map((path) => `${manifest.name}${path.slice(1)}`)
const folder = mkdtempSync(join(tmpdir(), 'plinth-package-'))

function run(what: string, program: string, args: readonly string[], cwd = folder): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (status === 0) return stdout
  throw new Error(`${what}: ended with ${status}, expected 0\n${stdout}${stderr}`)
}

function runNpm(what: string, args: readonly string[], cwd?: string): string {
  const npm = process.env.npm_execpath
  return npm ? run(what, process.execPath, [npm, ...args], cwd) : run(what, 'npm', args, cwd)
}

function renderImports(): string {
  const lines = names.map((name, index) => `import * as module${index} from '${name}'`)
  const counts = names.map((name, index) => `  '${name}': Object.keys(module${index}).length,`)
  return [...lines, 'console.log(JSON.stringify({', ...counts, '}))', ''].join('\n')
}

/** Compiles a file that imports every subpath; the libraries' own declarations are their business, the package's are ours. */
function compileConsumer(): void {
  writeFileSync(join(folder, 'imports.ts'), renderImports())
  const typeRoots = [join(root, 'node_modules', '@types')]
  const compilerOptions = { module: 'NodeNext', target: 'ES2024', strict: true, noEmit: true, types: ['node'], typeRoots }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['imports.ts'] }))
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', '.', '--pretty', 'false'], { cwd: folder, encoding: 'utf8' })
  const ours = stdout.split('\n').filter((line) => /^(node_modules\/plinth\/|imports\.ts)/.test(line))
  if (ours.length > 0) throw new Error(`The declarations do not compile for a user:\n${ours.join('\n')}`)
}

function checkPackage(): void {
  run('Cannot build', process.execPath, [join(root, 'scripts', 'build.ts')], root)
  runNpm('Cannot pack', ['pack', '--ignore-scripts', '--pack-destination', folder], root)
  const tarball = join(folder, `${manifest.name}-${manifest.version}.tgz`)
  run('publint', process.execPath, [join(root, 'node_modules', 'publint', 'src', 'cli.js'), tarball, '--strict'], root)

  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  runNpm('Cannot install the tarball', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline', tarball])
  writeFileSync(join(folder, 'imports.js'), renderImports())
  const counts = JSON.parse(run('Cannot import', process.execPath, ['imports.js'])) as Readonly<Record<string, number>>
  const empty = names.filter((name) => !counts[name])
  if (empty.length > 0) throw new Error(`${empty.join(', ')} export nothing, expected at least one name`)

  compileConsumer()
  const plinth = join(folder, 'node_modules', manifest.name, 'bin', 'plinth.js')
  run('plinth --help', process.execPath, [plinth, '--help'])
  const blog = join(folder, 'blog')
  cpSync(join(root, 'examples', 'blog'), blog, { recursive: true, filter: (path) => basename(path) !== '.plinth' })
  console.log(run('plinth migrate up', process.execPath, [plinth, 'migrate', 'up'], blog).trim())
  for (const name of names) console.log(`${name}: ${counts[name]} names`)
}

try {
  checkPackage()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
