/** Tells an application that somebody lent their account to from the person. */
import type { Actor } from '../model/index.ts'

/** Whether an OAuth client acts for somebody. */
export function isLent({ kind, session }: Actor): boolean {
  return kind === 'user' && session !== undefined && session.clientId !== null
}
