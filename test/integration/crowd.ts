/**
 * Callers in a thread of their own, each over a kept connection and each asking again as soon as it has its answer, or 0.2 s after it was refused: a server whose event
 * loop they fill does not slow them down. Meanwhile one more asks for `/healthz` now and then.
 */
import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, Worker, workerData } from 'node:worker_threads'

const CALLERS = 200
/** With it, two hundred callers who are refused ask a thousand times in a second. */
const REFUSED_WAIT_MS = 200

interface Order {
  readonly origin: string
  readonly path: string
  readonly ms: number
}

export interface Counted {
  /** How often each status came. */
  readonly statuses: Readonly<Record<number, number>>
  /** How long each look at the health took. */
  readonly healthMs: readonly number[]
}

/** Sends a crowd to a path of a server, and tells what became of it. */
export function sendCrowd(origin: string, path: string, ms: number): Promise<Counted> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { origin, path, ms } satisfies Order })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

async function runCrowd({ origin, path, ms }: Order): Promise<Counted> {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS + 1 })
  const endMs = performance.now() + ms
  const statuses: Record<number, number> = {}
  const healthMs: number[] = []
  const ask = (what: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const answered = get(origin + what, { agent }, (response) =>
        response.resume().on('end', () => resolve(response.statusCode ?? 0)),
      )
      answered.on('error', reject)
    })
  const call = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const status = await ask(path)
      statuses[status] = (statuses[status] ?? 0) + 1
      if (status === 503) await delay(REFUSED_WAIT_MS)
    }
  }
  const probe = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const sentAtMs = performance.now()
      await ask('/healthz')
      healthMs.push(performance.now() - sentAtMs)
      await delay(20)
    }
  }

  await Promise.all([probe(), ...Array.from({ length: CALLERS }, call)])
  agent.destroy()
  return { statuses, healthMs }
}

// In a thread that somebody else has started there is no order of ours.
if (typeof workerData?.path === 'string') parentPort?.postMessage(await runCrowd(workerData as Order))
