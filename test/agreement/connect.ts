/** Connect in JSON, asked over the port of HTTP through `@connectrpc/connect-node`: the calls of gRPC, carried in another way. */
import type { Message } from '@bufbuild/protobuf'
import { ConnectError } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import { describeGrpc, EMPTY_LOCK } from '../../src/grpc/index.ts'
import type { Domain } from '../../src/model/index.ts'
import { type Ask, GrpcCalls, type RefusalDetail } from './grpc.ts'
import type { OpenSurface } from './surface.ts'

/** A call that takes longer has failed. */
const PATIENCE_MS = 10_000

/** JSON names fields, so that the numbers of the service are nobody's business here. */
export function openConnect(domain: Domain): OpenSurface {
  const description = describeGrpc(domain, EMPTY_LOCK)
  return ({ origin }) => {
    const transport = createConnectTransport({ baseUrl: origin, httpVersion: '1.1', useBinaryFormat: false })
    const askAs =
      (token: string | undefined): Ask =>
      async (method, request) => {
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
        // Unary as all that is asked here.
        const unary = method as typeof method & { readonly methodKind: 'unary' }
        try {
          const { message } = await transport.unary(unary, undefined, PATIENCE_MS, headers, request)
          return { message: message as Message }
        } catch (error) {
          return { details: detailsOf(error) }
        }
      }
    return {
      name: 'Connect',
      run: (operation, token) => new GrpcCalls(description, askAs(token)).run(operation),
      close() {},
    }
  }
}

function detailsOf(error: unknown): readonly RefusalDetail[] {
  const { details } = ConnectError.from(error)
  // What came over the wire has bytes; only what a server makes has a description.
  const received = details.filter((detail) => 'value' in detail && detail.value instanceof Uint8Array)
  return received as unknown as readonly RefusalDetail[]
}
