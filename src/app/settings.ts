/** Reads the settings from environment variables, all of them here and nowhere else. A wrong one is refused with a sentence. */
import type { RateLimits } from '../http/index.ts'
import { isAddressRange } from '../kernel/index.ts'
import { LOG_LEVELS, type LogLevel } from '../observe/index.ts'
import type { RateLimit } from '../resilience/index.ts'

export interface Settings {
  /** `PORT`, default 3000. */
  readonly port: number
  /** `HOST`, default 127.0.0.1. */
  readonly host: string
  /** `ADMIN_PORT`, default 3001: metrics and health for operators. */
  readonly adminPort: number
  /** `ADMIN_HOST`, default 127.0.0.1. */
  readonly adminHost: string
  /** `GRPC_PORT`, default 50051; undefined for `off`: no gRPC. */
  readonly grpcPort: number | undefined
  /** `GRPC_HOST`, default 127.0.0.1. */
  readonly grpcHost: string
  /** `GRPC_REFLECTION`, default true in development, else false: clients may ask which services there are. */
  readonly grpcReflection: boolean | undefined
  /** `GRPC_TLS_CERT_FILE`: a certificate chain in PEM; with a key gRPC is served over TLS, else in clear. */
  readonly grpcTlsCertFile: string | undefined
  /** `GRPC_TLS_KEY_FILE`: its key, in PEM. */
  readonly grpcTlsKeyFile: string | undefined
  /** `CONNECT`, default true, and false with `GRPC_PORT=off`: the methods of gRPC on the HTTP port, as Connect and gRPC-Web. */
  readonly isConnect: boolean
  /** `DATABASE_URL`; undefined: the embedded database. */
  readonly databaseUrl: string | undefined
  /** `DATABASE_STATEMENT_TIMEOUT_MS`, default 30,000. */
  readonly statementTimeoutMs: number
  /** `DATABASE_LIST_TIMEOUT_MS`, default 5,000: for lists alone, where it is the shorter one. */
  readonly listTimeoutMs: number
  /** `PUBLIC_URL`: how the service is reached from outside; used in links of errors and documents. */
  readonly publicOrigin: string | undefined
  /** `TOKEN_ISSUER`: the `iss` of access tokens. */
  readonly tokenIssuer: string | undefined
  /** `TOKEN_AUDIENCE`: what their `aud` must hold; default the name of the domain. */
  readonly tokenAudience: string | undefined
  /** `TOKEN_JWKS_FILE`: the issuer's public keys, as a JSON Web Key Set. */
  readonly tokenJwksFile: string | undefined
  /** `PLINTH_SECRET`, at least 32 characters: seals cursors and hashes user ids in the log; the same on all instances. */
  readonly secret: string | undefined
  /** `MAIL_URL`, `smtps://…` or `smtp://…`: who carries letters; default files under `.plinth/mail`. */
  readonly mailUrl: string | undefined
  /** `MAIL_FROM`, as `Blog <no-reply@example.com>`; default `no-reply` at the host of `PUBLIC_URL`. */
  readonly mailFrom: string
  /** `BREACHED_PASSWORDS_URL`, such as `https://api.pwnedpasswords.com/range/`: asked about new passwords, of which it sees five digits of a digest; default nobody. */
  readonly breachedPasswordsUrl: string | undefined
  /** `LOG_LEVEL`, default info. */
  readonly logLevel: LogLevel
  /** `CORS_ORIGINS`, comma-separated; default none. */
  readonly corsOrigins: readonly string[]
  /** `TRUSTED_PROXIES`, comma-separated ranges in CIDR notation: whose `X-Forwarded-For` is believed; default none. */
  readonly trustedProxies: readonly string[]
  /**
   * `RATE_LIMIT_READ`, `RATE_LIMIT_WRITE`, `RATE_LIMIT_SENSITIVE`: `<per minute>/<at once>` for an address or an account, or `off`;
   * default 6000/1000, 1200/300 and 20/10.
   */
  readonly rateLimits: RateLimits
  /** `MERGE_READS`, default true: point reads of one turn of the event loop become one statement. */
  readonly isMerging: boolean
  /** `SHUTDOWN_GRACE_MS`, default 10,000: how long requests under way may take when the service stops. */
  readonly shutdownGraceMs: number
}

export type Environment = Readonly<Record<string, string | undefined>>

/** A setting cannot be used; the message says which and what was expected. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

const SECRET_LENGTH_MIN = 32

/**
 * Reads all settings; what is not set or empty has its default.
 *
 * @throws `SettingsError`, naming the variable and what was expected
 * @example
 * const settings = readSettings({ PORT: '8080', LOG_LEVEL: 'warn' })
 */
