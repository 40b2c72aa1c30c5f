/**
 * The same reads by the same engine, store and handlers as `plinth`, behind a server that protects nothing: no token is verified, nothing is
 * logged, counted, traced or limited, and no header is checked or added. What the protections cost is what `plinth` costs more.
 * Never more than a yardstick: it answers anybody as the viewer.
 */
import { randomFillSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import Fastify from 'fastify'
import blog from '../../examples/blog/domain.ts'
import { Engine } from '../../src/engine/index.ts'
import type { HttpReply, HttpRequest, HttpRoute, HttpServer } from '../../src/http/index.ts'
import { uuidGenerator } from '../../src/kernel/index.ts'
import type { Actor } from '../../src/model/index.ts'
import { PgStore } from '../../src/pg/index.ts'
import { mountRest } from '../../src/rest/index.ts'

const CLOCK = { now: () => Date.now(), monotonicMs: () => performance.now() }
const VIEWER: Actor = { kind: 'user', id: null, subject: 'bench', roles: ['viewer'], permissions: blog.roles['viewer'] ?? [] }

const store = new PgStore({ url: process.env['DATABASE_URL'] ?? '', applicationName: 'bare' })
await store.connect()
const newId = uuidGenerator(CLOCK, { fill: (target) => void randomFillSync(target) })
const engine = new Engine({ domain: blog, store, clock: CLOCK, newId, seal: (text) => text.slice(-16) })
const app = Fastify({ logger: false })
// Of a server the routes of the surface use this alone.
const server = { route: (route: HttpRoute) => mount(route) } as HttpServer
mountRest({ domain: blog, engine, server, clock: CLOCK })
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
process.once('SIGTERM', () => void stop())

function mount({ method, path, handle }: HttpRoute): void {
  if (method !== 'GET') return
  app.route({
    method,
    url: path,
    onRequest: (request, reply) => {
      reply.hijack()
      const exchange = bareExchange(request.raw, reply.raw, request.params as Readonly<Record<string, string>>)
      Promise.resolve(handle(exchange, exchange)).catch(() => reply.raw.writeHead(500).end())
    },
    handler: () => {},
  })
}

/** Only what a read asks of its request and its reply. */
function bareExchange(
  raw: IncomingMessage,
  response: ServerResponse,
  params: Readonly<Record<string, string>>,
): HttpRequest & HttpReply {
  const exchange: Partial<HttpRequest> & Pick<HttpReply, 'send'> = {
    method: 'GET',
    url: raw.url ?? '/',
    params,
    query: {},
    actor: VIEWER,
    address: '',
    requestId: 'req_bare',
    header: (name) => raw.headers[name] as string | undefined,
    send: (status, _, body = '', extra = []) => {
      const length = String(Buffer.byteLength(body))
      response
        .writeHead(status, ['content-type', 'application/json; charset=utf-8', 'content-length', length, ...extra])
        .end(body)
    },
  }
  return exchange as HttpRequest & HttpReply
}

async function stop(): Promise<void> {
  await app.close()
  await store.close()
}
