/**
 * The frame of the hand-written servers: Fastify with the protections that Plinth has (token check, validation, security headers,
 * body limit, one log line for each request), and nothing else. What is faster by hand is done by hand; nothing is left out.
 */
import { randomUUID } from 'node:crypto'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import postgres from 'postgres'
import { type Actor, tokenVerifier } from './token.ts'

declare module 'fastify' {
  interface FastifyRequest {
    actor: Actor
  }
}

/** A refusal with its place in the catalogue. */
export class Refused extends Error {
  readonly statusCode: number
  readonly code: string

  constructor(statusCode: number, code: string, message: string) {
    super(message)
    this.statusCode = statusCode
    this.code = code
  }
}

const SECURITY_HEADERS = {
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'private, no-cache',
}

/** Makes the server without its routes, and the connection to the database that they use. */
export async function createService(): Promise<{ app: FastifyInstance; sql: postgres.Sql }> {
  const verify = await tokenVerifier(JSON.parse(required('PUBLIC_KEY')), required('ISSUER'), required('AUDIENCE'))
  const app = fastify({
    logger: false,
    genReqId: () => randomUUID(),
    bodyLimit: 1_048_576,
    ajv: { customOptions: { removeAdditional: false } },
  })

  app.removeContentTypeParser('text/plain')
  app.decorateRequest('actor', null as unknown as Actor)
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS)
    const header = request.headers.authorization
    if (header === undefined || !header.startsWith('Bearer '))
      return done(new Refused(401, 'AUTH_REQUIRED', 'Sign in to do this'))
    const token = header.slice(7)
    const known = verify.known(token)
    if (known !== undefined) {
      request.actor = known
      return done()
    }
    verify.check(token).then(
      (actor) => {
        request.actor = actor
        done()
      },
      () => done(new Refused(401, 'AUTH_TOKEN_INVALID', 'The access token is not valid')),
    )
  })
  if (process.env['LOGS'] !== 'off') logRequests(app)
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500
    const details = (error.validation ?? []).map((finding) => ({
      field: finding.instancePath.slice(1),
      code: finding.keyword,
      message: finding.message,
    }))
    const code = error.validation !== undefined ? 'VALIDATION_FAILED' : status === 500 ? 'INTERNAL_ERROR' : error.code
    const message = status === 500 ? 'Something went wrong on our side' : error.message
    void reply.code(status).send({ error: { code, message, details, request_id: request.id, docs_url: `/docs/errors#${code}` } })
  })
  return { app, sql: connect() }
}

/** One JSON line for each request, buffered, as a production service writes it. */
function logRequests(app: FastifyInstance): void {
  const log = pino({ messageKey: 'message' }, pino.destination({ fd: 1, minLength: 4096, sync: false }))
  app.addHook('onResponse', (request, reply, done) => {
    log.info(
      {
        request_id: request.id,
        method: request.method,
        path: request.url,
        status: reply.statusCode,
        duration_ms: reply.elapsedTime,
        actor: request.actor?.subject,
        remote: request.ip,
      },
      'request',
    )
    done()
  })
}

/**
 * Named statements and pipelining are what postgres.js does by itself; the pool is of the size that measured best on two cores.
 */
function connect(): postgres.Sql {
  return postgres(required('DATABASE_URL'), {
    max: Number(process.env['POOL'] ?? 4),
    // The server is told to speak UTC, so its text becomes ISO 8601 without the round trip through a `Date`.
    connection: { TimeZone: 'UTC', application_name: 'bench' },
    types: { timestamp: { to: 1184, from: [1184], serialize: String, parse: (text: string) => `${text.replace(' ', 'T')}:00` } },
  })
}

/** Listens, prints `ready`, and stops cleanly on SIGTERM. */
export async function serve(app: FastifyInstance, sql: postgres.Sql): Promise<void> {
  await sql`SELECT 1`
  await app.listen({ host: '127.0.0.1', port: Number(required('PORT')) })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(
      signal,
      () =>
        void app
          .close()
          .then(() => sql.end())
          .then(() => process.exit(0)),
    )
  }
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`Cannot start: ${name} is not set`)
  return value
}
