export { createDenialLog, type Denial, type DenialLog } from './denial-log.ts'
export {
  type AccessLog,
  type AccessLogOptions,
  createLogger,
  LOG_LEVELS,
  type LogContext,
  type LogDestination,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type SecurityContext,
} from './logger.ts'
export { createOperationMetrics, type OperationHandle, type OperationMetrics } from './operation-metrics.ts'
export { newTraceContext, readTraceContext, renderTraceparent, type TraceContext } from './trace-context.ts'
export { createUserHash, type HashUserId } from './user-hash.ts'
