/**
 * Runs the tests under the pinned Node and ends with what a person, or a machine that reads only the last line, wants to know:
 * first each suite that was left out for want of a server, then `N passed, N failed` alone on a line. Options go to vitest.
 */
import { spawn } from 'child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'fs'
import { tmpdir } from 'os'
import { dirname, join, relative } from 'path'
import { fileURLToPath } from 'url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
const notes = mkdtempSync(join(tmpdir(), 'plinth-test-'))
const resultsFile = join(notes, 'results.json')
const skipsFile = join(notes, 'skips.jsonl')

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const TITLES_MAX = 20
const args = ['run', '--allowOnly=false', '--reporter=default', '--reporter=json', `--outputFile.json=${resultsFile}`].concat(
  process.argv.slice(2),
)
const child = spawn(node, [vitest].concat(args), {
  cwd: root,
  stdio: 'inherit',
  // The servers that tests start write their skips here: see src/testing/skips.ts.
  env: Object.assign({}, process.env, { PLINTH_SKIPS_FILE: skipsFile }),
})
// Ctrl-C reaches vitest by itself, which then stops the servers that it started; this process waits for it.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code) => {
  const skips = readSkips()
  const results = existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : undefined
  rmSync(notes, { recursive: true, force: true })
  const passed = results ? results.numPassedTests : 0
  const skipped = results ? results.numPendingTests + results.numTodoTests : 0
  // A file that does not load and an error outside every test have no test of their own to count.
  const failed = (results ? results.numFailedTests : 0) || (code === 0 ? 0 : 1)
  if (skips.length > 0) {
    console.log(`\nLEFT OUT, because something is not installed on this machine:`)
    for (const skip of skips) console.log(`  ${skip.name}: ${skip.reason}`)
  }
  // Whoever sees only the end of a long log should see what to run again.
  for (const title of failedTitles(results).slice(0, TITLES_MAX)) console.log(`FAILED ${title}`)
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exit(failed > 0 ? code || 1 : 0)
})

/**
 * @typedef {{ status: string, fullName: string }} TestResult
 * @typedef {{ name: string, status: string, assertionResults: readonly TestResult[] }} FileResult
 * @param {{ testResults: readonly FileResult[] } | undefined} results what vitest's JSON reporter wrote
 * @returns {string[]}
 */
function failedTitles(results) {
  const files = results ? results.testResults : []
  return files.flatMap((file) => {
    const name = relative(root, file.name)
    const failed = file.assertionResults.filter((test) => test.status === 'failed').map((test) => `${name} > ${test.fullName}`)
    // A file that does not load has no test to name.
    return failed.length === 0 && file.status === 'failed' ? [name] : failed
  })
}

function readSkips() {
  if (!existsSync(skipsFile)) return []
  const lines = readFileSync(skipsFile, 'utf8').split('\n')
  const distinct = Array.from(new Set(lines.filter((line) => line !== '')))
  return distinct.map((line) => JSON.parse(line))
}
