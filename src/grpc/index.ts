/** The gRPC surface: the protobuf description of a domain, and its services. */
export { type AdmitScope, arrivalsOfUnknown } from './admit-call.ts'
export type {
  AnswerMetadata,
  CallMetadata,
  GrpcCall,
  MethodHandler,
  RunExchange,
  RunStream,
  RunUnary,
  StreamAnswer,
  UnaryAnswer,
} from './call.ts'
export { type MountConnectOptions, mountConnect } from './connect/mount-connect.ts'
export { describeGrpc, type GrpcDescription, type GrpcMethod } from './describe/describe-grpc.ts'
export type { MethodKind, MethodMeaning } from './describe/draft.ts'
export {
  type DescribeFailure,
  type ErrorScope,
  type FailureDetail,
  failureDescriber,
  type GrpcFailure,
  writeStatus,
} from './errors.ts'
export { handlerOf } from './handle.ts'
export { type HealthOptions, healthService } from './health.ts'
export { EMPTY_LOCK, LOCK_FILE, type ProtoLock, readLock, renderLock } from './lock.ts'
export { decodeRequest } from './messages/decode-request.ts'
export { fieldPathOf } from './messages/field-path.ts'
export { type MethodMessages, methodMessages } from './messages/method-messages.ts'
export { type MountGrpcOptions, mountGrpc } from './mount.ts'
export type { OpenService } from './open-services.ts'
export { PROTO_HEADER, renderProto } from './print.ts'
export { reflectionServices } from './reflection.ts'
export { GrpcServer, type GrpcServerOptions, type ServedMethod, type ServerTls } from './server.ts'
