/** What the engine knows of one request, whatever surface it came through. */
import type { PolicyInput } from '../policy/index.ts'

/** Whoever waits for an answer. */
export interface Caller {
  /** Whether nobody waits any more: they went away, or their time has passed. Asked of what takes long, again and again. */
  readonly isGone: boolean
}

export interface RequestContext extends PolicyInput {
  /** Names the request in answers, logs and the journal. */
  readonly requestId: string
  /** A read that nobody waits for is ended. Default: somebody waits. */
  readonly caller?: Caller | undefined
}
