/**
 * Sends requests from a thread of its own and says how long each took. In the thread of the service the clock would also run while the service
 * works on after its answer.
 */
import { Agent, request } from 'node:http'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

export interface TimedRequest {
  readonly url: string
  readonly body: string
  readonly address: string
}

export interface TimedAnswer {
  readonly status: number
  readonly tookMs: number
}

export interface Stopwatch {
  /** One request at a time. */
  time(order: TimedRequest): Promise<TimedAnswer>
  stop(): Promise<unknown>
}

export function startStopwatch(): Stopwatch {
  const worker = new Worker(new URL(import.meta.url))
  return {
    time: (order) =>
      new Promise((resolve, reject) => {
        worker.once('message', (answer: TimedAnswer | string) =>
          typeof answer === 'string' ? reject(new Error(answer)) : resolve(answer),
        )
        worker.postMessage(order)
      }),
    stop: () => worker.terminate(),
  }
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  port.on('message', ({ url, body, address }: TimedRequest) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-forwarded-for': address }
    const beganMs = performance.now()
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume()
      answer.on('end', () => port.postMessage({ status: answer.statusCode ?? 0, tookMs: performance.now() - beganMs }))
    })
    sent.on('error', (error) => port.postMessage(error.message))
    sent.end(body)
  })
}
