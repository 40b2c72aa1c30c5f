/**
 * GraphQL over server-sent events, one connection for each operation: `next` for each answer, `complete` at the end.
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode
 */
import type { OnceKey, WatchContext } from '../../engine/index.ts'
import type { EventStream, HttpReply } from '../../http/index.ts'
import type { ReadyOperation } from '../document/ready-operation.ts'
import type { Executor } from '../executor.ts'
import type { Subscriptions } from './subscriptions.ts'

const EVENT_STREAM_TYPE = 'text/event-stream'

/** Whether a client asks for events rather than for one answer. */
export function wantsEvents(accept: string | undefined): boolean {
  return accept?.split(',').some((range) => range.split(';')[0]?.trim().toLowerCase() === EVENT_STREAM_TYPE) === true
}

export interface EventsScope {
  readonly executor: Executor
  readonly subscriptions: Subscriptions
}

/**
 * Answers a ready operation as a stream. What is wrong before the first answer is thrown, to be answered as any other failure.
 *
 * @param onceKey for mutations: under which it is to happen once
 */
export async function serveEvents(
  scope: EventsScope,
  ready: ReadyOperation,
  context: WatchContext,
  reply: HttpReply,
  onceKey: OnceKey | undefined,
): Promise<void> {
  const { executor, subscriptions } = scope
  const abort = new AbortController()
  // Refusals have a status: they come before the stream is opened.
  const answers =
    ready.type === 'subscription'
      ? await subscriptions.run(ready, context, abort.signal, (cost) => reply.charge(cost))
      : [await runOnce(executor, ready, context, reply, onceKey)]
  const stream = openOr(reply, () => abort.abort())
  if (stream.signal.aborted) abort.abort()
  else stream.signal.addEventListener('abort', () => abort.abort())
  try {
    for await (const text of answers) await stream.send('next', text)
  } catch (thrown) {
    const error = reply.note(thrown)
    await stream.send('next', executor.renderRefusal([{ error }], context.requestId))
  }
  await stream.send('complete', '')
  stream.end()
}

/** @param giveUp ends what was begun for a stream that may not be opened */
function openOr(reply: HttpReply, giveUp: () => void): EventStream {
  try {
    return reply.openEvents()
  } catch (error) {
    giveUp()
    throw error
  }
}

async function runOnce(
  executor: Executor,
  ready: ReadyOperation,
  context: WatchContext,
  reply: HttpReply,
  onceKey: OnceKey | undefined,
): Promise<string> {
  const answer = await executor.run(ready, context, onceKey)
  for (const { error } of answer.errors) reply.note(error)
  return executor.render(answer, context.requestId)
}
