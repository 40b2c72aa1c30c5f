/** A process that migrates, to be killed: `node migrate-runner.ts <url> <folder>`. */
import { Client } from 'pg'
import { migrateUp } from '../../src/migrate/index.ts'

const [url, folder] = process.argv.slice(2)
if (url === undefined || folder === undefined) throw new Error('Cannot migrate: arguments are missing, expected <url> <folder>')

await migrateUp(
  async () => {
    const client = new Client({ connectionString: url })
    await client.connect()
    return client
  },
  { folder, onEvent: ({ kind }) => console.log(kind) },
)
