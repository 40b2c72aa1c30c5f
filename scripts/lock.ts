/**
 * Holds the lock file to what a supply chain needs: every package pinned by an integrity hash, every direct dependency pinned to one
 * version, no package from anywhere but a registry, and a software bill of materials that npm can write from it.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface LockEntry {
  readonly integrity?: string
  readonly link?: boolean
  readonly resolved?: string
  readonly inBundle?: boolean
}
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '..')
const readJson = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'))
const lock = readJson('package-lock.json') as { readonly packages: Readonly<Record<string, LockEntry>> }
const manifest = readJson('package.json') as Manifest

const findings: string[] = []
for (const [path, entry] of Object.entries(lock.packages)) {
  if (!path.includes('node_modules/') || entry.link || entry.inBundle) continue
  if (!entry.integrity?.startsWith('sha512-')) findings.push(`${path} has no sha512 integrity hash`)
  if (entry.resolved && !entry.resolved.startsWith('https://')) findings.push(`${path} comes from ${entry.resolved}`)
}
for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) findings.push(`${name} is not pinned: "${version}", expected one version`)
}
const npm = process.env.npm_execpath
const sbomCommand = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--omit=dev']
const sbom = npm
  ? spawnSync(process.execPath, [npm, ...sbomCommand], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  : spawnSync('npm', sbomCommand, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
const components =
  sbom.status === 0 ? (JSON.parse(sbom.stdout) as { readonly components: readonly unknown[] }).components.length : 0
if (components < Object.keys(manifest.dependencies).length)
  findings.push(`npm sbom wrote ${components} components: ${sbom.stderr}`)

for (const finding of findings) console.error(finding)
console.log(`${Object.keys(lock.packages).length} packages locked, ${components} components in the bill of materials`)
process.exitCode = findings.length > 0 ? 1 : 0
