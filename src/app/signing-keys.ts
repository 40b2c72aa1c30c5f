/** The signing keys of an application for a command that runs beside its service, or without one. */
import { join } from 'node:path'
import { createVault, type KeyView, listKeys, type Rotation, rotateKeys } from '../auth/index.ts'
import { SqlPool } from '../pg/index.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import { expectMigrated, joinDatabase, openDataFolder } from './database.ts'
import type { App } from './declare.ts'
import { deriveKey, folderSecret } from './secret.ts'
import { type Settings, SettingsError } from './settings.ts'

export type { KeyView } from '../auth/index.ts'

export interface SigningKeyTable {
  /** The newest first; at most 100. */
  list(): Promise<readonly KeyView[]>
  rotate(rotation: Rotation): Promise<{ readonly kid: string; readonly signsFrom: Date }>
}

/**
 * Opens the database, lets `work` see and change the keys, and closes it. Running instances follow within 5 s.
 *
 * @throws for an application without accounts, which signs nothing, and for a secret that is not that of the present keys
 */
export async function withSigningKeys<Result>(
  app: App,
  settings: Settings,
  work: (keys: SigningKeyTable) => Promise<Result>,
): Promise<Result> {
  if (app.domain.accounts === undefined)
    throw new SettingsError('Cannot manage signing keys: the domain declares no accounts, expected domain({ accounts })')
  const secret = settings.secret ?? folderSecret(join(openDataFolder(app), 'secret'))
  const vault = createVault((purpose) => deriveKey(secret, purpose))
  const database = await joinDatabase(app, { databaseUrl: settings.databaseUrl })
  try {
    await expectMigrated(app, database)
    const sql = new SqlPool({ url: database.url, applicationName: `${app.domain.name} keys`, connections: 1 })
    try {
      return await work({
        list: () => listKeys(sql),
        rotate: (rotation) => rotateKeys({ sql, clock: SYSTEM_CLOCK, vault }, rotation),
      })
    } finally {
      await sql.close()
    }
  } finally {
    await database.stop()
  }
}
