/** Node's HTTP server, set up so that no client can hold it: limits on time, size, number; an answer to what is no request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PlinthError } from '../kernel/index.ts'
import { type ClientError, decideClientError, isAnswerUnderWay, renderRawAnswer } from './client-error.ts'
import * as limits from './limits.ts'
import type { ServerState } from './route.ts'
import type { Upgrades } from './upgrade.ts'

export interface NodeServerOptions {
  readonly connectionsMax?: number
  readonly headersTimeoutMs?: number
  readonly requestTimeoutMs?: number
  readonly keepAliveTimeoutMs?: number
}

/** How a request is refused that Node accepted and no route should see. */
export type Refuse = (raw: IncomingMessage, response: ServerResponse, error: unknown) => void

export function createNodeServer(
  handler: (raw: IncomingMessage, response: ServerResponse) => void,
  state: ServerState,
  options: NodeServerOptions,
  sockets: Set<Socket>,
  refuse: Refuse,
  upgrades: Upgrades,
): Server {
  const connectionsMax = options.connectionsMax ?? limits.CONNECTIONS_MAX
  const requestTimeout = options.requestTimeoutMs ?? limits.REQUEST_TIMEOUT_MS
  const headersTimeout = Math.min(options.headersTimeoutMs ?? limits.HEADERS_TIMEOUT_MS, requestTimeout)
  const server = createServer(
    {
      maxHeaderSize: limits.HEADER_BYTES_MAX,
      headersTimeout,
      requestTimeout,
      keepAliveTimeout: options.keepAliveTimeoutMs ?? limits.KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: Math.min(limits.TIMEOUT_CHECK_MS, headersTimeout),
      // Checked by `runRoute`, which answers with the envelope.
      requireHostHeader: false,
      insecureHTTPParser: false,
      shouldUpgradeCallback: (raw) => upgrades.wants(raw),
    },
    handler,
  )
  // No limit here: past it Node drops headers without a word. `runRoute` counts and refuses.
  server.maxHeadersCount = 0
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    if (sockets.size > connectionsMax) {
      socket.end(
        renderRawAnswer(
          new PlinthError('RATE_LIMIT_OVERLOADED', 'Too many connections'),
          state.readRequestId(undefined),
          state.docsUrl,
        ),
      )
    }
  })
  upgrades.attach(server)
  server.on('checkExpectation', (raw: IncomingMessage, response: ServerResponse) => {
    refuse(
      raw,
      response,
      new PlinthError('VALIDATION_FAILED', 'Cannot meet the header "Expect": expected "100-continue" or nothing'),
    )
  })
  server.on('clientError', (error: ClientError, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswerUnderWay(socket)) {
      socket.destroy()
      return
    }
    const refusal = decideClientError(error)
    const requestId = state.readRequestId(undefined)
    state.logger.info('Refused bytes that are no request', {
      request_id: requestId,
      status: refusal.status,
      error_code: refusal.code,
      reason: error.code,
    })
    socket.end(renderRawAnswer(refusal, requestId, state.docsUrl), () => socket.destroy())
  })
  return server
}
