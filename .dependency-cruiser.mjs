/** Turns the table in `architecture.mjs` into rules. Knows no folder and no library by name. */
import { FOLDERS, LIBRARIES, lowerFolders, PURE, TEST_LIBRARIES } from './architecture.mjs'

/** @param {readonly string[]} names */
const anyOf = (names) => `(?:${names.map((name) => name.replaceAll('.', '\\.')).join('|')})`
const TEST_FILES = '\\.test\\.ts$'
/**
 * A library's own files, or its types from DefinitelyTyped.
 * @param {readonly string[]} names
 */
const packageOf = (names) => `(?:^|/)node_modules/(?:@types/)?${anyOf(names)}/`

const layers = FOLDERS.map((folder) => ({
  name: `layer-${folder}`,
  comment: `${folder} may import lower rows only: ${lowerFolders(folder).join(', ') || 'nothing'}. See architecture.mjs.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/${anyOf([folder, ...lowerFolders(folder)])}/` },
}))

const homes = Object.entries(LIBRARIES).map(([library, folders]) => ({
  name: `home-of-${library}`,
  comment: `${library} is at home in ${folders.join(', ')}; elsewhere use what that folder makes of it.`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${anyOf(folders)}/` },
  to: { path: packageOf([library]) },
}))

export default {
  forbidden: [
    ...layers,
    ...homes,
    {
      name: 'through-index',
      comment: "Another folder is entered through its index.ts; what is not exported there is that folder's own business.",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'not-own-index',
      comment: 'Inside a folder files import each other; index.ts is the door for the others.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: TEST_FILES },
      to: { path: '^src/$1/index\\.ts$' },
    },
    {
      name: 'no-cycles',
      comment: 'Files that import each other in a ring are one file in disguise: move what both need below both.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure',
      comment: `${PURE.join(', ')} do no I/O, so they import nothing of Node: take it as an argument.`,
      severity: 'error',
      from: { path: `^src/${anyOf(PURE)}/`, pathNot: TEST_FILES },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'known-library',
      comment: 'A new dependency gets a home in architecture.mjs and a row in decisions/0002-dependencies.md.',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST_FILES },
      to: { path: 'node_modules/', pathNot: packageOf([...Object.keys(LIBRARIES), 'node']) },
    },
    {
      name: 'known-test-library',
      comment: 'Tests beside the code need the test runner and what the code itself uses.',
      severity: 'error',
      from: { path: TEST_FILES },
      to: { path: 'node_modules/', pathNot: packageOf([...Object.keys(LIBRARIES), ...TEST_LIBRARIES, 'node']) },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['source', 'types', 'import', 'node', 'default'] },
  },
}