export function readSettings(environment: Environment): Settings {
  const text = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name])
  const integer = (name: string, fallback: number, min: number, max: number): number => {
    const value = text(name)
    if (value === undefined) return fallback
    const number = Number(value)
    if (!Number.isInteger(number) || number < min || number > max)
      throw new SettingsError(`Cannot use ${name}="${value}": it is no whole number from ${min} to ${max}`)
    return number
  }
  const port = integer('PORT', 3_000, 0, 65_535)
  const publicOrigin = readOrigin('PUBLIC_URL', text('PUBLIC_URL'))
  return {
    port,
    host: text('HOST') ?? '127.0.0.1',
    adminPort: integer('ADMIN_PORT', 3_001, 0, 65_535),
    adminHost: text('ADMIN_HOST') ?? '127.0.0.1',
    grpcPort: text('GRPC_PORT') === 'off' ? undefined : integer('GRPC_PORT', 50_051, 0, 65_535),
    grpcHost: text('GRPC_HOST') ?? '127.0.0.1',
    grpcReflection: readSwitch('GRPC_REFLECTION', text('GRPC_REFLECTION')),
    grpcTlsCertFile: text('GRPC_TLS_CERT_FILE'),
    grpcTlsKeyFile: text('GRPC_TLS_KEY_FILE'),
    isConnect: readSwitch('CONNECT', text('CONNECT')) ?? text('GRPC_PORT') !== 'off',
    databaseUrl: readUrl('DATABASE_URL', text('DATABASE_URL'), ['postgres:', 'postgresql:']),
    statementTimeoutMs: integer('DATABASE_STATEMENT_TIMEOUT_MS', 30_000, 100, 600_000),
    listTimeoutMs: integer('DATABASE_LIST_TIMEOUT_MS', 5_000, 100, 600_000),
    publicOrigin,
    tokenIssuer: text('TOKEN_ISSUER'),
    tokenAudience: text('TOKEN_AUDIENCE'),
    tokenJwksFile: text('TOKEN_JWKS_FILE'),
    secret: readSecret(text('PLINTH_SECRET')),
    mailUrl: readUrl('MAIL_URL', text('MAIL_URL'), ['smtps:', 'smtp:']),
    mailFrom: text('MAIL_FROM') ?? `no-reply@${publicOrigin === undefined ? 'localhost' : new URL(publicOrigin).hostname}`,
    breachedPasswordsUrl: readUrl('BREACHED_PASSWORDS_URL', text('BREACHED_PASSWORDS_URL'), ['https:', 'http:']),
    logLevel: oneOf('LOG_LEVEL', text('LOG_LEVEL'), LOG_LEVELS, 'info'),
    corsOrigins: readList(text('CORS_ORIGINS')),
    trustedProxies: readRanges('TRUSTED_PROXIES', text('TRUSTED_PROXIES')),
    rateLimits: {
      read: readRateLimit('RATE_LIMIT_READ', text('RATE_LIMIT_READ') ?? '6000/1000'),
      write: readRateLimit('RATE_LIMIT_WRITE', text('RATE_LIMIT_WRITE') ?? '1200/300'),
      sensitive: readRateLimit('RATE_LIMIT_SENSITIVE', text('RATE_LIMIT_SENSITIVE') ?? '20/10'),
    },
    isMerging: oneOf('MERGE_READS', text('MERGE_READS'), ['true', 'false'] as const, 'true') === 'true',
    shutdownGraceMs: integer('SHUTDOWN_GRACE_MS', 10_000, 0, 600_000),
  }
}

function readList(value: string | undefined): readonly string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function readRanges(name: string, value: string | undefined): readonly string[] {
  const ranges = readList(value)
  const wrong = ranges.find((range) => !isAddressRange(range))
  if (wrong !== undefined)
    throw new SettingsError(
      `Cannot use ${name}: "${wrong}" is no range in CIDR notation, expected ranges as "10.0.0.0/8,2001:db8::/32"`,
    )
  return ranges
}

/** Up to a billion, which no caller reaches: for benchmarks, which measure the count as well. */
const RATE_LIMIT = /^([1-9][0-9]{0,9})\/([1-9][0-9]{0,9})$/

function readRateLimit(name: string, value: string): RateLimit | undefined {
  if (value === 'off') return undefined
  const [, perMinute, burst] = RATE_LIMIT.exec(value) ?? []
  if (perMinute === undefined || burst === undefined)
    throw new SettingsError(`Cannot use ${name}="${value}": expected "<per minute>/<at once>" as "1200/300", or "off"`)
  return { perMinute: Number(perMinute), burst: Number(burst) }
}

function oneOf<const Choice extends string>(
  name: string,
  value: string | undefined,
  choices: readonly Choice[],
  fallback: Choice,
): Choice {
  if (value === undefined) return fallback
  const found = choices.find((choice) => choice === value)
  if (found === undefined) throw new SettingsError(`Cannot use ${name}="${value}": expected one of ${choices.join(', ')}`)
  return found
}

/** The value is not quoted when it is wrong: a URL of a database holds its password. */
function readUrl(name: string, value: string | undefined, protocols: readonly string[]): string | undefined {
  if (value === undefined) return undefined
  const protocol = URL.canParse(value) ? new URL(value).protocol : undefined
  if (protocol === undefined || !protocols.includes(protocol))
    throw new SettingsError(
      `Cannot use ${name}: it is no URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}`,
    )
  return value
}

/** It is compared with the header `Origin`, and names the issuer of tokens: letter for letter as browsers write it, and nothing behind it. */
function readOrigin(name: string, value: string | undefined): string | undefined {
  const origin = readUrl(name, value, ['https:', 'http:'])?.replace(/\/$/, '')
  if (origin !== undefined && new URL(origin).origin !== origin)
    throw new SettingsError(`Cannot use ${name}: it is no plain origin, expected one as "${new URL(origin).origin}"`)
  return origin
}

function readSwitch(name: string, value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : oneOf(name, value, ['true', 'false'] as const, 'false') === 'true'
}

function readSecret(value: string | undefined): string | undefined {
  if (value !== undefined && value.length < SECRET_LENGTH_MIN) {
    throw new SettingsError(
      `Cannot use PLINTH_SECRET: it has ${value.length} characters, expected at least ${SECRET_LENGTH_MIN}. Make one with: openssl rand -base64 32`,
    )
  }
  return value
}
