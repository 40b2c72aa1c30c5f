export { freePort } from '../pg/index.ts'
export { type DatabaseTemplate, sqlTemplate, type TestDatabase, testDatabase } from './database.ts'
export { startNats } from './nats.ts'
export { startPostgres } from './postgres.ts'
export type { DedicatedServer } from './private-server.ts'
export { startRedis } from './redis.ts'
export { privateNats, privatePostgres, privateRedis, startTestServers, type TestServer, type TestServers } from './servers.ts'
export {
  appTemplate,
  type TestAnswer,
  type TestRequest,
  type TestService,
  type TestServiceOptions,
  testService,
} from './service.ts'
export { recordSkip } from './skips.ts'
export { sweepTestDatabases } from './sweep.ts'
export { type ObservedResponse, responseVerifier, type VerifyResponse } from './verify-response.ts'
export { budgetMs, type WaitOptions, waitFor } from './wait.ts'
