/** The servers that GraphQL and gRPC are measured on: how each is started, where it listens, and when it is ready. */
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, type Undo } from '../process.ts'
import { handTarget, launch, plinthTarget, type Surroundings, untilReady } from '../target.ts'
import { UserClient } from './user-client.ts'

export interface SurfaceTarget {
  readonly name: string
  readonly port: number
  readonly pid: number
}

/** A server that `name` stands for; all but Plinth come twice, the second time as the control. */
const FILES: Readonly<Record<string, string>> = {
  mercurius: 'graphql/server.ts',
  'grpc-js': 'grpc/grpc-js-server.ts',
  'connect-node': 'grpc/connect-server.ts',
}

/** Plinth serves both surfaces out of one process. */
export interface PlinthTargets {
  readonly graphql: SurfaceTarget
  readonly grpc: SurfaceTarget
}

export async function startPlinth(surroundings: Surroundings, atEnd: (step: Undo) => void): Promise<PlinthTargets> {
  const [port, adminPort, grpcPort] = [await freePort(), await freePort(), await freePort()]
  const server = launch(plinthTarget(surroundings, port, adminPort, { GRPC_PORT: String(grpcPort) }), atEnd)
  const authorization = `Bearer ${await surroundings.issuer.token(surroundings.adminId, 'admin')}`
  await untilReady(server, `http://127.0.0.1:${port}/api/v1/posts?limit=1`, { authorization })
  const pid = server.pid ?? 0
  return { graphql: { name: 'plinth', port, pid }, grpc: { name: 'plinth', port: grpcPort, pid } }
}

/** @param file one of the servers by hand: `mercurius`, `grpc-js`, `connect-node` */
export async function startRival(
  name: string,
  file: string,
  surroundings: Surroundings,
  atEnd: (step: Undo) => void,
): Promise<SurfaceTarget> {
  const port = await freePort()
  const path = FILES[file]
  if (path === undefined) throw new Error(`Cannot start "${file}", expected one of ${Object.keys(FILES).join(', ')}`)
  const server = launch(handTarget(path, surroundings, port), atEnd)
  const token = await surroundings.issuer.token(surroundings.adminId, 'admin')
  if (file === 'mercurius') {
    const headers = { authorization: `Bearer ${token}` }
    await untilReady(server, `http://127.0.0.1:${port}/graphql?query=${encodeURIComponent('{__typename}')}`, headers)
  } else await untilCalled(port, token, surroundings.adminId)
  return { name, port, pid: server.pid ?? 0 }
}

/** Waits until a call is answered, whatever with. */
async function untilCalled(port: number, token: string, id: string): Promise<void> {
  using client = new UserClient(port)
  for (let attempt = 0; attempt < 300; attempt++) {
    const { status } = await client.get(id, token)
    if (status !== UNAVAILABLE) return
    await sleep(100)
  }
  throw new Error(`Cannot reach the server on port ${port}, expected it to answer within thirty seconds`)
}

const UNAVAILABLE = 14
