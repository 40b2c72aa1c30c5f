/** The yardstick of gRPC: `@grpc/grpc-js`, codecs compiled by proto-loader, and the handler by hand. */
import { Server, ServerCredentials, type ServerUnaryCall, type ServiceDefinition, type sendUnaryData } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { Actor } from '../floor/token.ts'
import {
  CallRefused,
  createUserService,
  MESSAGE_BYTES_MAX,
  PROTO_FOLDER,
  required,
  STATUS,
  stopOnSignal,
  timestampOf,
  USER_PROTO,
  type User,
} from './service.ts'

interface GetUserResponse {
  readonly user: object
}
type GetUserCall = ServerUnaryCall<{ readonly id: string }, GetUserResponse>

const METHOD = '/user.v1.UserService/GetUser'
const service = await createUserService()
const definitions = loadSync(USER_PROTO, { includeDirs: [PROTO_FOLDER] })
// The file declares this service, so the definition is one of a service.
const userService = definitions['user.v1.UserService'] as ServiceDefinition
const server = new Server({
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_metadata_size': 16_384,
})
server.addService(userService, {
  getUser: (call: GetUserCall, answer: sendUnaryData<GetUserResponse>) => void getUser(call, answer),
})
await new Promise<void>((resolve, reject) => {
  server.bindAsync(`127.0.0.1:${required('PORT')}`, ServerCredentials.createInsecure(), (error) =>
    error ? reject(error) : resolve(),
  )
})
stopOnSignal(async () => {
  server.forceShutdown()
  await service.stop()
})

async function getUser(call: GetUserCall, answer: sendUnaryData<GetUserResponse>): Promise<void> {
  const startedAt = performance.now()
  let actor: Actor | undefined
  try {
    const [authorization] = call.metadata.get('authorization')
    const admitted = service.authenticate(authorization?.toString())
    // A token that was verified before is no reason to wait a turn.
    actor = admitted instanceof Promise ? await admitted : admitted
    const user = await service.getUser(actor, call.request.id)
    service.log(METHOD, STATUS.ok, startedAt, actor)
    answer(null, { user: messageOf(user) })
  } catch (error) {
    const status = error instanceof CallRefused ? error.status : STATUS.internal
    service.log(METHOD, status, startedAt, actor)
    answer({ code: status, details: error instanceof CallRefused ? error.message : 'Something went wrong on our side' })
  }
}

function messageOf({ role, createdAt, updatedAt, ...user }: User): object {
  return {
    ...user,
    role: `USER_ROLE_${role.toUpperCase()}`,
    createdAt: timestampOf(createdAt),
    updatedAt: timestampOf(updatedAt),
  }
}
