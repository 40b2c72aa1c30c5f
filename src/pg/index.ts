export type { ConnectionOptions } from './driver.ts'
export * from './embedded/index.ts'
export { readDatabaseError } from './errors.ts'
export { PgStore, type PgStoreOptions, type StoreLoad } from './store.ts'
