/** Serves the OpenAPI document: printed when it is first asked for, so that no start waits for it, with a tag of its content. */
import { createHash } from 'node:crypto'
import { type HeaderBlock, type HttpServer, headerBlock } from '../../http/index.ts'
import { readIfNoneMatch } from '../read-preconditions.ts'
import type { OpenApiDocument } from './document.ts'

interface PrintedDocument {
  readonly body: Buffer
  readonly headers: HeaderBlock
  readonly etag: string
}

/** @param render called once at the most */
export function mountOpenApi(server: HttpServer, render: () => OpenApiDocument): void {
  let printed: PrintedDocument | undefined
  server.route({
    method: 'GET',
    path: '/openapi.json',
    operation: 'docs.openapi',
    isPublic: true,
    handle(request, reply) {
      printed ??= print(render())
      const { body, headers, etag } = printed
      if (readIfNoneMatch(request, etag)) reply.send(304, headers)
      else reply.send(200, headers, body)
    },
  })
}

function print(document: OpenApiDocument): PrintedDocument {
  const body = Buffer.from(JSON.stringify(document))
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`
  // Kept and asked about anew each time: a new release must be seen at once.
  const headers = headerBlock({
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'public, no-cache',
    vary: 'origin',
    etag,
  })
  return { body, headers, etag }
}
