/** Waiting with a deadline: for a condition, for a port that answers. */
import { connect } from 'node:net'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

export interface WaitOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number
  /** Default 10. */
  readonly pollMs?: number
}

/**
 * Asks again and again until the answer is neither false nor undefined, and returns it.
 * @throws when the deadline passes, naming what was waited for
 */
export async function waitFor<Answer>(
  what: string,
  ask: () => Answer | false | undefined | Promise<Answer | false | undefined>,
  options: WaitOptions = {},
): Promise<Answer> {
  const timeoutMs = options.timeoutMs ?? 10_000
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== false && answer !== undefined) return answer
    if (performance.now() > deadline)
      throw new Error(`Cannot go on: ${what} did not come to pass, expected it within ${timeoutMs} ms`)
    await delay(options.pollMs ?? 10)
  }
}

export interface Greeting {
  readonly port: number
  /** What is sent first; servers that greet by themselves need nothing. */
  readonly say?: string
  /** What the answer must begin with. */
  readonly expect: string
}

/** Whether the server on the port says what it should: an open port alone is not yet a server that works. */
export function answers({ port, say, expect }: Greeting): Promise<boolean> {
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect({ port, host: '127.0.0.1' })
    const finish = (isRight: boolean): void => {
      socket.destroy()
      resolve(isRight)
    }
    socket.setTimeout(1_000, () => finish(false))
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
    socket.on('connect', () => void (say === undefined ? undefined : socket.write(say)))
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      if (heard.length >= expect.length) finish(heard.startsWith(expect))
    })
  })
}

/**
 * A budget of time for a machine with a core to spare, stretched as far as the machine is overloaded just now: a test of speed
 * must not fail because others are at work.
 */
export function budgetMs(quietMs: number): number {
  return quietMs * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism())
}
