/** What both hand-written gRPC servers share: the token check, the query, the row as a message, one log line for each call. */
import { pino } from 'pino'
import postgres from 'postgres'
import { decodeTypeId, encodeTypeId } from '../../src/kernel/index.ts'
import { type Actor, type TokenVerifier, tokenVerifier } from '../floor/token.ts'

export const PROTO_FOLDER = new URL('../../examples/blog/proto/', import.meta.url).pathname
export const USER_PROTO = 'user/v1/user.proto'
/** As Plinth's. */
export const MESSAGE_BYTES_MAX = 1_048_576

/** Codes of gRPC. @see https://grpc.io/docs/guides/status-codes/ */
export const STATUS = { ok: 0, invalidArgument: 3, notFound: 5, internal: 13, unauthenticated: 16 } as const

export class CallRefused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

interface UserRow {
  readonly id: string
  readonly email: string
  readonly display_name: string
  readonly role: string
  readonly created_at: number
  readonly updated_at: number
  readonly version: number
}

/** What a handler puts into a message, in the way of its library. Times in milliseconds. */
export interface User {
  readonly id: string
  readonly email: string
  readonly displayName: string
  readonly role: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly version: number
}

export interface UserService {
  /** @throws `CallRefused` for a token that is not good */
  readonly authenticate: (authorization: string | undefined) => Actor | Promise<Actor>
  /** @throws `CallRefused` for an id that is none, or of nobody that the actor may know of */
  readonly getUser: (actor: Actor, id: string) => Promise<User>
  readonly log: (method: string, status: number, startedAt: number, actor: Actor | undefined) => void
  readonly stop: () => Promise<void>
}

export async function createUserService(): Promise<UserService> {
  const verifier = await tokenVerifier(JSON.parse(required('PUBLIC_KEY')), required('ISSUER'), required('AUDIENCE'))
  const sql = postgres(required('DATABASE_URL'), {
    max: Number(process.env['POOL'] ?? 4),
    connection: { TimeZone: 'UTC', application_name: 'bench' },
    // Milliseconds at once: a message holds seconds, and a `Date` would be made to be thrown away.
    types: { timestamp: { to: 1184, from: [1184], serialize: String, parse: (text: string) => Date.parse(text) } },
  })
  await sql`SELECT 1`
  const log = pino({ messageKey: 'message' }, pino.destination({ fd: 1, minLength: 4096, sync: false }))
  return {
    authenticate: (authorization) => authenticate(verifier, authorization),
    async getUser(actor, id) {
      const uuid = decodeTypeId('usr', id)
      if (uuid === undefined) throw new CallRefused(STATUS.invalidArgument, 'The id is not valid')
      const [row] = await sql<UserRow[]>`
        SELECT id, email, display_name, role, created_at, updated_at, version FROM users
        WHERE id = ${uuid} AND deleted_at IS NULL AND (${actor.isAdmin} OR id = ${actor.id})`
      if (row === undefined) throw new CallRefused(STATUS.notFound, 'There is no such record')
      return userOf(row)
    },
    log: (method, status, startedAt, actor) =>
      log.info({ method, status, duration_ms: performance.now() - startedAt, actor: actor?.subject }, 'request'),
    stop: () => sql.end(),
  }
}

function authenticate(verifier: TokenVerifier, authorization: string | undefined): Actor | Promise<Actor> {
  if (authorization === undefined || !authorization.startsWith('Bearer '))
    throw new CallRefused(STATUS.unauthenticated, 'Sign in to do this')
  const token = authorization.slice(7)
  return (
    verifier.known(token) ??
    verifier.check(token).catch(() => {
      throw new CallRefused(STATUS.unauthenticated, 'The access token is not valid')
    })
  )
}

function userOf(row: UserRow): User {
  return {
    id: encodeTypeId('usr', row.id),
    email: row.email,
    displayName: row.display_name,
    role: row.role,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
  }
}

/** A `google.protobuf.Timestamp`. */
export function timestampOf(ms: number): { readonly seconds: number; readonly nanos: number } {
  const seconds = Math.floor(ms / 1_000)
  return { seconds, nanos: (ms - seconds * 1_000) * 1_000_000 }
}

/** Stops cleanly when the benchmark is over. */
export function stopOnSignal(stop: () => Promise<void>): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop().then(() => process.exit(0)))
}

export function required(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`Cannot start: ${name} is not set`)
  return value
}
