export * from '../model/index.ts'
export type { PlainConnection } from '../pg/index.ts'
export { type Database, expectMigrated, joinDatabase, migrate, openDatabase } from './database.ts'
export { type App, type AppDeclaration, app, type GraphqlDeclaration, type SeedReport } from './declare.ts'
export {
  type ClientOrder,
  type ClientWithSecret,
  type OAuthClient,
  withOAuthClients,
} from './oauth-clients.ts'
export { documentOptions, type Service, type ServiceOptions, startService } from './service.ts'
export { type Environment, readSettings, type Settings, SettingsError } from './settings.ts'
export { type KeyView, type SigningKeyTable, withSigningKeys } from './signing-keys.ts'
export { type Mode, mintDevelopmentToken } from './tokens.ts'
