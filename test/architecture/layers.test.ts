import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { EXPORTED, FOLDERS, LIBRARIES, lowerFolders, PURE } from '../../architecture.mjs'
import { ROOT, runCruise } from './cruise.ts'

const planted: string[] = []
afterEach(() => {
  for (const folder of planted.splice(0)) rmSync(folder, { recursive: true })
})

/** A project of its own with these files, under the rules of this one. */
function plant(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-layers-'))
  planted.push(folder)
  const compilerOptions = { module: 'NodeNext', allowImportingTsExtensions: true, noEmit: true }
  for (const [path, text] of Object.entries({ ...files, 'tsconfig.json': JSON.stringify({ compilerOptions }) })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

const listTypeScript = () =>
  readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))

const packageJson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, { readonly source: string } | string>>
  readonly dependencies: Readonly<Record<string, string>>
}

describe('the table of layers', () => {
  test('names every folder of src, and nothing else', () => {
    expect(readdirSync(join(ROOT, 'src')).sort()).toEqual([...FOLDERS].sort())
  })

  test('is the list of subpaths that the package exports', () => {
    const subpaths = Object.keys(packageJson.exports).filter((path) => path !== '.' && path !== './package.json')

    expect(subpaths.sort()).toEqual(EXPORTED.map((folder) => `./${folder}`).sort())
  })

  test('gives every dependency of the package a home', () => {
    expect(Object.keys(LIBRARIES).sort()).toEqual(Object.keys(packageJson.dependencies).sort())
  })

  test('puts pure folders on nothing but pure folders and observe', () => {
    const below = new Set(PURE.flatMap(lowerFolders))

    expect([...below].filter((folder) => !PURE.includes(folder))).toEqual(['observe'])
  })
})

describe('the layers', () => {
  test('hold in src, and every file was looked at', () => {
    const { modules, violations } = runCruise(ROOT)

    expect(violations).toEqual([])
    expect(modules.length).toBeGreaterThan(0)
    expect([...modules].sort()).toEqual(
      listTypeScript()
        .map((path) => `src/${path}`)
        .sort(),
    )
  })

  test('catch each kind of violation that is planted', () => {
    const folder = plant({
      'src/kernel/index.ts': "export { late } from '../app/index.ts'\n",
      'src/kernel/clock.ts': "import { readFileSync } from 'node:fs'\nexport const clock = readFileSync\n",
      'src/app/index.ts': "export { late } from './late.ts'\n",
      'src/app/late.ts': "import type { deep } from '../kernel/deep.ts'\nexport const late: typeof deep = 1\n",
      'src/app/near.ts': "import { late } from './index.ts'\nexport const near = late\n",
      'src/kernel/deep.ts': "import { gone } from './gone.ts'\nexport const deep = gone\n",
      'src/pg/index.ts': "export { b } from './b.ts'\nexport { rest } from '../rest/index.ts'\n",
      'src/pg/b.ts': "import type { c } from './c.ts'\nexport const b: typeof c = 1\n",
      'src/pg/c.ts': "import type { b } from './b.ts'\nexport const c: typeof b = 1\n",
      'src/rest/index.ts': "import pg from 'pg'\nimport chalk from 'chalk'\nexport const rest = [pg, chalk]\n",
      'node_modules/pg/package.json': '{"name":"pg","main":"dist/index.js"}',
      'node_modules/pg/dist/index.js': '',
      'node_modules/chalk/package.json': '{"name":"chalk","main":"index.js"}',
      'node_modules/chalk/index.js': '',
    })

    const { violations } = runCruise(folder)

    expect(violations.toSorted()).toEqual([
      'home-of-pg: src/rest/index.ts → node_modules/pg/dist/index.js',
      'known-library: src/rest/index.ts → node_modules/chalk/index.js',
      'layer-kernel: src/kernel/index.ts → src/app/index.ts',
      'layer-pg: src/pg/index.ts → src/rest/index.ts',
      'no-cycles: src/pg/b.ts → src/pg/c.ts',
      'not-own-index: src/app/near.ts → src/app/index.ts',
      'pure: src/kernel/clock.ts → fs',
      'resolvable: src/kernel/deep.ts → ./gone.ts',
      'through-index: src/app/late.ts → src/kernel/deep.ts',
    ])
  })
})
