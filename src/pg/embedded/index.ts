export { openConnection, type PlainConnection } from './connection.ts'
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresConnection,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './embedded.ts'
export { EmbeddedPostgresError, type EmbeddedPostgresFailure } from './failure.ts'
export { freePort } from './free-port.ts'
export { type Lifeline, type LifelineOptions, lifeline } from './lifeline.ts'
export { findRunningPostgres } from './running.ts'
export type { EmbeddedPostgresEvent } from './server.ts'
export type { SettingValue } from './settings.ts'
