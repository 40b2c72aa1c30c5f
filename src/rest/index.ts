export type { RestDeprecations } from './deprecations.ts'
export { mountRest, type RestOptions } from './mount.ts'
export { type OpenApiDocument, type OpenApiOptions, renderOpenApi } from './openapi/document.ts'
export { type RestRoute, restRoutes } from './routes.ts'
