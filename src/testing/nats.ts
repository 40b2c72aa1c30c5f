/** NATS with JetStream for tests, from the program that is installed. */
import { type DedicatedServer, type ServerProgram, startProgram } from './private-server.ts'
import { recordSkip } from './skips.ts'

const NATS: ServerProgram = {
  names: ['nats-server'],
  arguments: (port, folder) => ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', folder],
  // It greets with its description before it is asked anything.
  greeting: (port) => ({ port, expect: 'INFO ' }),
  url: (port) => `nats://127.0.0.1:${port}`,
}

const ABSENT = 'nats-server is not installed, expected it on the PATH; run apt-get install nats-server'

/** Starts a server for one test alone, for tests that kill it. Undefined, and recorded, when none is installed. */
export async function startNats(): Promise<DedicatedServer | undefined> {
  const server = await startProgram(NATS)
  if (server === undefined) recordSkip('NATS', ABSENT)
  return server
}
