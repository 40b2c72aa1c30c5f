/** The operator's door, on a port of its own: metrics and health. Loopback unless told otherwise, and nothing here writes. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OperationMetrics } from '../observe/index.ts'
import { type HeaderBlock, headerBlock, JSON_HEADERS } from './header-block.ts'
import type { Readiness } from './health.ts'
import { HEADERS_TIMEOUT_MS } from './limits.ts'
import { renderOrigin } from './origin.ts'

export interface AdminServerOptions {
  readonly metrics: OperationMetrics
  readonly readiness: Readiness
}

export interface AdminServer {
  listen(options: { readonly port: number; readonly host?: string }): Promise<{ readonly port: number; readonly origin: string }>
  stop(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly headers: HeaderBlock
  readonly body: string
}

/** Makes the server behind `ADMIN_PORT`: `/metrics`, `/healthz`, `/readyz`. */
export function createAdminServer({ metrics, readiness }: AdminServerOptions): AdminServer {
  const metricsHeaders = headerBlock({ 'content-type': metrics.contentType })
  const answer = async (path: string): Promise<Answer> => {
    switch (path) {
      case '/metrics':
        return { status: 200, headers: metricsHeaders, body: await metrics.render() }
      case '/healthz':
        return { status: 200, headers: JSON_HEADERS, body: '{"status":"ok"}' }
      case '/readyz': {
        const { isReady, checks } = await readiness.read()
        return {
          status: isReady ? 200 : 503,
          headers: JSON_HEADERS,
          body: JSON.stringify({ status: isReady ? 'ready' : 'unready', checks }),
        }
      }
      default:
        return {
          status: 404,
          headers: JSON_HEADERS,
          body: '{"error":{"code":"NOT_FOUND_ROUTE","message":"Only /metrics, /healthz and /readyz are here"}}',
        }
    }
  }
  const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS }, (request, response) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const path = request.url?.split('?', 1)[0] ?? '/'
    answer(isRead ? path : '').then(
      ({ status, headers, body }) => {
        response.writeHead(status, [...headers.pairs, 'content-length', String(Buffer.byteLength(body))])
        response.end(body)
      },
      () => {
        response.writeHead(500, [...JSON_HEADERS.pairs])
        response.end('{"error":{"code":"INTERNAL_ERROR","message":"Something went wrong on our side"}}')
      },
    )
  })

  return {
    async listen({ port, host = '127.0.0.1' }) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => resolve())
      })
      const bound = (server.address() as AddressInfo).port
      return { port: bound, origin: renderOrigin(host, bound) }
    },
    stop() {
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
