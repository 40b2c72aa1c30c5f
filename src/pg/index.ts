export type { ConnectionOptions } from './driver.ts'
export * from './embedded/index.ts'
export { readDatabaseError } from './errors.ts'
export { PgStore, type PgStoreOptions } from './store.ts'
