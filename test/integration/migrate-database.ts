/** Scratch databases and folders for the tests of migrations, and what they look at afterwards. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach } from 'vitest'
import { readCatalog } from '../../src/migrate/catalog.ts'
import { readSystemMigrations } from '../../src/migrate/files.ts'
import { migrateUp, readMigrations } from '../../src/migrate/index.ts'
import { type DatabaseTemplate, testDatabase } from '../../src/testing/index.ts'

export const BLOG_MIGRATIONS = join(import.meta.dirname, '../../examples/blog/migrations')

export interface ScratchDatabase {
  readonly url: string
  /** Opens a session; it is ended behind the test at the latest. */
  readonly connect: () => Promise<Client>
  /** Runs one statement on a session that is not the migrations' own. */
  readonly query: (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>
}

export interface Scratch {
  /** An empty database, or one to which a folder of migrations is applied already; then cloning is all that it takes. */
  createDatabase(migratedFrom?: string): Promise<ScratchDatabase>
  /** Writes a folder of migrations: `{ '0001_a': [up, down] }`. */
  createFolder(migrations: Readonly<Record<string, readonly [up: string, down: string]>>): Promise<string>
}

/** Makes databases and folders for the tests of a file, and removes them behind each test. */
export function scratch(): Scratch {
  const cleanUps: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  })

  return {
    async createDatabase(migratedFrom) {
      const { url, drop } = await testDatabase(migratedFrom === undefined ? undefined : await migratedTemplate(migratedFrom))
      cleanUps.push(drop)
      const connect = async (): Promise<Client> => {
        const client = new Client({ connectionString: url })
        // Sessions are killed on purpose; without a listener that would end the process.
        client.on('error', () => undefined)
        cleanUps.push(() => client.end().catch(() => undefined))
        await client.connect()
        return client
      }
      let own: Client | undefined
      const query = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => {
        own ??= await connect()
        return (await own.query<Record<string, unknown>>(text, values)).rows
      }
      return { url, connect, query }
    },
    async createFolder(migrations) {
      const folder = await mkdtemp(join(tmpdir(), 'plinth-migrations-'))
      cleanUps.push(() => rm(folder, { recursive: true }))
      for (const [name, scripts] of Object.entries(migrations)) await writeMigration(folder, name, scripts)
      return folder
    },
  }
}

async function migratedTemplate(folder: string): Promise<DatabaseTemplate> {
  const migrations = [...(await readSystemMigrations()), ...(await readMigrations(folder))]
  return {
    key: `migrated ${migrations.map(({ name, up }) => `${name} ${up.checksum}`).join()}`,
    async build(url) {
      const connect = async (): Promise<Client> => {
        const client = new Client({ connectionString: url })
        await client.connect()
        return client
      }
      await migrateUp(connect, { folder })
    },
  }
}

export async function writeMigration(
  folder: string,
  name: string,
  [up, down]: readonly [up: string, down: string],
): Promise<void> {
  await writeFile(join(folder, `${name}.up.sql`), up)
  await writeFile(join(folder, `${name}.down.sql`), down)
}

/** Names of the application's tables, the ledger and Plinth's own left out. */
export async function readTables({ query }: ScratchDatabase): Promise<string[]> {
  const rows = await query(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
     AND c.relname NOT LIKE 'plinth\\_%' ORDER BY 1`,
  )
  return rows.map(({ name }) => String(name))
}

/** The whole schema as one value, for comparison: what `migrate check` compares, and the ledger's rows. */
export async function readState({ query }: ScratchDatabase): Promise<string> {
  const catalog = await readCatalog({ query: async (text) => ({ rows: await query(text) }), end: async () => undefined })
  const [row] = await query(`SELECT to_regclass('public.plinth_migrations') IS NOT NULL AS found`)
  const ledger = row?.['found'] === true ? await query('SELECT origin, name, state FROM plinth_migrations ORDER BY 1, 2') : []
  return JSON.stringify({ catalog, ledger }, null, 1)
}
