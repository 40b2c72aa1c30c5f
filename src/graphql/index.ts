/** The GraphQL surface: the schema of a domain, and documents answered with as few statements as there are levels. */
export type { FieldWeights } from './document/complexity.ts'
export type { DocumentLimits } from './document/limits.ts'
export type { Executor, ExecutorOptions } from './executor.ts'
export { type FieldMeaning, meaningOf } from './meaning.ts'
export { type GraphqlOptions, mountGraphql } from './mount-graphql.ts'
export { deriveSchema, type GraphqlDeprecations } from './schema/derive-schema.ts'
export { renderSdl } from './schema/render-sdl.ts'
