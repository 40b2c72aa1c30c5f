/**
 * Holds the protobuf files of the reference service to the declaration, to the rules of buf, and to what was published before: the last commit,
 * and the one before it where there is nothing to commit. `PLINTH_PROTO_BASE` names another commit, such as the last release.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const service = 'examples/blog'
const buf = join(root, 'tools', 'node_modules', '.bin', 'buf')

function run(program: string, options: readonly string[], cwd = root): { readonly ok: boolean; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync(program, options, { cwd, encoding: 'utf8', timeout: 60_000 })
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim() }
}

/** The commits that clients may have been built from. A shallow clone may lack the second. */
function findBases(): readonly string[] {
  const named = process.env['PLINTH_PROTO_BASE']
  return (named === undefined ? ['HEAD', 'HEAD^'] : [named]).filter(
    (base) => run('git', ['cat-file', '-e', `${base}:${service}/buf.yaml`]).ok,
  )
}

const checks: readonly (readonly [name: string, program: string, options: readonly string[], cwd?: string])[] = [
  ['plinth proto --check', process.execPath, [join(root, 'bin/plinth.js'), 'proto', '--check'], join(root, service)],
  ['buf lint', buf, ['lint', service]],
  ['buf format', buf, ['format', '--diff', '--exit-code', service]],
  ...findBases().map((base) => {
    const commit = run('git', ['rev-parse', base]).output
    return [
      `buf breaking since ${base}`,
      buf,
      ['breaking', service, '--against', `.git#ref=${commit},subdir=${service}`],
    ] as const
  }),
]

for (const [name, program, options, cwd] of checks) {
  const { ok, output } = run(program, options, cwd)
  console.log(`${name}: ${ok ? 'fine' : `failed\n${output}`}`)
  if (!ok) process.exitCode = 1
}
