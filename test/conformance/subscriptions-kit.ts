/** Subscriptions over the wire with the clients that people use: over web sockets and over server-sent events. */
import { createClient as createEventsClient } from 'graphql-sse'
import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { waitFor } from '../../src/testing/index.ts'

export interface Heard {
  /** `data` of each answer, or `{ errors }`. */
  readonly answers: unknown[]
  /** Resolves when the subscription is over: with what ended it. */
  readonly over: Promise<unknown>
  until(count: number): Promise<void>
  stop(): void
}

interface Operation {
  readonly query: string
  readonly variables?: Record<string, unknown>
}

interface Sink {
  next(answer: { readonly data?: unknown; readonly errors?: unknown }): void
  error(error: unknown): void
  complete(): void
}

/** A client of web sockets that does not try again, so that a test sees what ended it. */
export function socketClient(origin: string, token?: string, options: { readonly lazy?: boolean } = {}): Client {
  return createClient({
    url: `${origin.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
    ...options,
    ...(token !== undefined && { connectionParams: { authorization: `Bearer ${token}` } }),
  })
}

export function eventsClient(origin: string, token?: string) {
  return createEventsClient({
    url: `${origin}/graphql`,
    retryAttempts: 0,
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
  })
}

export type Transport = 'sockets' | 'events'

/** Subscribes; it is heard when the service has one watch more. */
export function subscribe(transport: Transport, origin: string, token: string | undefined, operation: Operation): Heard {
  const client = transport === 'sockets' ? socketClient(origin, token) : eventsClient(origin, token)
  return hear((sink) => client.subscribe(operation as never, sink as never))
}

export function hear(begin: (sink: Sink) => () => void): Heard {
  const answers: unknown[] = []
  let stop = (): void => undefined
  const over = new Promise<unknown>((resolve) => {
    stop = begin({
      next: ({ data, errors }) => answers.push(errors === undefined ? data : { errors }),
      error: resolve,
      complete: () => resolve('complete'),
    })
  })
  return {
    answers,
    over,
    async until(count) {
      await waitFor(`${count} answers`, () => answers.length >= count)
    },
    stop: () => stop(),
  }
}

/** What a watch counts as in the metrics of the service. */
export async function watchesOf(adminOrigin: string): Promise<number> {
  const text = await (await fetch(`${adminOrigin}/metrics`)).text()
  return Number(/^plinth_watches (\d+)$/m.exec(text)?.[1])
}

/** Returns when so many watch, each from a known place on: what is committed from now on is told to all of them. */
export async function untilWatching(adminOrigin: string, count: number): Promise<void> {
  await waitFor(`${count} watches`, async () => {
    const text = await (await fetch(`${adminOrigin}/metrics`)).text()
    return text.includes(`\nplinth_watches ${count}\n`) && text.includes('\nplinth_watches_starting 0\n')
  })
}
