/** Whether the process should get traffic. Checks run at most once a second, however often somebody asks. */

/** Resolves when the part is well, throws when it is not; must stop on `signal`. */
export type ReadinessCheck = (signal: AbortSignal) => Promise<unknown>

export interface Readiness {
  /** The state of each part, with no reason: reasons are for the log. */
  read(): Promise<{ readonly isReady: boolean; readonly checks: Readonly<Record<string, 'ok' | 'failed'>> }>
}

/** Long enough for a busy database, short enough for the 5 s that probes usually wait. */
const CHECK_TIMEOUT_MS = 2_000
const FRESH_MS = 1_000

/** Makes the state behind `/readyz`. Callers that ask while the checks run share one run. */
export function createReadiness(checks: Readonly<Record<string, ReadinessCheck>>): Readiness {
  let latest: ReturnType<Readiness['read']> | undefined
  let freshUntilMs = 0

  const run = async (): ReturnType<Readiness['read']> => {
    const states = await Promise.all(
      Object.entries(checks).map(async ([name, check]): Promise<[string, 'ok' | 'failed']> => [name, await runCheck(check)]),
    )
    freshUntilMs = performance.now() + FRESH_MS
    return { isReady: states.every(([, state]) => state === 'ok'), checks: Object.fromEntries(states) }
  }

  return {
    read() {
      if (latest === undefined || performance.now() >= freshUntilMs) {
        freshUntilMs = Number.POSITIVE_INFINITY
        latest = run()
      }
      return latest
    },
  }
}

async function runCheck(check: ReadinessCheck): Promise<'ok' | 'failed'> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
  const timeout = new Promise<'failed'>((resolve) => signal.addEventListener('abort', () => resolve('failed'), { once: true }))
  const outcome = Promise.resolve()
    .then(() => check(signal))
    .then(
      () => 'ok' as const,
      () => 'failed' as const,
    )
  return Promise.race([outcome, timeout])
}
