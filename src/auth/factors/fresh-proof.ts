/** Decides whether a sign-in is fresh enough to change how its owner signs in: a token that was stolen later is not enough. */
import { PlinthError } from '../../kernel/index.ts'

/** When the caller showed what, as their access token says. */
export interface ShownAt {
  readonly authenticatedAtMs: number | null
  readonly secondFactorAtMs: number | null
}

/** Ten minutes: time to find the phone and to type a code, and little for a thief. */
export const FRESH_S = 600

/**
 * @param hasSecondFactor where there is one, it is the one that must be fresh, besides the sign-in
 * @throws `AUTH_STEP_UP_REQUIRED`
 */
export function expectFreshProof(shown: ShownAt, hasSecondFactor: boolean, nowMs: number): void {
  const isFresh = (atMs: number | null): boolean => atMs !== null && nowMs - atMs <= FRESH_S * 1_000
  if (!isFresh(shown.authenticatedAtMs)) throw staleProof('Sign in again to do this')
  if (hasSecondFactor && !isFresh(shown.secondFactorAtMs)) {
    throw staleProof('Show a second factor again to do this')
  }
}

function staleProof(message: string): PlinthError {
  return new PlinthError('AUTH_STEP_UP_REQUIRED', message, { proofAgeSMax: FRESH_S })
}
