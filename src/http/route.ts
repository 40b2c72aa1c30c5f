/** What a server knows before the first request: its state, and for each route all that its requests share. */
import type { Actor } from '../model/index.ts'
import type { AccessLog, DenialLog, HashUserId, Logger, OperationHandle } from '../observe/index.ts'
import type { ReadCaller } from './caller-address.ts'
import type { Cors } from './cors.ts'
import type { Handle } from './handle.ts'
import type { LoopClock } from './load.ts'
import type { OpenStreams } from './open-streams.ts'
import type { Budgets, RouteLimit } from './rate-limits.ts'
import type { DocsUrl, RenderFailure } from './render-error.ts'

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'TRACE'

/**
 * `json`: a body must come. `optional`: none is an empty object. `none`: one that comes is refused. `form`: of an HTML form; none is an
 * empty one. `bytes`: of any type, as it came. `packed`: the same, and its `Content-Encoding` is the handler's affair. `raw`: of any type, bounded, and left to who takes the answer over.
 */
export type BodyMode = 'json' | 'optional' | 'form' | 'bytes' | 'packed' | 'none' | 'raw'

export type Authenticate = (authorization: string | undefined) => Actor | Promise<Actor>

/** One method on one path, ready to run. */
export interface Route {
  readonly operation: string
  readonly bodyMode: BodyMode
  readonly bodyBytesMax: number
  /** Not asked who the caller is. */
  readonly isPublic: boolean
  /** Served however many requests are under way. */
  readonly isExempt: boolean
  /** Leaves no line in the log: health probes would drown the rest. */
  readonly isQuiet: boolean
  readonly limit: RouteLimit
  /** What its requests are counted against; undefined where they are not. */
  readonly budgets: Budgets | undefined
  readonly renderFailure: RenderFailure
  /** The methods of this path, for `Allow`. */
  readonly allow: string
  readonly metrics: OperationHandle
  readonly accessLog: AccessLog
  readonly handle: Handle
  /** What its requests may turn out to be, by operation. */
  readonly variants: ReadonlyMap<string, Route>
}

/** The part of a server that every exchange reads. */
export interface ServerState {
  readonly logger: Logger
  readonly denials: DenialLog
  readonly readRequestId: (header: string | undefined) => string
  readonly hashUserId: HashUserId
  readonly docsUrl: DocsUrl
  readonly requestBudgetMs: number
  readonly inFlightMax: number
  readonly loop: LoopClock
  readonly authenticate: Authenticate
  readonly readCaller: ReadCaller
  readonly budgets: ReadonlyMap<RouteLimit, Budgets>
  readonly cors: Cors | undefined
  /** Answers that go on. */
  readonly streams: OpenStreams
  inFlight: number
  isDraining: boolean
}
