/**
 * A whole service for tests over the wire: a database of its own, free ports, tokens for any role, and the lines that it logs.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type App,
  migrate,
  mintDevelopmentToken,
  openDatabase,
  readSettings,
  type Service,
  type ServiceOptions,
  startService,
} from '../app/index.ts'
import { LOCK_FILE } from '../grpc/index.ts'
import { openConnection, type PlainConnection } from '../pg/index.ts'
import { type DatabaseTemplate, type TestDatabase, testDatabase } from './database.ts'

export interface TestServiceOptions {
  readonly app: App
  /** Environment variables, as `readSettings` reads them; ports are free ones unless said here. */
  readonly environment?: Readonly<Record<string, string>>
  /** Default `development`: tokens of `token()` are believed. */
  readonly mode?: 'development' | 'production'
  /** A database that exists; it is migrated and left in place. Default one of its own, dropped at the end. */
  readonly databaseUrl?: string
}

export interface TestRequest {
  readonly method?: string
  /** The value of a Bearer token; none: nobody asks. */
  readonly token?: string | undefined
  /** Sent as JSON; a string goes as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface TestAnswer {
  readonly status: number
  readonly headers: Headers
  /** The body as it came. */
  readonly text: string
  /** The body read as JSON; undefined where it is empty or something else. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly json: any
}

export interface TestService extends AsyncDisposable {
  readonly origin: string
  readonly adminOrigin: string
  /** `127.0.0.1:50051`. */
  readonly grpcAddress: string
  readonly databaseUrl: string
  readonly service: Service
  /** Lines of the log so far, parsed. */
  readonly logs: () => readonly Readonly<Record<string, unknown>>[]
  /** A token of somebody with the role; the same subject for the same text, somebody new without one. */
  token(role: string, subject?: string): string
  /** Sends a request to a path: `/api/v1/posts`. */
  request(path: string, request?: TestRequest): Promise<TestAnswer>
  /** A plain connection to the database, closed at the end. */
  sql(): Promise<PlainConnection>
  /** The letters that the service wrote so far, once all that it does after its answers is done. */
  letters(): Promise<readonly TestLetter[]>
  stop(): Promise<void>
}

export interface TestLetter {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** Counted as in production, and never used up: a test that means a limit sets it. */
const WIDE_LIMITS = {
  RATE_LIMIT_READ: '1000000000/1000000000',
  RATE_LIMIT_WRITE: '1000000000/1000000000',
  RATE_LIMIT_SENSITIVE: '1000000000/1000000000',
}

const PORT_ATTEMPTS = 3

/**
 * Starts the service of an application on free ports, over a database of its own that holds its migrations.
 *
 * The first start for an application builds a template (about a second); later ones clone it.
 *
 * @example
 * await using blog = await testService({ app })
 * const answer = await blog.request('/api/v1/posts', { token: blog.token('viewer') })
 */
export async function testService(options: TestServiceOptions): Promise<TestService> {
  // Keys and secrets go into a folder of this service alone.
  const folder = mkdtempSync(join(tmpdir(), 'plinth-test-'))
  const app: App = { ...options.app, folder }
  const lock = join(options.app.folder, LOCK_FILE)
  if (existsSync(lock)) copyFileSync(lock, join(folder, LOCK_FILE))
  const cleanUps: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  }
  try {
    const databaseUrl = options.databaseUrl ?? (await ownDatabase(app, cleanUps)).url
    const settings = readSettings({
      PORT: '0',
      ADMIN_PORT: '0',
      GRPC_PORT: '0',
      ...WIDE_LIMITS,
      DATABASE_URL: databaseUrl,
      ...options.environment,
    })
    const lines: string[] = []
    const service = await startOnFreePort({
      app,
      settings,
      mode: options.mode ?? 'development',
      logDestination: { write: (text: string) => lines.push(text) },
    })
    cleanUps.push(() => service.stop())
    return {
      origin: service.origin,
      adminOrigin: service.adminOrigin,
      grpcAddress: service.grpcAddress ?? '',
      databaseUrl,
      service,
      logs: () => {
        service.logger.flush()
        return lines
          .join('')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Record<string, unknown>)
      },
      token: (role, subject) => mintDevelopmentToken(app, settings, role, subject),
      request: (path, request) => send(service.origin + path, request),
      sql: async () => {
        const connection = await openConnection(databaseUrl)
        cleanUps.push(() => connection.close())
        return connection
      },
      async letters() {
        await service.settle()
        return readLetters(join(folder, '.plinth', 'mail'))
      },
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A database that holds the migrations of an application: what `testDatabase` clones. */
export async function appTemplate(app: App): Promise<DatabaseTemplate> {
  const files = (await readdir(app.migrations)).filter((file) => file.endsWith('.up.sql')).sort()
  const texts = await Promise.all(files.map((file) => readFile(join(app.migrations, file), 'utf8')))
  return {
    key: JSON.stringify(['app', ...files, ...texts]),
    async build(url) {
      const database = await openDatabase(app, { databaseUrl: url })
      await migrate(app, database)
      await database.stop()
    },
  }
}

async function ownDatabase(app: App, cleanUps: (() => unknown)[]): Promise<TestDatabase> {
  const database = await testDatabase(await appTemplate(app))
  cleanUps.push(() => database.drop())
  return database
}

async function send(url: string, { method = 'GET', token, body, headers = {} }: TestRequest = {}): Promise<TestAnswer> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: readJson(response.headers.get('content-type'), text) }
}

function readJson(contentType: string | null, text: string): unknown {
  return contentType?.includes('json') === true && text !== '' ? JSON.parse(text) : undefined
}

async function readLetters(folder: string): Promise<readonly TestLetter[]> {
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.eml')).sort()
  return Promise.all(files.map(async (file) => parseLetter(await readFile(join(folder, file), 'utf8'))))
}

function parseLetter(source: string): TestLetter {
  const [head = '', ...body] = source.split(/\r?\n\r?\n/)
  const header = (name: string): string => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? ''
  const text = body.join('\n\n')
  return { to: header('To'), subject: header('Subject'), text: /quoted-printable/i.test(head) ? decodeQuoted(text) : text }
}

/** @see https://www.rfc-editor.org/rfc/rfc2045#section-6.7 */
function decodeQuoted(text: string): string {
  const bytes = text
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** A free port is found before anything listens on it, so that tokens can name it; until then anybody may take it. */
async function startOnFreePort(options: ServiceOptions): Promise<Service> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startService(options)
    } catch (error) {
      const isTaken = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'
      if (!isTaken || options.settings.port !== 0 || attempt === PORT_ATTEMPTS) throw error
    }
  }
}
