export type { SqlClient, SqlDatabase } from './database.ts'
export { identifier, literal } from './quote.ts'
export { type Binder, type BoundValue, digest, type Statement, StatementWriter } from './statement.ts'
