/** The other hand-written gRPC server: connect-node over HTTP/2, with codecs of protobuf-es. The description is Plinth's own. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http2'
import type { DescMethodUnary } from '@bufbuild/protobuf'
import { type Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import blog from '../../examples/blog/domain.ts'
import { describeGrpc, readLock } from '../../src/grpc/index.ts'
import type { Actor } from '../floor/token.ts'
import {
  CallRefused,
  createUserService,
  MESSAGE_BYTES_MAX,
  required,
  STATUS,
  stopOnSignal,
  timestampOf,
  type User,
} from './service.ts'

const METHOD = '/user.v1.UserService/GetUser'
const service = await createUserService()
const lock = readLock(readFileSync(new URL('../../examples/blog/proto.lock.json', import.meta.url), 'utf8'))
const { registry } = describeGrpc(blog, lock)
const found = registry.getService('user.v1.UserService')?.method['getUser']
const roles = registry.getEnum('user.v1.UserRole')
if (found?.methodKind !== 'unary' || roles === undefined) throw new Error('Cannot serve users: the description has no GetUser')
// The kind was just looked at; the messages are known by the description alone.
const method = found as DescMethodUnary
const roleNumbers = new Map(roles.values.map(({ name, number }) => [name, number]))

const handler = connectNodeAdapter({
  routes: (router) => router.rpc(method, getUser),
  readMaxBytes: MESSAGE_BYTES_MAX,
  writeMaxBytes: MESSAGE_BYTES_MAX,
})
const server = createServer({ maxHeaderListPairs: 64 }, handler)
await new Promise<void>((resolve) => server.listen(Number(required('PORT')), '127.0.0.1', resolve))
stopOnSignal(async () => {
  server.close()
  await service.stop()
})

async function getUser(request: unknown, { requestHeader }: HandlerContext): Promise<Record<string, unknown>> {
  const startedAt = performance.now()
  let actor: Actor | undefined
  try {
    const admitted = service.authenticate(requestHeader.get('authorization') ?? undefined)
    actor = admitted instanceof Promise ? await admitted : admitted
    // The message was read by this very description.
    const user = await service.getUser(actor, (request as { readonly id: string }).id)
    service.log(METHOD, STATUS.ok, startedAt, actor)
    return { user: messageOf(user) }
  } catch (error) {
    const status = error instanceof CallRefused ? error.status : STATUS.internal
    service.log(METHOD, status, startedAt, actor)
    // The numbers of Connect's codes are those of gRPC.
    const message = error instanceof CallRefused ? error.message : 'Something went wrong on our side'
    // biome-ignore lint/style/useErrorCause: ConnectError takes its cause as the fifth argument.
    throw new ConnectError(message, status as Code, undefined, undefined, error)
  }
}

function messageOf({ role, createdAt, updatedAt, ...user }: User): object {
  return {
    ...user,
    role: roleNumbers.get(`USER_ROLE_${role.toUpperCase()}`) ?? 0,
    createdAt: protobufTime(createdAt),
    updatedAt: protobufTime(updatedAt),
  }
}

function protobufTime(ms: number): object {
  const { seconds, nanos } = timestampOf(ms)
  return { seconds: BigInt(seconds), nanos }
}
