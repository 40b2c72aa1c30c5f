/** Serves the public keys under `/.well-known/jwks.json`, so that other services can verify our tokens. */
import { createHash } from 'node:crypto'
import { type HttpServer, headerBlock } from '../../http/index.ts'
import type { JwkSet } from '../keys.ts'

/** Half of the time for which a new key is published before it signs. */
const HEADERS = headerBlock({
  'content-type': 'application/jwk-set+json; charset=utf-8',
  'cache-control': 'public, max-age=300',
  vary: 'origin',
})

interface Answer {
  readonly set: JwkSet
  readonly body: string
  readonly etag: string
}

/** Adds the route to a server that does not listen yet. The answer is printed once for each set of keys. */
export function mountJwks(server: Pick<HttpServer, 'route'>, keys: { publicJwks(): JwkSet }): void {
  let answer = render(keys.publicJwks())
  server.route({
    method: 'GET',
    path: '/.well-known/jwks.json',
    operation: 'auth.keys.list',
    surface: 'http',
    isPublic: true,
    handle(request, reply) {
      const set = keys.publicJwks()
      if (set !== answer.set) answer = render(set)
      const { body, etag } = answer
      if (knows(request.header('if-none-match'), etag)) reply.send(304, HEADERS, undefined, ['etag', etag])
      else reply.send(200, HEADERS, body, ['etag', etag])
    },
  })
}

function render(set: JwkSet): Answer {
  const body = JSON.stringify(set)
  return { set, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
function knows(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false
  return condition.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag)
}
