export { type AccountPagesOptions, mountAccountPages } from './account-pages.ts'
export { type ClientRoutesParts, clientRoutes, describeClientRoutes } from './client-routes.ts'
export {
  type ClientChanger,
  type ClientOrder,
  type ClientWithSecret,
  type OAuthClient,
  OAuthClients,
  type OAuthClientsParts,
} from './clients.ts'
export { mountOAuth, type OAuth, type OAuthOptions } from './mount.ts'
export { CLIENT_KINDS, type ClientKind, judgeRedirectUri } from './redirect-uri.ts'
export { createScopes, IDENTITY_SCOPES, type Scopes } from './scopes.ts'
