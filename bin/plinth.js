#!/usr/bin/env node
/**
 * Starts the command line on a Node that can run it. Plain JavaScript of 2019, because an old Node has to read it in order to
 * say what is needed. Knows nothing of the commands themselves.
 *
 * - On Node >= 24 the command line is loaded into this very process.
 * - A service gets the flags of V8 that keep it small, which V8 takes at the start of a process only: the process replaces
 *   itself, with its id, once. Why these: decisions/0018-memory.md.
 * - On an older Node the binary that npm's `node` package has put into the nearest node_modules takes over in a child.
 * - In a source checkout (`src/` beside this folder, not under node_modules) imports of the package resolve to `src/`, so that
 *   development never runs a stale build.
 */
import { spawn } from 'child_process'
import { existsSync, readFileSync } from 'fs'
import * as moduleApi from 'module'
import { constants } from 'os'
import { dirname, join, sep } from 'path'
import { fileURLToPath, pathToFileURL } from 'url'

const NODE_MAJOR_MIN = 24
/** Young objects get 16 MiB in two halves, where V8 takes up to 128 MiB of a large machine. */
const SERVICE_FLAGS = ['--max-semi-space-size=8']
/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
/** How long a signal may take to reach the child by itself, when the whole process group got it, before it is passed on. */
const FORWARD_AFTER_MS = 150

const launcher = fileURLToPath(import.meta.url)
const root = dirname(dirname(launcher))

/** What Node is still to be told: nothing for short commands, nor where somebody has chosen for themselves. */
const isService = process.argv[2] === 'start' || process.argv[2] === 'dev'
const isChosen = process.execArgv.concat(process.env.NODE_OPTIONS || '').some((text) => text.includes('semi-space-size'))
const flags = isService && !isChosen ? SERVICE_FLAGS : []

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) runInNewerNode()
else {
  replaceProcess()
  runHere()
}

/** Starts anew with the flags, under the same process id. Returns where that is not needed or not possible. */
function replaceProcess() {
  // A channel to the parent would not outlive it.
  if (flags.length === 0 || process.channel || !process.execve) return
  try {
    process.execve(
      process.execPath,
      [process.execPath].concat(process.execArgv, flags, launcher, process.argv.slice(2)),
      process.env,
    )
  } catch (error) {
    console.error(`Cannot start with ${flags.join(' ')}: ${error}. It goes on without, and takes more memory`)
  }
}

function runHere() {
  if (process.send && process.env.PLINTH_LAUNCHED) reportSignals()
  moduleApi.enableCompileCache()
  const isCheckout = existsSync(join(root, 'src', 'cli', 'main.ts')) && !root.split(sep).includes('node_modules')
  if (isCheckout && !process.execArgv.includes('--conditions=source')) {
    moduleApi.registerHooks({
      resolve: (specifier, context, next) => next(specifier, { ...context, conditions: context.conditions.concat('source') }),
    })
  }
  import(pathToFileURL(isCheckout ? join(root, 'src', 'cli', 'main.ts') : join(root, 'dist', 'cli', 'main.js')).href).catch(
    (error) => {
      console.error(error)
      process.exit(1)
    },
  )
}

function runInNewerNode() {
  const node = findNode(root) || findNode(process.cwd())
  if (!node) {
    console.error(
      `Cannot start plinth: this is Node ${process.versions.node}, expected Node ${NODE_MAJOR_MIN} or newer. ` +
        `Install it, or put it beside the package: npm install --save-dev node@${NODE_MAJOR_MIN}`,
    )
    process.exit(2)
  }
  const child = spawn(node, process.execArgv.concat(flags, launcher, process.argv.slice(2)), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: Object.assign({}, process.env, { PLINTH_LAUNCHED: '1' }),
  })
  // A signal to the group reaches the child twice if it is also passed on, and a second Ctrl-C often means "at once": so the
  // child tells which signals it has got, and only those that it has not are passed on.
  /** @type {Record<string, number>} */
  const seen = {}
  child.on('message', (/** @type {{ plinthSignal?: string }} */ message) => {
    const signal = message.plinthSignal
    if (signal) seen[signal] = (seen[signal] || 0) + 1
  })
  /** @type {Record<string, number>} */
  const received = {}
  SIGNALS.forEach((signal) => {
    process.on(signal, () => {
      const count = (received[signal] || 0) + 1
      received[signal] = count
      setTimeout(() => {
        if ((seen[signal] || 0) < count) child.kill(signal)
      }, FORWARD_AFTER_MS)
    })
  })
  child.on('error', (error) => {
    console.error(`Cannot start plinth: ${node} did not run: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    process.exit(signal ? 128 + constants.signals[signal] : code || 0)
  })
}

/** In the child: tells the launcher which signals have come, and stops when the launcher has died without a word. */
function reportSignals() {
  delete process.env.PLINTH_LAUNCHED
  SIGNALS.forEach((signal) => {
    const report = () => {
      if (process.send && process.connected) process.send({ plinthSignal: signal })
      // With no other listener the signal keeps its ordinary meaning.
      if (process.listenerCount(signal) === 1) {
        process.removeListener(signal, report)
        process.kill(process.pid, signal)
      }
    }
    process.on(signal, report)
  })
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  if (process.channel) process.channel.unref()
}

/**
 * The binary of npm's `node` package in the nearest node_modules above `folder`, if it is new enough.
 * @param {string} folder
 * @returns {string | undefined}
 */
function findNode(folder) {
  const home = join(folder, 'node_modules', 'node')
  const binary = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(binary)) {
    const version = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version
    if (parseInt(version, 10) >= NODE_MAJOR_MIN) return binary
  }
  return dirname(folder) === folder ? undefined : findNode(dirname(folder))
}
