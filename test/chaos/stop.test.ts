/** A service ends when it is told to, whoever holds on to it: clients that do not read, and a database that has fallen silent. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/pg/index.ts'
import { budgetMs, waitFor } from '../../src/testing/index.ts'
import { Caller } from './caller.ts'
import { processTree } from './own-database.ts'
import { openServiceHost, type ServiceHost, type ServiceProcess } from './process.ts'

const GRACE_MS = 2_000
/** For what is closed behind the servers. */
const CLOSE_MS = 6_000

let host: ServiceHost
const sockets: Socket[] = []

beforeAll(async () => {
  host = await openServiceHost()
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})
afterAll(() => host.stop())

/** Sends bytes and reads nothing that comes. */
async function deafClient(address: string, bytes: string | Buffer = ''): Promise<void> {
  const { hostname, port } = new URL(address)
  const socket = connect(Number(port), hostname).on('error', () => undefined)
  sockets.push(socket)
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(bytes)
}

async function end(service: ServiceProcess) {
  const beganAtMs = performance.now()
  service.kill('SIGTERM')
  const { code } = await service.ended
  return { code, tookMs: performance.now() - beganAtMs }
}

test('clients that hold connections and do not read do not hold the service', async () => {
  const service = await host.start({ SHUTDOWN_GRACE_MS: String(GRACE_MS) })
  const [, grpcAddress = ''] = /"grpc_address":"([^"]+)"/.exec(service.output()) ?? []
  const subscription = encodeURIComponent('subscription { postCreated { title } }')
  const upgrade =
    'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n'
  await deafClient(service.origin)
  await deafClient(service.origin, 'GET /api/v1/posts HTTP/1.1\r\nhost: localhost\r\n')
  await deafClient(service.origin, 'GET /api/v1/posts HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await deafClient(
    service.origin,
    `GET /graphql?query=${subscription} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`,
  )
  await deafClient(service.origin, `GET /graphql HTTP/1.1\r\nhost: localhost\r\n${upgrade}\r\n`)
  await deafClient(service.adminOrigin)
  await deafClient(`http://${grpcAddress}`)
  await deafClient(`http://${grpcAddress}`, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
  await delay(300)

  const { code, tookMs } = await end(service)

  expect(tookMs).toBeLessThan(GRACE_MS + budgetMs(CLOSE_MS))
  expect(code).toBe(0)
})

test('nor does a database that has fallen silent, with requests and letters under way', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-chaos-'))
  chmodSync(folder, 0o711)
  const database = await startEmbeddedPostgres({ folder })
  const service = await host.start({ SHUTDOWN_GRACE_MS: String(GRACE_MS), DATABASE_URL: database.url })
  using caller = new Caller(service.origin)
  await caller.call({ path: '/api/v1/posts' })
  const frozen = processTree(await waitFor('a postmaster', () => database.pid))
  for (const pid of frozen) process.kill(pid, 'SIGSTOP')
  try {
    const answers = [
      ...Array.from({ length: 10 }, () => caller.call({ path: '/api/v1/posts' })),
      caller.call({ method: 'POST', path: '/auth/password-resets/requests', body: { email: 'ada@example.com' } }),
    ]
    await delay(300)

    const { code, tookMs } = await end(service)

    // It says so: what did not close may have lost a letter.
    expect(code).toBe(1)
    expect(service.output()).toContain('A part of the service did not close in time')
    expect(tookMs).toBeLessThan(GRACE_MS + budgetMs(CLOSE_MS))
    for (const { status, failure } of await Promise.all(answers)) expect([202, 503, 'ECONNRESET']).toContain(failure ?? status)
  } finally {
    for (const pid of frozen) process.kill(pid, 'SIGCONT')
    await database.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
