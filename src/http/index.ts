export { type AdminServer, type AdminServerOptions, createAdminServer } from './admin-server.ts'
export type { AnswerStream } from './answer-stream.ts'
export { type Asset, createAsset } from './asset.ts'
export type { CallArrival, CalledOperation, OpenCall, OpenCalls } from './calls.ts'
export { type CookieOptions, type Cookies, clearCookie, readCookies, renderCookie } from './cookies.ts'
export { refuseCrossSite } from './cross-site.ts'
export type { EventStream } from './event-stream.ts'
export { readFormBody } from './form.ts'
export type { HttpReply, HttpRequest } from './handle.ts'
export {
  EMPTY_HEADERS,
  type HeaderBlock,
  HTML_HEADERS,
  headerBlock,
  JSON_HEADERS,
  SECURITY_HEADERS,
  TEXT_HEADERS,
} from './header-block.ts'
export { createReadiness, type Readiness, type ReadinessCheck } from './health.ts'
export { Html, type HtmlPart, html } from './html.ts'
export { type JsonObject, readJson, readJsonBody } from './json.ts'
export { type RequestKey, readOnceKey } from './once-key.ts'
export { formTargets, type PageOptions, pageHeaders } from './page-headers.ts'
export { type Charge, payWhenPossible } from './pay-when-possible.ts'
export { type Query, readQuery } from './query.ts'
export type { LimitClass, NamedLimits, RateLimits, RouteLimit } from './rate-limits.ts'
export type { DocsUrl, FailureAnswer, RenderFailure, RenderField } from './render-error.ts'
export type { Authenticate, BodyMode, HttpMethod } from './route.ts'
export type { HttpRoute } from './route-table.ts'
export { createHttpServer, type HttpServer, type HttpServerOptions } from './server.ts'
export type { TakenOver } from './take-over.ts'
export type { UpgradeRoute } from './upgrade.ts'
export type { Pairs } from './urlencoded.ts'
export { Waiter } from './waiter.ts'
export type { WebSocketChannel } from './web-socket.ts'
