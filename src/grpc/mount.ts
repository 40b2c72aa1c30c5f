/** Puts the methods of a domain on a server of gRPC. */
import type { Engine } from '../engine/index.ts'
import type { AdmitScope } from './admit-call.ts'
import { arrivals } from './admit-call.ts'
import type { GrpcDescription } from './describe/describe-grpc.ts'
import { handlerOf } from './handle.ts'
import type { GrpcServer } from './server.ts'

export interface MountGrpcOptions extends AdmitScope {
  readonly description: GrpcDescription
  readonly engine: Engine
  readonly grpc: GrpcServer
}

/** @example mountGrpc({ description: describeGrpc(domain, lock), engine, server, clock, grpc }) */
export function mountGrpc({ description, engine, grpc, ...scope }: MountGrpcOptions): void {
  for (const method of description.methods) {
    const arrive = arrivals(method, scope)
    const handler = handlerOf(method, engine)
    if (handler.kind === 'unary') grpc.unary(method, arrive, handler.run)
    else grpc.stream(method, arrive, handler.run)
  }
}
