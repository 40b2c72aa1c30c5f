/**
 * Type-checks every example that a reader might paste: the ```ts blocks of README.md, ARCHITECTURE.md and docs/, and the `@example`
 * of every docstring in src/.
 *
 * - A block in a page that imports is a whole file: it imports all that it uses, by the package's public names. One whose first line is a comment with
 *   a file name (`// post.ts`) can be imported under that name by the later blocks of its page. ```ts fragment is left out.
 * - A block of docs/ that imports nothing sees what the folders export, its own folder first; an `@example` sees what its folder exports.
 *   Other free names are the reader's own, of type any.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { EXPORTED } from '../architecture.mjs'

interface Example {
  /** Where the checker sees it; decides what a relative import finds. */
  readonly path: string
  readonly text: string
  /** Where a person finds it. */
  readonly origin: string
  /** The line of the origin on which the text's first line stands, counted from 1. */
  readonly line: number
  readonly home?: string
}

const root = join(import.meta.dirname, '..')
const lineAt = (text: string, index: number) => text.slice(0, index).split('\n').length

function readPages(): Example[] {
  const pages = ['README.md', 'ARCHITECTURE.md', ...globSync('docs/**/*.md', { cwd: root })].filter((page) =>
    existsSync(join(root, page)),
  )
  return pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8')
    const blocks = [...text.matchAll(/^```ts\n(?<code>[\s\S]*?)^```$/gm)]
    return blocks.map((block, index): Example => {
      const code = block.groups?.code ?? ''
      const name = /^\/\/ (?<name>[\w./-]+\.ts)\n/.exec(code)?.groups?.name ?? `block-${index + 1}.ts`
      const path = join(root, 'examples', '.docs', page.replaceAll(/[/.]/g, '-'), name)
      const isWhole = !page.startsWith('docs/') || /^import /m.test(code)
      const home = isWhole ? undefined : basename(page, '.md')
      return { path, text: code, origin: page, line: lineAt(text, block.index) + 1, ...(home && { home }) }
    })
  })
}

function readDocstrings(): Example[] {
  const paths = globSync('src/*/**/*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts'))
  return paths.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    // From the tag to the next tag or the end of the docstring.
    const blocks = [
      ...text.matchAll(/(?<=\/\*\*(?:(?!\*\/)[\s\S])*)(?<![\w.`])@example\b(?<code>(?:(?!\*\/|\n[ \t]*\* @)[\s\S])*)/g),
    ]
    return blocks.map((block, index): Example => {
      const code = (block.groups?.code ?? '').replaceAll(/^[ \t]*\* ?/gm, '').replaceAll(/^```\w*$/gm, '')
      const example = join(root, 'examples', '.docs', path.replaceAll(/[/.]/g, '-'), `example-${index + 1}.ts`)
      return { path: example, text: code, origin: path, line: lineAt(text, block.index) + 1, home: path.split('/')[1] ?? '' }
    })
  })
}

const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config as unknown
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
// An example may show a value without using it.
const lenient: ts.CompilerOptions = { ...options, noUnusedLocals: false, noUnusedParameters: false }

function checkExamples(examples: readonly Example[], texts: ReadonlyMap<string, string>, previous?: ts.Program): ts.Program {
  const host = ts.createCompilerHost(lenient)
  const { fileExists, readFile, getSourceFile, directoryExists } = host
  host.fileExists = (path) => texts.has(path) || fileExists(path)
  host.readFile = (path) => texts.get(path) ?? readFile(path)
  host.directoryExists = (path) => path.includes('/.docs') || (directoryExists?.(path) ?? true)
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = texts.get(path)
    return text === undefined
      ? (previous?.getSourceFile(path) ?? getSourceFile(path, languageVersion, ...rest))
      : ts.createSourceFile(path, text, languageVersion, true)
  }
  return ts.createProgram([...examples.map((example) => example.path), ...indexFiles], lenient, host, previous)
}

const indexFiles = globSync('src/*/index.ts', { cwd: root }).map((path) => join(root, path))
/** Not found, or found only as a type, as `boolean` is. */
const CANNOT_FIND_NAME = [2304, 2503, 2552, 2584, 2693, 18004]

/** The names that the text uses and does not declare. */
function listFreeNames(program: ts.Program, example: Example): string[] {
  const diagnostics = program.getSemanticDiagnostics(program.getSourceFile(example.path))
  const missing = diagnostics.filter((diagnostic) => CANNOT_FIND_NAME.includes(diagnostic.code))
  return [...new Set(missing.map(({ start = 0, length = 0 }) => example.text.slice(start, start + length)))]
}

/** The example with what the docstring's place gives it, in front on one line, so that line numbers stay. */
function addContext(program: ts.Program, example: Example): string {
  // A page shows how folders meet; a docstring is about its own.
  const others = example.origin.startsWith('docs/') ? EXPORTED : []
  const folders = [example.home ?? '', ...others].map((folder) => ({ folder, names: listExports(program, folder) }))
  const context = listFreeNames(program, example).map((name) => {
    const source = folders.find(({ names }) => names.has(name))
    if (source === undefined) return `declare const ${name}: any`
    return `import { ${source.names.get(name) ? '' : 'type '}${name} } from 'plinth/${source.folder}'`
  })
  return `${context.join('; ')}; export {};${example.text}`
}

/** What the folder exports, and whether it is a value: a type is imported as one. */
function listExports(program: ts.Program, folder: string): ReadonlyMap<string, boolean> {
  const index = program.getSourceFile(join(root, 'src', folder, 'index.ts'))
  const checker = program.getTypeChecker()
  const symbol = index && checker.getSymbolAtLocation(index)
  const isValue = (one: ts.Symbol): boolean => {
    const origin = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one
    return (origin.flags & ts.SymbolFlags.Value) !== 0
  }
  return new Map(symbol ? checker.getExportsOfModule(symbol).map((one) => [one.name, isValue(one)]) : [])
}

const examples = [...readPages(), ...readDocstrings()]
const texts = new Map(examples.map((example) => [example.path, example.home ? `${example.text}\nexport {}` : example.text]))
const plain = checkExamples(examples, texts)
for (const example of examples) if (example.home) texts.set(example.path, addContext(plain, example))
const program = checkExamples(examples, texts, plain)

let findings = 0
for (const example of examples) {
  const file = program.getSourceFile(example.path)
  for (const diagnostic of [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]) {
    const line = (file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0) + example.line
    console.error(`${example.origin}:${line} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`)
    findings++
  }
}
console.log(`${examples.length} examples checked, ${findings} findings`)
process.exitCode = findings > 0 ? 1 : 0
