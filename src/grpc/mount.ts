/** Puts the methods of a domain on a server of gRPC. */
import type { Engine } from '../engine/index.ts'
import type { AdmitScope } from './admit-call.ts'
import { arrivals, pathOf } from './admit-call.ts'
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
    grpc.serve(pathOf(method), { method, arrive: arrivals(method, scope), handler: handlerOf(method, engine) })
  }
}
