export { mountRest, type RestDeprecations, type RestOptions } from './mount.ts'
export { type OpenApiDocument, type OpenApiOptions, renderOpenApi } from './openapi/document.ts'
export { type ObservedResponse, responseVerifier, type VerifyResponse } from './openapi/verify-response.ts'
export { type RestRoute, restRoutes } from './routes.ts'
