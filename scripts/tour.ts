/**
 * Runs what a reader would paste: the ```sh run blocks of README.md and docs/, in the order of each page, against a reference service
 * of its own (a copy of `examples/blog`, an empty database, free ports). A block passes when every command ends with 0; curl counts a
 * status of 400 or above as a failure. Pages are written for the ports 3000 and 50051 and for `examples/blog`; the free port and the copy take their places. Where
 * a reader pastes the link of a letter that the terminal shows, the tour takes the newest one from there.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, globSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
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
/** What the service writes, for the commands of pages. */
const TERMINAL = 'terminal.txt'
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

async function waitUntilReady(port: number, service: ChildProcess, terminal: string): Promise<void> {
  const deadlineMs = performance.now() + READY_MS_MAX
  while (performance.now() < deadlineMs && service.exitCode === null) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
    if (response?.ok) return
    await wait(100)
  }
  throw new Error(
    `Cannot start the reference service: not ready, expected /readyz to answer 200\n${readFileSync(terminal, 'utf8')}`,
  )
}

async function stopService(service: ChildProcess): Promise<void> {
  if (service.exitCode !== null) return
  const stopped = new Promise((resolve) => service.once('exit', resolve))
  service.kill('SIGTERM')
  const isStopped = await Promise.race([stopped.then(() => true), wait(STOP_MS_MAX, false, { ref: false })])
  if (!isStopped) service.kill('SIGKILL')
}

interface Ports {
  readonly port: number
  readonly grpcPort: number
}

/** What a reader replaces by the link that the terminal shows. */
const LINK = "'<the link in the terminal of npm start>'"

/** The blocks of a page are one shell session: what one sets, the next can use. */
function runPage(blocks: readonly Block[], { port, grpcPort }: Ports, app: string): string | undefined {
  const strictCurl = 'curl() { command curl --fail-with-body --silent --show-error "$@"; }'
  const newestLink = `"$(grep -o 'http://[^ ]*token=[A-Za-z0-9_-]*' '${app}/${TERMINAL}' | tail -n 1)"`
  const steps = blocks.map((block) => {
    const text = block.text
      .replaceAll(/\b3000\b/g, String(port))
      .replaceAll(/\b50051\b/g, String(grpcPort))
      .replaceAll('examples/blog', app)
    // A letter is on its way when its request was answered, and there before a reader has looked.
    const wait = text.includes(LINK) ? 'sleep 2\n' : ''
    return `echo "@ ${block.page}:${block.line}" >&2\n${wait}${text.replaceAll(LINK, newestLink)}`
  })
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
  const [port, adminPort, grpcPort] = [await findFreePort(), await findFreePort(), await findFreePort()]
  // All pages in a minute, from one address: a reader takes longer.
  const env = {
    ...process.env,
    PORT: String(port),
    ADMIN_PORT: String(adminPort),
    GRPC_PORT: String(grpcPort),
    RATE_LIMIT_SENSITIVE: '600/100',
  }
  let service: ChildProcess | undefined
  try {
    cpSync(join(root, 'examples', 'blog'), folder, { recursive: true, filter: (path) => basename(path) !== '.plinth' })
    const terminal = openSync(join(folder, TERMINAL), 'a')
    const command = [join(root, 'bin', 'plinth.js'), 'dev']
    const started = spawn(process.execPath, command, { cwd: folder, env, stdio: ['ignore', terminal, terminal] })
    service = started
    await waitUntilReady(port, started, join(folder, TERMINAL))
    return pages
      .map((blocks) => runPage(blocks, { port, grpcPort }, relative(root, folder)))
      .filter((failure) => failure !== undefined)
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
