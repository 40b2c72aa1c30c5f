/**
 * The servers that all tests of one run share, each started when the first test asks for it.
 *
 * The process that runs the tests holds them and answers, on a Unix socket, the workers that ask for an address; so a run of pure
 * unit tests starts nothing, and any number of workers share one server. Without such a process (a single script) the asker
 * starts its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNats } from './nats.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { sweepTestDatabases } from './sweep.ts'

type TestServerName = 'postgres' | 'redis' | 'nats'

export interface TestServer {
  readonly url: string
}

/** The program of the server is not installed. */
interface AbsentServer {
  readonly absent: true
}

interface StoppableServer extends TestServer {
  stop(): Promise<void>
}

/** The variables with which a run is pointed at servers that exist: a PostgreSQL 15, a Redis cluster. */
const GIVEN: Readonly<Record<TestServerName, string>> = {
  postgres: 'TEST_DATABASE_URL',
  redis: 'TEST_REDIS_URL',
  nats: 'TEST_NATS_URL',
}
const STARTERS: Readonly<Record<TestServerName, () => Promise<StoppableServer | undefined>>> = {
  postgres: startPostgres,
  redis: startRedis,
  nats: startNats,
}
/** Where the holder of the servers listens; set for its children. */
const SOCKET_VARIABLE = 'PLINTH_TEST_SERVERS'
const ANSWER_TIMEOUT_MS = 60_000

const started = new Map<TestServerName, Promise<StoppableServer | undefined>>()

export interface TestServers extends AsyncDisposable {
  stop(): Promise<void>
}

/**
 * Makes this process the holder of the shared servers: call it in the global set-up of the test runner, before the workers start.
 * A second call, in the same process or a child of it, changes nothing.
 *
 * @example
 * // vitest: globalSetup: ['test/global-setup.ts']
 * export default async function setUp() {
 *   const servers = await startTestServers()
 *   return () => servers.stop()
 * }
 */
export async function startTestServers(): Promise<TestServers> {
  if (process.env[SOCKET_VARIABLE] !== undefined) return stoppable(async () => {})
  const given = process.env[GIVEN.postgres]
  if (given !== undefined) await sweepTestDatabases(given)
  const folder = mkdtempSync(join(tmpdir(), 'plinth-test-'))
  const socketPath = join(folder, 'servers')
  const holder = createServer((socket) => {
    // A worker that was killed while it waited.
    socket.on('error', () => {})
    socket.once('data', (chunk) => void answer(socket, chunk.toString('utf8').trim()))
  })
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject)
    holder.listen(socketPath, resolve)
  })
  holder.unref()
  process.env[SOCKET_VARIABLE] = socketPath
  return stoppable(async () => {
    delete process.env[SOCKET_VARIABLE]
    holder.close()
    rmSync(folder, { recursive: true, force: true })
    await stopOwnServers()
  })
}

/** The PostgreSQL server that all tests of this run share; `TEST_DATABASE_URL` names another, PostgreSQL 15 or later. */
export async function privatePostgres(): Promise<TestServer> {
  const reply = await askTestServers('postgres')
  if ('absent' in reply) throw new Error('Cannot start PostgreSQL for tests: it is not installed, expected its npm package')
  return reply
}

/**
 * The Redis server that all tests of this run share; `TEST_REDIS_URL` names another. Undefined, and recorded as left out, when
 * none is installed. Tests keep apart by the names of their keys.
 */
export async function privateRedis(): Promise<TestServer | undefined> {
  const reply = await askTestServers('redis')
  return 'absent' in reply ? undefined : reply
}

/**
 * The NATS server with JetStream that all tests of this run share; `TEST_NATS_URL` names another. Undefined, and recorded as left
 * out, when none is installed. Tests keep apart by the names of their subjects and streams.
 */
export async function privateNats(): Promise<TestServer | undefined> {
  const reply = await askTestServers('nats')
  return 'absent' in reply ? undefined : reply
}

/** The address of a shared server: the one that a variable names, else the holder's, else one of this process's own. */
async function askTestServers(name: TestServerName): Promise<TestServer | AbsentServer> {
  const given = process.env[GIVEN[name]]
  if (given !== undefined && given !== '') return { url: given }
  const socketPath = process.env[SOCKET_VARIABLE]
  if (socketPath === undefined || started.has(name)) return startOnce(name)
  return askHolder(socketPath, name)
}

async function startOnce(name: TestServerName): Promise<TestServer | AbsentServer> {
  const starting = started.get(name) ?? STARTERS[name]()
  started.set(name, starting)
  const server = await starting
  return server === undefined ? { absent: true } : { url: server.url }
}

async function stopOwnServers(): Promise<void> {
  const servers = await Promise.allSettled(started.values())
  started.clear()
  await Promise.all(servers.map((result) => (result.status === 'fulfilled' ? result.value?.stop() : undefined)))
}

async function answer(socket: Socket, name: string): Promise<void> {
  const reply = isServerName(name)
    ? await startOnce(name).catch((error: unknown) => ({ error: String(error) }))
    : { error: `no server "${name}"` }
  socket.end(JSON.stringify(reply))
}

function askHolder(socketPath: string, name: TestServerName): Promise<TestServer | AbsentServer> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect(socketPath, () => socket.write(`${name}\n`))
    const fail = (why: string): void => {
      socket.destroy()
      reject(
        new Error(`Cannot get a ${name} server for tests: ${why}, expected its address from the process that runs the tests`),
      )
    }
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => fail('no answer in time'))
    socket.on('error', (error) => fail(error.message))
    socket.on('data', (chunk) => {
      heard += chunk.toString('utf8')
    })
    socket.on('end', () => {
      const reply: unknown = heard === '' ? undefined : JSON.parse(heard)
      if (typeof reply !== 'object' || reply === null) fail('an empty answer')
      else if ('url' in reply) resolve({ url: String(reply.url) })
      else if ('absent' in reply) resolve({ absent: true })
      else fail('error' in reply ? String(reply.error) : 'an answer that makes no sense')
    })
  })
}

function isServerName(name: string): name is TestServerName {
  return Object.hasOwn(STARTERS, name)
}

function stoppable(stop: () => Promise<void>): TestServers {
  return { stop, [Symbol.asyncDispose]: stop }
}
