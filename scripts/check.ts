/**
 * Runs every check there is, the same here as in CI, and prints one line for each: name, verdict, seconds. The output of a step
 * is shown only when it failed. `--fast` leaves out the tests and the package; `--skip=<step>` leaves out one.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

interface Step {
  readonly name: string
  readonly command: readonly string[]
  /** Too slow for between two edits. */
  readonly slow?: true
}

interface Verdict {
  readonly step: Step
  readonly ok: boolean
  readonly seconds: number
  readonly output: string
}

const root = join(import.meta.dirname, '..')
const node = process.execPath
const script = (name: string, ...options: string[]) => [node, join(root, 'scripts', name), ...options]
const tool = (name: string, ...options: string[]) => [join(root, 'tools', 'node_modules', '.bin', name), ...options]
const library = (path: string, ...options: string[]) => [node, join(root, 'node_modules', path), ...options]

const STEPS: readonly Step[] = [
  // `npm run format` mends the first.
  { name: 'format', command: tool('biome', 'check', '--linter-enabled=false', '--reporter=summary', '.') },
  { name: 'lint', command: tool('biome', 'lint', '--error-on-warnings', '--max-diagnostics=100', '.') },
  { name: 'types', command: library('typescript/bin/tsc', '--project', '.', '--pretty', 'false') },
  {
    name: 'layers',
    command: library('dependency-cruiser/bin/dependency-cruiser.mjs', '--config', '.dependency-cruiser.mjs', 'src'),
  },
  { name: 'unused code', command: tool('knip', '--no-config-hints') },
  { name: 'public names', command: script('api.ts') },
  { name: 'examples in docs', command: script('examples.ts') },
  { name: 'lock file', command: script('lock.ts') },
  { name: 'protobuf', command: script('proto.ts') },
  { name: 'tour of the docs', command: script('tour.ts'), slow: true },
  { name: 'tests', command: script('test.js'), slow: true },
  { name: 'package', command: script('package.ts'), slow: true },
]

const arguments_ = process.argv.slice(2)
const isFast = arguments_.includes('--fast')
const left = STEPS.filter((step) => (isFast && step.slow) || arguments_.includes(`--skip=${step.name}`))
const isTerminal = process.stdout.isTTY
const paint = (code: number, text: string) => (isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text)
const green = (text: string) => paint(32, text)
const red = (text: string) => paint(31, text)
const grey = (text: string) => paint(90, text)

function runStep(step: Step): Promise<Verdict> {
  const [program = '', ...options] = step.command
  const startMs = performance.now()
  const { promise, resolve } = Promise.withResolvers<Verdict>()
  let output = ''
  const finish = (ok: boolean) => resolve({ step, ok, seconds: (performance.now() - startMs) / 1000, output })
  const child = spawn(program, options, { cwd: root, env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } })
  const collect = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  child.on('error', (error) => {
    output += `Cannot run ${program}: ${error.message}\n`
    finish(false)
  })
  child.on('close', (code) => finish(code === 0))
  return promise
}

function renderVerdict({ step, ok, seconds }: Verdict): string {
  return `  ${ok ? green('✓') : red('✗')} ${step.name.padEnd(18)}${grey(`${seconds.toFixed(1).padStart(6)} s`)}`
}

const verdicts: Verdict[] = []
for (const step of STEPS) {
  if (left.includes(step)) {
    console.log(grey(`  - ${step.name.padEnd(18)} left out`))
    continue
  }
  if (isTerminal) process.stdout.write(grey(`  … ${step.name}`))
  const verdict = await runStep(step)
  if (isTerminal) process.stdout.write('\r\u001b[2K')
  console.log(renderVerdict(verdict))
  verdicts.push(verdict)
}

const failures = verdicts.filter((verdict) => !verdict.ok)
for (const { step, output } of failures) console.log(`\n${red(`── ${step.name} `.padEnd(78, '─'))}\n${output.trim()}`)
const seconds = verdicts.reduce((sum, verdict) => sum + verdict.seconds, 0)
console.log(
  `\n${verdicts.length - failures.length} checks passed, ${failures.length} failed ${grey(`in ${seconds.toFixed(0)} s`)}`,
)
process.exitCode = failures.length > 0 ? 1 : 0
