/** The OAuth clients of an application for a command that runs beside its service, or without one. */
import { join } from 'node:path'
import { createVault } from '../auth/index.ts'
import { uuidGenerator } from '../kernel/index.ts'
import { createScopes, OAuthClients } from '../oauth/index.ts'
import { SqlPool } from '../pg/index.ts'
import { SYSTEM_CLOCK, SYSTEM_RANDOMNESS } from './clock.ts'
import { expectMigrated, joinDatabase, openDataFolder } from './database.ts'
import type { App } from './declare.ts'
import { deriveKey, folderSecret } from './secret.ts'
import { type Settings, SettingsError } from './settings.ts'

export type { ClientOrder, ClientWithSecret, OAuthClient, OAuthClients } from '../oauth/index.ts'

/**
 * Opens the database, lets `work` see and change the clients, and closes it. Running instances follow within 5 s.
 *
 * @throws for an application without accounts, which has no authorization server
 */
export async function withOAuthClients<Result>(
  app: App,
  settings: Settings,
  work: (clients: OAuthClients) => Promise<Result>,
): Promise<Result> {
  if (app.domain.accounts === undefined)
    throw new SettingsError('Cannot manage clients: the domain declares no accounts, expected domain({ accounts })')
  const secret = settings.secret ?? folderSecret(join(openDataFolder(app), 'secret'))
  const vault = createVault((purpose) => deriveKey(secret, purpose))
  const database = await joinDatabase(app, { databaseUrl: settings.databaseUrl })
  try {
    await expectMigrated(app, database)
    const sql = new SqlPool({ url: database.url, applicationName: `${app.domain.name} clients`, connections: 1 })
    try {
      const newId = uuidGenerator(SYSTEM_CLOCK, SYSTEM_RANDOMNESS)
      return await work(new OAuthClients({ sql, clock: SYSTEM_CLOCK, newId, vault, scopes: createScopes(app.domain) }))
    } finally {
      await sql.close()
    }
  } finally {
    await database.stop()
  }
}
