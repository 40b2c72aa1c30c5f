/** Holds the servers that the tests share. None is started before a test asks for it; all end with this process. */
import { startTestServers } from '../src/testing/index.ts'

export default async function setUp(): Promise<() => Promise<void>> {
  const servers = await startTestServers()
  return () => servers.stop()
}
