/** Serves the OpenAPI document: printed once, with a tag of its content. */
import { createHash } from 'node:crypto'
import { type HttpServer, headerBlock } from '../../http/index.ts'
import { readIfNoneMatch } from '../read-preconditions.ts'
import type { OpenApiDocument } from './document.ts'

export function mountOpenApi(server: HttpServer, document: OpenApiDocument): void {
  const body = Buffer.from(JSON.stringify(document))
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`
  // Kept and asked about anew each time: a new release must be seen at once.
  const headers = headerBlock({
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'public, no-cache',
    vary: 'origin',
    etag,
  })
  server.route({
    method: 'GET',
    path: '/openapi.json',
    operation: 'docs.openapi',
    isPublic: true,
    handle(request, reply) {
      if (readIfNoneMatch(request, etag)) reply.send(304, headers)
      else reply.send(200, headers, body)
    },
  })
}
