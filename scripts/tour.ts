/**
 * Runs what a reader would paste: the ```sh run blocks of README.md and docs/, in the order of each page, against a reference service
 * of its own (a copy of `examples/blog`, an empty database, free ports). A block passes when every command ends with 0; curl counts a
 * status of 400 or above as a failure. Pages are written for port 3000
 * and for `examples/blog`; the free port and the copy take their places.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join, relative } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

interface Block {
  readonly page: string
  readonly line: number
  readonly text: string
}

const READY_MS_MAX = 60_000
const BLOCK_MS_MAX = 60_000
const STOP_MS_MAX = 15_000
const root = join(import.meta.dirname, '..')

function readBlocks(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```sh run\n(?<code>[\s\S]*?)^```$/gm)].map((block) => ({
    page,
    line: text.slice(0, block.index).split('\n').length,
    text: block.groups?.code ?? '',
  }))
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<number>()
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
  })
  return promise
}

async function waitUntilReady(port: number, service: ChildProcess, output: readonly string[]): Promise<void> {
  const deadlineMs = performance.now() + READY_MS_MAX
  while (performance.now() < deadlineMs && service.exitCode === null) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
    if (response?.ok) return
    await wait(100)
  }
  throw new Error(`Cannot start the reference service: not ready, expected /readyz to answer 200\n${output.join('')}`)
}

async function stopService(service: ChildProcess): Promise<void> {
  if (service.exitCode !== null) return
  const stopped = new Promise((resolve) => service.once('exit', resolve))
  service.kill('SIGTERM')
  const isStopped = await Promise.race([stopped.then(() => true), wait(STOP_MS_MAX, false, { ref: false })])
  if (!isStopped) service.kill('SIGKILL')
}

/** The blocks of a page are one shell session: what one sets, the next can use. */
function runPage(blocks: readonly Block[], port: number, app: string): string | undefined {
  const strictCurl = 'curl() { command curl --fail-with-body --silent --show-error "$@"; }'
  const steps = blocks.map(
    (block) =>
      `echo "@ ${block.page}:${block.line}" >&2\n${block.text.replaceAll(/\b3000\b/g, String(port)).replaceAll('examples/blog', app)}`,
  )
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', [strictCurl, ...steps].join('\n')], {
    cwd: root,
    encoding: 'utf8',
    timeout: BLOCK_MS_MAX * blocks.length,
  })
  return status === 0 ? undefined : `${stderr}${stdout}`
}

async function runTour(pages: readonly (readonly Block[])[]): Promise<string[]> {
  const folder = mkdtempSync(join(root, 'examples', '.tour-'))
  // As a project's own folder is: the database's user must be able to enter it.
  chmodSync(folder, 0o755)
  const [port, adminPort] = [await findFreePort(), await findFreePort()]
  const env = { ...process.env, PORT: String(port), ADMIN_PORT: String(adminPort) }
  const output: string[] = []
  let service: ChildProcess | undefined
  try {
    cpSync(join(root, 'examples', 'blog'), folder, { recursive: true, filter: (path) => basename(path) !== '.plinth' })
    const started = spawn(process.execPath, [join(root, 'bin', 'plinth.js'), 'dev'], { cwd: folder, env })
    service = started
    started.stdout.on('data', (chunk) => output.push(String(chunk)))
    started.stderr.on('data', (chunk) => output.push(String(chunk)))
    await waitUntilReady(port, started, output)
    return pages.map((blocks) => runPage(blocks, port, relative(root, folder))).filter((failure) => failure !== undefined)
  } finally {
    if (service) await stopService(service)
    rmSync(folder, { recursive: true, force: true })
  }
}

const names = ['README.md', ...globSync('docs/**/*.md', { cwd: root })].filter((page) => existsSync(join(root, page)))
const pages = names.map(readBlocks).filter((blocks) => blocks.length > 0)
const failures = pages.length > 0 ? await runTour(pages) : []
for (const failure of failures) console.error(failure)
console.log(`${pages.flat().length} blocks of ${pages.length} pages run, ${failures.length} pages failed`)
process.exitCode = failures.length > 0 ? 1 : 0
