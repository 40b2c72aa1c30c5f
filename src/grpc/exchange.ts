/** How an exchange is run: the first message names its record, and those behind it go to the engine as they come. */
import type { Answer, ExchangeInput, OpenExchange, ResourceOperations } from '../engine/index.ts'
import { PlinthError } from '../kernel/index.ts'
import type { ExchangeCall, RunExchange } from './call.ts'
import type { ExchangeMessages } from './messages/read-exchange.ts'

/** @example exchangeRunner(exchangeMessages(method), engine.resource('room')) */
export function exchangeRunner(messages: ExchangeMessages, operations: ResourceOperations): RunExchange {
  return (call, packed) => {
    const opening = open(messages, operations, call, packed)
    // Whoever waits for it to be ready hears of it.
    opening.catch(() => undefined)
    return {
      ready: opening.then(({ ready }) => ready),
      [Symbol.asyncIterator]: () => writeAll(opening, messages.write),
    }
  }
}

async function open(
  { exchange, readOpening, readBehind }: ExchangeMessages,
  operations: ResourceOperations,
  { context, signal, pay }: ExchangeCall,
  packed: AsyncIterable<Uint8Array>,
): Promise<OpenExchange> {
  const requests = packed[Symbol.asyncIterator]()
  const first = await requests.next()
  if (first.done === true)
    throw new PlinthError('VALIDATION_BODY_MALFORMED', 'Cannot open the exchange: there is no message, expected one with its id')
  const { id, input } = readOpening(first.value)
  const messages = async function* (): ExchangeInput['messages'] {
    if (input !== undefined) {
      await pay()
      yield input
    }
    for await (const bytes of { [Symbol.asyncIterator]: () => requests }) {
      await pay()
      yield readBehind(bytes, id)
    }
  }
  return operations.exchange(context, { exchange, id, messages: messages() }, signal)
}

async function* writeAll(opening: Promise<OpenExchange>, write: (answer: Answer) => Uint8Array): AsyncGenerator<Uint8Array> {
  for await (const answer of await opening) yield write(answer)
}
