/** The GraphQL surface: the schema of a domain, and documents answered with as few statements as there are levels. */
export { type FieldMeaning, meaningOf } from './meaning.ts'
export { deriveSchema, type GraphqlDeprecations } from './schema/derive-schema.ts'
export { renderSdl } from './schema/render-sdl.ts'
