/**
 * A database for each test: cloned from a template that is built once, dropped afterwards.
 *
 * A template is known by the hash of what builds it, so every worker finds the one that the first has made, and changed
 * migrations make a new one. A template that is being built has another name, so a build that fails or is interrupted is never
 * cloned.
 */
import { createHash, randomBytes } from 'node:crypto'
import { openConnection, type PlainConnection } from '../pg/index.ts'
import { privatePostgres } from './servers.ts'
import { DATABASE_PREFIX, DAY_MS, TEMPLATE_PREFIX } from './sweep.ts'

/** What a test database starts with. */
export interface DatabaseTemplate {
  /** Changes whenever the result of `build` may change: the text of the migrations. */
  readonly key: string
  /** Fills an empty database; all its connections must be closed at the end. */
  build(url: string): Promise<void>
}

export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  readonly name: string
  /** Ends the sessions that are left and drops the database. */
  drop(): Promise<void>
}

/** A template that is made by SQL text: the contents of migration files, in order. */
export function sqlTemplate(...texts: readonly string[]): DatabaseTemplate {
  return {
    key: texts.join('\0'),
    async build(url) {
      await using connection = await openConnection(url)
      for (const text of texts) await connection.query(text)
    },
  }
}

/**
 * Makes a database for one test, on the server that all tests share.
 *
 * Cloning takes about 25 ms on the private server; the first use of a template takes what its `build` takes.
 *
 * @example
 * await using database = await testDatabase(sqlTemplate('CREATE TABLE post (id uuid PRIMARY KEY)'))
 * const pool = new Pool({ connectionString: database.url })
 */
export async function testDatabase(template: DatabaseTemplate = sqlTemplate()): Promise<TestDatabase> {
  const server = await privatePostgres()
  const admin = await adminOf(server.url)
  const source = await ensureTemplate(server.url, template)
  const name = `${DATABASE_PREFIX}${Date.now().toString(36)}_${randomBytes(6).toString('hex')}`
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${source} STRATEGY ${await cloneStrategy(server.url)}`)
  const drop = async (): Promise<void> => void (await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  return { name, url: withDatabase(server.url, name), drop, [Symbol.asyncDispose]: drop }
}

const admins = new Map<string, Promise<PlainConnection>>()
const templates = new Map<string, Promise<string>>()
const strategies = new Map<string, Promise<string>>()

function adminOf(url: string): Promise<PlainConnection> {
  return once(admins, url, () => openConnection(url))
}

/**
 * Copying files is the quicker way where nothing waits for the disk (25 ms against 110), and forces two checkpoints; on a server
 * that keeps its promises these are the dearer part.
 */
function cloneStrategy(url: string): Promise<string> {
  return once(strategies, url, async () => {
    const admin = await adminOf(url)
    const [row] = await admin.query<{ fsync: string }>('SHOW fsync')
    return row?.fsync === 'off' ? 'FILE_COPY' : 'WAL_LOG'
  })
}

function ensureTemplate(url: string, template: DatabaseTemplate): Promise<string> {
  const hash = createHash('sha256').update(template.key).digest('hex').slice(0, 24)
  // The day is in the name, so that those of other days can be swept.
  const name = `${TEMPLATE_PREFIX}${Math.floor(Date.now() / DAY_MS).toString(36)}_${hash}`
  return once(templates, `${url} ${name}`, async () => {
    // A lock belongs to its session, so this needs one of its own.
    await using connection = await openConnection(url)
    await connection.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [name])
    const [found] = await connection.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (found === undefined) await buildTemplate(connection, url, name, template)
    return name
  })
}

async function buildTemplate(connection: PlainConnection, url: string, name: string, template: DatabaseTemplate): Promise<void> {
  const draft = `${name}_draft`
  await connection.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`)
  await connection.query(`CREATE DATABASE ${draft} TEMPLATE template0`)
  await template.build(withDatabase(url, draft))
  await connection.query(`ALTER DATABASE ${draft} RENAME TO ${name}`)
  // A session on the template would make the next clone fail.
  await connection.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
}

/** Remembers a result for each key; a failure is forgotten, so that the next caller tries again. */
function once<Value>(memory: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>): Promise<Value> {
  const remembered = memory.get(key)
  if (remembered !== undefined) return remembered
  const made = make()
  memory.set(key, made)
  made.catch(() => memory.delete(key))
  return made
}

function withDatabase(url: string, database: string): string {
  return url.replace(/^([a-z]+:\/\/[^/?]*)(\/[^?]*)?/, (_, start: string) => `${start}/${database}`)
}
