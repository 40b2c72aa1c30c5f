/**
 * Prints the public surface as text, `api/<folder>.txt`: each exported name with its declaration, as a user's editor sees it. A change of
 * what users rely on is then a line in a diff. Compares by default; `--write` (`npm run api`) rewrites.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { EXPORTED } from '../architecture.mjs'

const root = join(import.meta.dirname, '..')
const folders = EXPORTED.filter((folder) => existsSync(join(root, 'src', folder, 'index.ts')))

/** Declarations as the compiler would emit them, so that inferred types are spelt out; by path. */
function emitDeclarations(options: ts.CompilerOptions): Map<string, string> {
  const emitted = new Map<string, string>()
  const program = ts.createProgram(
    folders.map((folder) => join(root, 'src', folder, 'index.ts')),
    { ...options, noEmit: false, declaration: true, emitDeclarationOnly: true, removeComments: true },
  )
  program.emit(undefined, (path, text) => emitted.set(path, text))
  return emitted
}

/** A program over the emitted declarations alone; from disk it reads only the libraries. */
function readDeclarations(emitted: ReadonlyMap<string, string>, options: ts.CompilerOptions): ts.Program {
  const host = ts.createCompilerHost(options)
  const isOwnSource = (path: string) => path.startsWith(join(root, 'src')) && !path.endsWith('.d.ts')
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => emitted.has(path) || (!isOwnSource(path) && fileExists(path))
  host.readFile = (path) => emitted.get(path) ?? readFile(path)
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = emitted.get(path)
    return text === undefined
      ? getSourceFile(path, languageVersion, ...rest)
      : ts.createSourceFile(path, text, languageVersion, true)
  }
  return ts.createProgram([...emitted.keys()], options, host)
}

function renderFolder(folder: string, program: ts.Program): string {
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(join(root, 'src', folder, 'index.d.ts'))
  const symbol = file && checker.getSymbolAtLocation(file)
  if (!symbol) return ''
  const names = checker.getExportsOfModule(symbol).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  // Names that are declared here have a blank line between them; those that are only passed on stand in a list.
  return names.map((name) => renderName(folder, name, checker)).join('')
}

function renderName(folder: string, name: ts.Symbol, checker: ts.TypeChecker): string {
  const target = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name
  const home = relative(join(root, 'src'), target.declarations?.[0]?.getSourceFile().fileName ?? '').split('/')[0]
  // What another folder exports is written out there.
  if (home !== folder) return `${name.name} from ${home}\n`
  const renamed = target.name === name.name ? '' : `// ${name.name} is\n`
  return `${renamed}${(target.declarations ?? []).map(renderDeclaration).join('')}\n`
}

function renderDeclaration(declaration: ts.Declaration): string {
  // A constant's own declaration is a part of `export declare const name: type`.
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  const printer = ts.createPrinter({ removeComments: true })
  const text = printer.printNode(ts.EmitHint.Unspecified, statement, declaration.getSourceFile())
  const indented = text.replace(/^( {4})+/gm, (spaces) => ' '.repeat(spaces.length / 2))
  return `${indented.replace(/^export (declare )?/, '').replace(/;$/gm, '')}\n`
}

const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config as unknown
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
const program = readDeclarations(emitDeclarations(options), { ...options, skipLibCheck: true })
const surfaces = new Map(folders.map((folder) => [`${folder}.txt`, renderFolder(folder, program)]))

const api = join(root, 'api')
mkdirSync(api, { recursive: true })
const stale = readdirSync(api).filter((name) => !surfaces.has(name))
if (process.argv.includes('--write')) {
  for (const name of stale) rmSync(join(api, name))
  for (const [name, text] of surfaces) writeFileSync(join(api, name), text)
} else {
  const differing = [...surfaces].filter(
    ([name, text]) => !existsSync(join(api, name)) || readFileSync(join(api, name), 'utf8') !== text,
  )
  const names = [...differing.map(([name]) => name), ...stale]
  if (names.length > 0) {
    console.error(
      `The public names differ from api/${names.join(', api/')}. Where that is meant: npm run api, and commit the diff.`,
    )
    process.exitCode = 1
  }
}
