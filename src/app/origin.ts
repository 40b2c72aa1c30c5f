/** Where the service is: the port that it takes, and how it is reached from outside. */
import { createServer } from 'node:net'
import type { Settings } from './settings.ts'

/** The port to listen on. The issuer of tokens names it, so a free one is found before anything else is made. */
export async function choosePort({ port, host }: Pick<Settings, 'port' | 'host'>): Promise<number> {
  if (port !== 0) return port
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** `PUBLIC_URL`, or in development the name that browsers treat as secure without TLS. */
export function issuerOf({ publicOrigin }: Pick<Settings, 'publicOrigin'>, port: number): string {
  return publicOrigin ?? `http://localhost:${port}`
}
