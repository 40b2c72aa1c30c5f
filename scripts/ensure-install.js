/**
 * Installs what is missing, before `npm start`, `npm test` and `npm run check`. Plain JavaScript: it runs first in a fresh clone,
 * on any Node that npm itself runs on.
 *
 * What is installed is compared with the lock file package by package, not by the age of a file, which a checkout changes for no reason.
 * With `--tools` the formatter and its like in `tools/` are seen to as well.
 */
import { spawnSync } from 'child_process'
import { existsSync, readFileSync } from 'fs'
import { dirname, join } from 'path'
import { fileURLToPath } from 'url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

if (!isInstalled()) {
  console.log('Plinth: installing the dependencies from package-lock.json (once, about half a minute)')
  run('ci', root)
}
if (process.argv.includes('--tools') && !areToolsInstalled()) {
  console.log('Plinth: installing the formatter and linter into tools/ (once)')
  run('install', join(root, 'tools'))
}

function isInstalled() {
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))
  if (!installed || !existsSync(join(root, 'node_modules', 'node', 'bin'))) return false
  const wanted = readJson(join(root, 'package-lock.json')).packages
  return Object.keys(wanted).every((path) => {
    const entry = wanted[path]
    if (!path.startsWith('node_modules/') || entry.link || entry.optional) return true
    const present = installed.packages[path]
    return Boolean(present) && present.version === entry.version
  })
}

function areToolsInstalled() {
  const wanted = readJson(join(root, 'tools', 'package.json')).devDependencies
  return Object.keys(wanted).every((name) => {
    const present = readJson(join(root, 'tools', 'node_modules', name, 'package.json'))
    return Boolean(present) && present.version === wanted[name]
  })
}

/**
 * @param {string} command
 * @param {string} cwd
 */
function run(command, cwd) {
  // npm names its own program to the scripts it runs; on its own this file falls back to the PATH.
  const npm = process.env.npm_execpath
  const args = [command, '--no-audit', '--no-fund', '--loglevel=error']
  const done = npm
    ? spawnSync(process.execPath, [npm].concat(args), { cwd, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' })
  if (done.status !== 0) {
    console.error(
      `Cannot install the dependencies: npm ${command} ended with ${done.status}, expected 0. Is the npm registry reachable?`,
    )
    process.exit(1)
  }
}

/** @param {string} path */
function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}
