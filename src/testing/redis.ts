/** Redis or Valkey for tests, from the program that is installed. */
import { type DedicatedServer, type ServerProgram, startProgram } from './private-server.ts'
import { recordSkip } from './skips.ts'

const REDIS: ServerProgram = {
  names: ['redis-server', 'valkey-server'],
  arguments: (port, folder) => [
    ...['--bind', '127.0.0.1', '--port', String(port), '--dir', folder],
    // Nothing of it outlives the test run.
    ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
  ],
  greeting: (port) => ({ port, say: 'PING\r\n', expect: '+PONG' }),
  url: (port) => `redis://127.0.0.1:${port}`,
}

const ABSENT = 'neither redis-server nor valkey-server is installed, expected one on the PATH; run apt-get install redis-server'

/** Starts a server for one test alone, for tests that kill it. Undefined, and recorded, when none is installed. */
export async function startRedis(): Promise<DedicatedServer | undefined> {
  const server = await startProgram(REDIS)
  if (server === undefined) recordSkip('Redis', ABSENT)
  return server
}
