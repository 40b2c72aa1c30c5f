/** Runs dependency-cruiser with the project's own rules over the `src/` of a folder, the project itself or a planted one. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')

export interface Cruise {
  /** Paths of the modules under `src/` that were really read. */
  readonly modules: readonly string[]
  /** `rule: from → to`, one for each violation. */
  readonly violations: readonly string[]
}

interface CruiseOutput {
  readonly modules: readonly { readonly source: string }[]
  readonly summary: {
    readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string; readonly to: string }[]
  }
}

export function runCruise(folder: string): Cruise {
  const program = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs')
  const config = join(ROOT, '.dependency-cruiser.mjs')
  const args = [program, '--config', config, '--output-type', 'json', 'src']
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (stdout === '') throw new Error(`Cannot run dependency-cruiser: ${stderr}`)
  const output = JSON.parse(stdout) as CruiseOutput
  return {
    modules: output.modules.map((module) => module.source).filter((source) => source.startsWith('src/')),
    violations: output.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
  }
}
