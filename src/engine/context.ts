/** What the engine knows of one request, whatever surface it came through. */
import type { PolicyInput } from '../policy/index.ts'

export interface RequestContext extends PolicyInput {
  /** Names the request in answers, logs and the journal. */
  readonly requestId: string
}
