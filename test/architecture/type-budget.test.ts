import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ROOT } from './cruise.ts'

const RESOURCES = 200
const SECONDS_MAX = 10
const MEMORY_KILOBYTES_MAX = 1024 * 1024

const folder = mkdtempSync(join(tmpdir(), 'plinth-types-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Ten fields, a relation to the resource before, policies over the record, and an action that reads and writes the record. */
function renderResource(index: number): string {
  const parent = index === 0 ? '' : `import { Thing${index - 1} } from './thing-${index - 1}.ts'`
  const owner = index === 0 ? 'text({ max: 40 })' : `belongsTo(Thing${index - 1})`
  return `
import { belongsTo, boolean, choice, date, decimal, email, integer, permit, resource, text, timestamp, url } from 'plinth'
${parent}
export const Thing${index} = resource('thing${index}', {
  fields: {
    parent: ${owner},
    title: text({ min: 1, max: 200 }),
    contact: email().optional(),
    amount: integer(),
    price: decimal({ digits: 12, scale: 2 }),
    active: boolean().default(true),
    state: choice(['draft', 'open', 'closed']).default('draft'),
    dueOn: date().optional(),
    doneAt: timestamp().optional().readOnly(),
    page: url().optional(),
  },
  list: { sort: ['-createdAt', 'title'], filter: ['state', 'createdAt', 'amount'], search: ['title'] },
  policies: ({ actor, record }) => [
    permit('read').when(record.state.is('open')),
    permit('create', 'update', 'delete', 'close').to('admin').when(actor.isUser),
  ],
  actions: (action) => ({
    close: action({
      input: { at: timestamp().optional() },
      async run({ record, input, store, clock }) {
        const late: boolean = record.amount > 10 && record.state !== 'closed'
        return store.update(record, { state: late ? 'closed' : 'open', doneAt: input.at ?? new Date(clock.now()) })
      },
    }),
  }),
})
`
}

function writeProject(resources: number, extra = ''): void {
  const names = Array.from({ length: resources }, (_, index) => `Thing${index}`)
  for (const [index] of names.entries()) writeFileSync(join(folder, `thing-${index}.ts`), renderResource(index))
  const imports = names.map((name, index) => `import { ${name} } from './thing-${index}.ts'`)
  const whole = `export default domain({ name: 'large', roles: { admin: [] }, resources: [${names.join(', ')}] })`
  writeFileSync(join(folder, 'domain.ts'), ["import { domain } from 'plinth'", ...imports, whole, extra].join('\n'))
  const compilerOptions = {
    // The words of the declaration alone: what else the package exports is paid once, not for each resource.
    paths: { plinth: [join(ROOT, 'src', 'model', 'index.ts')] },
    noUnusedLocals: false,
    typeRoots: [join(ROOT, 'node_modules', '@types')],
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: [], files: ['domain.ts'] }),
  )
}

/** Processor time, not time on the clock, so that a busy machine does not fail the budget. */
const REPORT_USAGE = `process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  console.log('Usage:', (userCPUTime + systemCPUTime) / 1e6, maxRSS)
})`

function runCompiler() {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(REPORT_USAGE)}`, compiler, '-p', folder],
    { encoding: 'utf8' },
  )
  const [, seconds, kilobytes] = /^Usage: ([\d.]+) (\d+)$/m.exec(stdout) ?? []
  return {
    errors: stdout.split('\n').filter((line) => line.includes('error TS')),
    seconds: Number(seconds),
    kilobytes: Number(kilobytes),
  }
}

// The clock of a busy machine decides nothing here, so the limit is wide.
describe('a large domain', { timeout: 180_000 }, () => {
  test(`of ${RESOURCES} resources with ten fields each is checked within its budget of time and memory`, () => {
    writeProject(RESOURCES)

    const { errors, seconds, kilobytes } = runCompiler()

    expect(errors).toEqual([])
    expect(seconds).toBeLessThan(SECONDS_MAX)
    expect(kilobytes).toBeLessThan(MEMORY_KILOBYTES_MAX)
  })

  test('is really typed: a value that does not fit its field is an error', () => {
    writeProject(
      8,
      "import type { RecordOf } from 'plinth'\nexport const wrong: RecordOf<typeof Thing7.fields>['amount'] = 'seven'",
    )

    const { errors } = runCompiler()

    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain("Type 'string' is not assignable to type 'number'")
  })
})
