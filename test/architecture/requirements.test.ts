/** Holds docs/requirements.md to the tree: every requirement once, every file there, every proof findable by the id that it proves. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
/** The formatter pads the cells of a table; what they hold is the same without. */
const PAGE = readFileSync(join(ROOT, 'docs', 'requirements.md'), 'utf8').replaceAll(/ +\|/g, ' |')

/** How many ids each family has: `API-01` to `API-11`. */
const FAMILIES: Readonly<Record<string, number>> = {
  API: 11,
  GQL: 7,
  RPC: 5,
  DB: 6,
  IDX: 4,
  MIG: 7,
  JWT: 3,
  OAU: 2,
  ACC: 4,
  IDN: 2,
  CAC: 7,
  ERR: 2,
  RES: 5,
  LOG: 5,
  OBS: 3,
  ALR: 1,
  TST: 2,
  SEC: 10,
  INP: 2,
}
const IDS = [
  ...Object.entries(FAMILIES).flatMap(([family, count]) =>
    Array.from({ length: count }, (_, at) => `${family}-${String(at + 1).padStart(2, '0')}`),
  ),
  '11-roles',
  '11-sizes',
]

interface Proof {
  readonly file: string
  readonly titles: readonly string[]
}
interface Row {
  readonly id: string
  readonly files: readonly string[]
  readonly proofs: readonly Proof[]
  readonly state: string
}

function readRows(page: string): readonly Row[] {
  const lines = page.split('\n').filter((line) => /^\| (?:[A-Z]{2,3}-\d\d|11-[a-z]+) \|/.test(line))
  return lines.map((line) => {
    const [id = '', , where = '', proof = '', state = '', ...more] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
    if (more.length > 0) throw new Error(`Cannot read the row of ${id}: it has more than five cells`)
    const proofs = [...proof.matchAll(/`([^`]+)`([^`]*)/g)].map(
      ([, file = '', rest = '']): Proof => ({ file, titles: [...rest.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title) }),
    )
    return { id, files: [...where.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file), proofs, state }
  })
}

const isThere = (path: string): boolean => existsSync(join(ROOT, path))
const textOf = (path: string): string => (isThere(path) ? readFileSync(join(ROOT, path), 'utf8') : '')

/** What is wrong with a page, as sentences. */
function findProblems(page: string): readonly string[] {
  const rows = readRows(page)
  const count = (id: string): number => rows.filter((row) => row.id === id).length
  return [
    ...IDS.filter((id) => count(id) !== 1).map((id) => `${id} stands ${count(id)} times, expected once`),
    ...rows.filter(({ id }) => !IDS.includes(id)).map(({ id }) => `${id} is no requirement`),
    ...rows.flatMap(findRowProblems),
  ]
}

function findRowProblems({ id, files, proofs, state }: Row): readonly string[] {
  const paths = [...files, ...proofs.map(({ file }) => file)]
  const isKnown = /^(?:proven$|partly: .|not built: .)/.test(state)
  return [
    ...(isKnown ? [] : [`${id} is "${state}", expected proven, partly: … or not built: …`]),
    ...(state === 'proven' && (files.length === 0 || proofs.length === 0) ? [`${id} is proven by nothing`] : []),
    ...(state.startsWith('not built') && paths.length > 0 ? [`${id} is not built and names files`] : []),
    ...paths.filter((path) => !isThere(path)).map((path) => `${id} names ${path}, which is not there`),
    ...proofs.flatMap(({ file, titles }) => {
      const text = textOf(file)
      return [
        ...(text.includes(id) ? [] : [`${file} does not name ${id}`]),
        ...(titles.length > 0 ? [] : [`${id} names no test in ${file}`]),
        ...titles.filter((title) => !text.includes(title)).map((title) => `${file} has no test "${title}" (${id})`),
      ]
    }),
  ]
}

describe('docs/requirements.md', () => {
  test('holds every requirement once, with files and tests that are there', () => {
    expect(IDS).toHaveLength(90)
    expect(findProblems(PAGE)).toEqual([])
  })
})

describe('the check of the requirements', () => {
  const row = PAGE.split('\n').find((line) => line.startsWith('| API-01 |')) ?? ''

  test.each([
    ['a row that is missing', PAGE.replace(row, ''), 'API-01 stands 0 times, expected once'],
    ['a row that is there twice', PAGE.replace(row, `${row}\n${row}`), 'API-01 stands 2 times, expected once'],
    ['an id that is none', `${PAGE}\n${row.replace('API-01', 'API-99')}`, 'API-99 is no requirement'],
    [
      'a file that is not there',
      PAGE.replace('`src/rest/routes.ts`', '`src/rest/nowhere.ts`'),
      'API-01 names src/rest/nowhere.ts, which is not there',
    ],
    ['a test that is not there', PAGE.replace('"POST answers 201', '"POST answers 299'), 'has no test "POST answers 299'],
    [
      'a test file that does not name the id',
      PAGE.replace('`test/conformance/rest.test.ts` "POST', '`test/conformance/openapi.test.ts` "POST'),
      'openapi.test.ts does not name API-01',
    ],
    ['a state that is none', PAGE.replace(row, row.replace('| proven |', '| mostly |')), 'API-01 is "mostly"'],
    [
      'a proof that is none',
      PAGE.replace(row, '| API-01 | x | `src/rest/routes.ts` | | proven |'),
      'API-01 is proven by nothing',
    ],
  ])('finds %s', (_, page, problem) => {
    expect(findProblems(page).join('\n')).toContain(problem)
  })
})
